//! `mychips town`: the sample town, alive on a site of its own. Who lives there and what they buy is
//! in `sim`; what is seen of it in `page.rs`.

mod page;
mod screen;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::Post;
use clap::Args;
use fastrand::Rng;
use protocol::ChitId;
use protocol::tally::Agree;
use sim::{Deal, Market};
use site::{Answer, Caller, Clock, Command, CommandId, Found, MAX_ROWS, Query, Site};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::serve::{self, told};
use crate::config::Config;
use crate::contracts;
use crate::failure::Failure;
use crate::home::Home;
use crate::keys::Keys;
use crate::progress::Progress;
use crate::visit::Visit;
use crate::world::{self, World};
use page::{News, Scene};
use screen::Screen;

/// The sample world.
const PEOPLE: &str = include_str!("../../../../../samples/quernby/people.csv");
const DEBTS: &str = include_str!("../../../../../samples/quernby/debts.csv");
const NAME: &str = "Quernby";

/// What lies in the town's folder: the site, and its users' keys apart from it.
const SITE: &str = "site";
const KEYS: &str = "keys-of-invented-people";

/// What the folder of keys says about itself.
const ABOUT_KEYS: &str = "\
These are the signing keys of the invented people of the sample town (mychips town).
They are worth nothing, and nobody should ever be paid by them. A real user's key lies on
that user's own devices and nowhere else.
";

/// Watch a sample town live on a site of its own: trade, and clear its debts.
///
/// 48 neighbours with tallies between them buy from each other, a few times a second; each purchase is a
/// chit that the buyer signs. Now and then a lift clears as much of their debts as can be cleared.
/// It is a real site, served on this machine: look at it from another terminal while it lives.
/// Ctrl-C ends it; a second start goes on where it stopped.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Files:
  DIR/site                      the site's data directory, for --data
  DIR/keys-of-invented-people   its users' keys, for --keys

Exit codes:
  0  ended as it was told    1  refused    2  wrong usage
  3  the folder cannot be written, or a town lives there already

Examples:
  mychips town
  mychips town /tmp/quernby --pace 20 --clear-every 5
  mychips status --data quernby/site
  mychips tally list --as hearth --data quernby/site
  mychips lift list --data quernby/site")]
pub(crate) struct Town {
    /// The folder that the town lives in; made where there is none
    #[arg(value_name = "DIR", default_value = "quernby")]
    folder: PathBuf,
    /// How many purchases a second
    #[arg(long, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=100))]
    pace: u64,
    /// Clear after so many seconds, again and again
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    clear_every: u64,
    /// End by itself after so many purchases
    #[arg(long, value_name = "N")]
    purchases: Option<u64>,
    /// The port on 127.0.0.1 that the site is served on; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
}

pub(crate) fn run(flags: &Town) -> Result<(), Failure> {
    let market =
        Market::read(PEOPLE, DEBTS).map_err(|e| Failure::refused("town", e.to_string()))?;
    let data = flags.folder.join(SITE);
    let keys = keys(&flags.folder, &data)?;
    if !data.join(crate::config::FILE).exists() {
        drop(Visit::found(&data, None)?);
    }
    let home = Home::enter(&data)?;
    let config = Config::of(&data, &[("http.port", flags.port.to_string())])?;
    serve::runtime()?.block_on(serve::with(&home, &config, |ready, site, post, ended| {
        live(flags, market, keys, ready, site, post, ended)
    }))
}

/// The town's keys, in a folder that says what it is.
fn keys(folder: &Path, data: &Path) -> Result<Keys, Failure> {
    let folder = folder.join(KEYS);
    let keys = Keys::at(Some(&folder), data)?;
    let about = folder.join("README.txt");
    let write = || {
        fs::create_dir_all(&folder)?;
        if about.exists() { Ok(()) } else { fs::write(&about, ABOUT_KEYS) }
    };
    write().map_err(|error| Failure::io("cannot write", &about, &error))?;
    Ok(keys)
}

