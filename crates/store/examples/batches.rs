//! How fast a store keeps chits: `cargo run --release -p store --example batches --features testing
//! [sqlite|postgres|memory] [chits]`.
//!
//! A thousand tallies with both halves here; batches of a hundred chits in one transaction each, as
//! a site commits them: locked halves, changed halves, links, answers and events.
#![expect(clippy::print_stdout, reason = "it prints its measure")]

use std::time::Instant;

use protocol::{ChitId, Hash, Side, TallyId, Timestamp, Units};
use store::testing::Cluster;
use store::{
    CommandResult, Half, HalfRow, LinkRow, NewEvent, NewHalf, Store, User, UserKind, UserStatus,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const TALLIES: u64 = 1000;
const BATCH: u64 = 100;

fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let kind = words.next().unwrap_or_else(|| "sqlite".to_owned());
    let chits = words.next().map_or(Ok(50_000), |word| word.parse::<u64>())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(&kind, chits))
}

async fn run(kind: &str, chits: u64) -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(".")?;
    let store = match kind {
        "memory" => Store::memory(),
        "postgres" => Store::postgres(&Cluster::shared()?.database().await?).await?,
        _ => Store::sqlite(&folder.path().join("store.db")).await?,
    };
    let tallies = set_up(&store).await?;
    let started = Instant::now();
    for batch in 0..chits / BATCH {
        let chosen: Vec<_> = (0..BATCH)
            .filter_map(|at| tallies.get(usize::try_from((batch * BATCH + at * 7) % TALLIES).ok()?))
            .copied()
            .collect();
        keep(&store, &chosen, batch).await?;
    }
    let seconds = started.elapsed().as_secs_f64();
    let totals = store.read().await?.totals().await?;
    println!("{kind}: {} chits in {seconds:.2} s", totals.links / 2);
    println!("{kind}: {:.0} chits a second", f64::from(u32::try_from(totals.links / 2)?) / seconds);
    Ok(())
}

fn bytes(number: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    bytes
}

async fn set_up(store: &Store) -> Result<Vec<TallyId>, Failure> {
    let at = Timestamp::from_ms(0)?;
    let row = HalfRow {
        partner: Some("p".repeat(60)),
        status: "open".to_owned(),
        ledger: Some("s".repeat(900)),
        balance: 0,
        partner_may_owe: Units::MAX,
        holder_may_owe: Units::MAX,
        head_index: 0,
        head_hash: None,
        changed: at,
        restored: store::Restored::default(),
    };
    let mut tx = store.begin().await?;
    let mut tallies = Vec::new();
    let (mut users, mut halves) = (Vec::new(), Vec::new());
    for number in 0..TALLIES {
        let tally = TallyId::random(bytes(number));
        tallies.push(tally);
        for side in Side::BOTH {
            let holder: protocol::Cuid = format!("{side}{number}").parse()?;
            users.push(User {
                cuid: holder.clone(),
                kind: UserKind::Person,
                name: holder.to_string(),
                cert: None,
                key: None,
                status: UserStatus::Active,
                created: at,
                groups: [].into(),
            });
            halves.push(NewHalf {
                holder,
                tally,
                side,
                row: row.clone(),
                negotiation: "n".repeat(3500),
            });
        }
    }
    tx.add_users(&users).await?;
    tx.add_halves(&halves).await?;
    tx.commit().await?;
    Ok(tallies)
}

async fn keep(store: &Store, tallies: &[TallyId], batch: u64) -> Result<(), Failure> {
    let mut tx = store.begin().await?;
    let ids: Vec<_> = (0..BATCH).map(|at| format!("command {batch} {at}")).collect();
    tx.results(&ids).await?;
    let mut halves = tx.lock_tallies(tallies).await?;
    let links: Vec<_> = halves.iter_mut().map(link).collect();
    let names: Vec<_> = links.iter().map(|link| (link.half, link.uuid)).collect();
    tx.links_by_uuid(&names).await?;
    tx.put_halves(&halves).await?;
    tx.append(&links).await?;
    let at = Timestamp::from_ms(0)?;
    let answer = |id: String| CommandResult { id, text: "{\"ok\":true}".to_owned(), at };
    tx.add_results(&ids.into_iter().map(answer).collect::<Vec<_>>()).await?;
    tx.tell(halves.iter().map(|half| NewEvent {
        user: Some(half.holder.clone()),
        kind: "chit".to_owned(),
        text: "{\"half\":1,\"units\":1000}".to_owned(),
        at,
    }));
    tx.commit().await?;
    Ok(())
}

fn link(half: &mut Half) -> LinkRow {
    let effect = Units::new(if half.side == Side::Stock { 1000 } else { -1000 });
    let effect = effect.unwrap_or_default();
    half.row.balance += i128::from(effect.milli());
    half.row.head_index += 1;
    let index = half.row.head_index;
    let name = format!("{} {} {index}", half.tally, half.side);
    let link = Hash::of(name.as_bytes());
    half.row.head_hash = Some(link);
    let mut uuid = *half.tally.as_bytes();
    uuid[8..].copy_from_slice(&index.to_be_bytes());
    LinkRow {
        half: half.id,
        index,
        link,
        chit: Hash::of(link.as_bytes()),
        uuid: ChitId::random(uuid),
        by: Side::Foil,
        kind: "tran".to_owned(),
        effect,
        date: half.row.changed,
        text: "c".repeat(600),
    }
}