/// The town's life, from moving in until it is told to end.
async fn live(
    flags: &Town,
    market: Market,
    keys: Keys,
    ready: serve::Ready,
    site: Site,
    post: Arc<Post>,
    ended: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let agree = contracts::own().next().as_ref().and_then(Agree::to);
    let agree = agree.ok_or_else(|| Failure::refused("contract", "no contract to agree to"))?;
    let key_of = |user: &_| {
        let key = if keys.file(user).exists() { keys.of(user) } else { keys.make(user) };
        key.map_err(|failure| failure.text().to_owned())
    };
    let moving = Progress::new();
    let watch = |done: usize, of| {
        let before = if done == 1 { 0 } else { done };
        moving.count("the town moves in", before, of);
    };
    let settled = sim::Town::settle(&site, market, &agree, key_of, watch);
    let mut town = tokio::select! {
        () = told(ended.clone()) => return Ok(()),
        town = settled => town.map_err(refused)?,
    };
    drop(moving);
    let mut scene = Scene::new(NAME, town.market().neighbours().len(), town.tallies());
    scene.hints = hints(&flags.folder, &ready);
    remember(&site, &mut scene).await?;
    let mut screen = Screen::new();
    let mut dice = Rng::with_seed(seed()?);
    let mut tick = interval(Duration::from_millis(1_000 / flags.pace));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut cleared = Instant::now();
    loop {
        screen.show(&scene)?;
        tokio::select! {
            () = told(ended.clone()) => break,
            _ = tick.tick() => {}
        }
        buy(&site, &post, &mut town, &mut scene, &mut screen, &mut dice).await?;
        if cleared.elapsed() >= Duration::from_secs(flags.clear_every) {
            clear(&site, &post, &mut scene, &mut screen).await?;
            cleared = Instant::now();
        }
        scene.read(owed(&site).await?);
        if flags.purchases.is_some_and(|purchases| scene.purchases >= purchases) {
            break;
        }
    }
    screen.end(&scene)
}

fn hints(folder: &Path, ready: &serve::Ready) -> Vec<String> {
    let data = folder.join(SITE);
    let data = data.display();
    // As this one was called: it need not be on the PATH.
    let mychips = std::env::args().next().unwrap_or_else(|| "mychips".to_owned());
    vec![
        format!("served at http://{}; in another terminal:", ready.address),
        format!("{mychips} status --data {data}"),
        format!("{mychips} tally list --as hearth --data {data}"),
        format!("{mychips} lift list --data {data}"),
        "Ctrl-C ends it; the next start goes on from here".to_owned(),
    ]
}

/// What earlier lives of the town cleared.
async fn remember(site: &Site, scene: &mut Scene) -> Result<(), Failure> {
    let mut before = None;
    loop {
        let query = Query::Lifts { user: None, before, limit: MAX_ROWS };
        let Found::Lifts(page) = site.query(&Caller::Administrator, query).await? else { break };
        let Some(last) = page.last() else { break };
        before = Some(last.lift);
        scene.lifts += page.len() as u64;
        scene.cleared_milli += page.iter().map(|lift| lift.moved).sum::<i128>();
    }
    scene.read(owed(site).await?);
    Ok(())
}

/// What is owed in all, in milli-CHIPs.
async fn owed(site: &Site) -> Result<i128, Failure> {
    let found = site.query(&Caller::Administrator, Query::Status).await?;
    Ok(if let Found::Status(status) = found { status.owed } else { 0 })
}

async fn buy(
    site: &Site,
    post: &Post,
    town: &mut sim::Town,
    scene: &mut Scene,
    screen: &mut Screen,
    dice: &mut Rng,
) -> Result<(), Failure> {
    let purchase = town.next(dice);
    let random = world::random_16().map_err(|error| Failure::no_chance(&error))?;
    let deal = town.buy(site, &purchase, ChitId::random(random), World.now()).await;
    let deal = deal.map_err(refused)?;
    post.wake();
    let market = town.market();
    let Some(habit) = market.habit(purchase.habit) else { return Ok(()) };
    let name = |place: usize| market.neighbours().get(place).map(|n| n.name.clone());
    let (buyer, seller) =
        (name(habit.buyer).unwrap_or_default(), name(habit.seller).unwrap_or_default());
    let (what, units) = (habit.what.clone(), purchase.units);
    match deal {
        Deal::Done => screen.tell(scene, News::Bought { buyer, seller, what, units }),
        Deal::OverLimit => screen.tell(scene, News::Wished { buyer, seller, what, units }),
        Deal::Shut => Ok(()),
    }
}

async fn clear(
    site: &Site,
    post: &Post,
    scene: &mut Scene,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let random = world::random_16().map_err(|error| Failure::no_chance(&error))?;
    let name = format!("town-{}", ChitId::random(random));
    let Some(id) = CommandId::new(&name) else { return Ok(()) };
    // What is still on its way between two halves is not seen as owed by either.
    post.deliver().await?;
    let answer = site.command(&Caller::Administrator, &id, Command::Clear).await?;
    post.deliver().await?;
    match answer {
        Answer::Cleared(cleared) if cleared.lift.is_some() => {
            let (milli, of_milli, tallies) = (cleared.cleared, cleared.total_debt, cleared.tallies);
            screen.tell(scene, News::Lifted { milli, of_milli, tallies })
        }
        _ => Ok(()),
    }
}

fn seed() -> Result<u64, Failure> {
    let random = world::random_16().map_err(|error| Failure::no_chance(&error))?;
    Ok(u64::from_be_bytes([
        random[0], random[1], random[2], random[3], random[4], random[5], random[6], random[7],
    ]))
}

fn refused(error: sim::TownError) -> Failure {
    match error {
        sim::TownError::Site(error) => error.into(),
        error => Failure::refused("town", error.to_string()),
    }
}
