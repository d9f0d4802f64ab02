//! `mychips key lost`: a new key in the place of one that is lost, asked for and, in time, claimed.

use protocol::chit::{Entry, Lost as Request, Wait, Written};
use protocol::ledger::Rekeying;
use protocol::{Cuid, Hash, SecretKey, Signer, TallyId, Timestamp};
use serde::Serialize;
use site::{Clock, KeyAsked, Summary};

use super::{Lost, sign};
use crate::commands::tally;
use crate::failure::Failure;
use crate::keys::Keys;
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit::{self, Visit};
use crate::world::World;

#[derive(Serialize)]
struct Asked {
    user: Cuid,
    file: String,
    finished: bool,
    tallies: Vec<One>,
}

/// How it stands on a tally.
#[derive(Serialize)]
struct One {
    tally: TallyId,
    partner: String,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Done,
    OnItsWay,
    Asked,
    Consented,
    Over,
    Waits,
}

pub(super) fn run(flags: &Lost) -> Result<(), Failure> {
    let data = visit::data(flags.place.data.as_deref())?;
    let keys = Keys::at(flags.keys.keys.as_deref(), &data)?;
    let visit = Visit::enter_with(&data, &keys)?;
    let user = &flags.who.user;
    let cert = visit.user(user)?.cert;
    let key = match keys.of(user) {
        Err(failure) if failure.is("no_key") => keys.make(user)?,
        found => found?,
    };
    let file = keys.file(user).display().to_string();
    if cert.is_none_or(|cert| cert.public != key.public_key()) {
        return Err(Failure::refused(
            "not_readmitted",
            format!(
                "{file} is not the key in {user}'s cert at the site: an administrator who knows \
                 {user} gives it another one with mychips user readmit {user}; then give this \
                 command again"
            ),
        ));
    }
    let halves = match &flags.tally {
        Some(named) => vec![tally::find(&visit, user, named)?],
        None => tally::all(&visit, user)?,
    };
    sign::moved_first(&halves)?;
    let wait = Wait::try_from(flags.wait).map_err(|error| Failure::misused(error.to_string()))?;
    let asking = Asking { visit: &visit, key: &key, wait, again: flags.again };
    let mut tallies = Vec::new();
    for half in halves.iter().filter(|half| sign::is_open(half)) {
        tallies.push(asking.go_on(half)?);
    }
    let finished = tallies.iter().all(|one| matches!(one.state, State::Done | State::OnItsWay));
    let asked = Asked { user: user.clone(), file, finished, tallies };
    say::either(flags.place.json, &asked, || page(&asked))
}

/// What is asked for on each tally.
struct Asking<'a> {
    visit: &'a Visit,
    key: &'a SecretKey,
    wait: Wait,
    again: bool,
}

impl Asking<'_> {
    /// One tally, as far as it goes now.
    fn go_on(&self, half: &Summary) -> Result<One, Failure> {
        let mut reason = None;
        if !self.is_done(half) {
            let step = match self.open(half) {
                Some(request) if request.from.is_some_and(|from| from <= World.now()) => {
                    self.claim(half, request.request)
                }
                Some(_) => Ok(()),
                None if self.was_asked(half)? && !self.again => Ok(()),
                None => self.ask(half),
            };
            reason = step.err().map(|failure| failure.text().to_owned());
        }
        let now = self.visit.tally(&half.holder, half.tally)?;
        let open = self.open(&now);
        let state = match open {
            _ if reason.is_some() => State::Waits,
            _ if self.is_done(&now) && now.agreed < now.chits => State::OnItsWay,
            _ if self.is_done(&now) => State::Done,
            None => State::Over,
            Some(request) if request.consented.is_some() => State::Consented,
            Some(_) => State::Asked,
        };
        let from = open.filter(|_| state == State::Consented).and_then(|open| open.from);
        let (tally, partner) = (half.tally, say::partner_name(half));
        Ok(One { tally, partner, state, from, reason })
    }

    fn is_done(&self, half: &Summary) -> bool {
        half.key.is_some_and(|signing| signing.public == self.key.public_key())
    }

    /// The open request for this key; the one that the partner consented to, if to any.
    fn open(&self, half: &Summary) -> Option<KeyAsked> {
        let own = |one: &&KeyAsked| one.by == half.side && one.public == self.key.public_key();
        let open = half.key_asked.iter().filter(own);
        open.max_by_key(|one| (one.consented.is_some(), one.date)).copied()
    }

    /// Whether this key was asked for before; as it is not open, that is over.
    fn was_asked(&self, half: &Summary) -> Result<bool, Failure> {
        let history = self.visit.history(&half.holder, half.tally)?;
        let ours = |entry: &Entry| matches!(entry, Entry::Lost { lost, .. } if lost.public == self.key.public_key());
        Ok(history.iter().any(|entry| ours(&entry.link.chit.entry)))
    }

    fn ask(&self, half: &Summary) -> Result<(), Failure> {
        let Rekeying { counter, head, .. } = self.visit.to_rekey(&half.holder, half.tally)?;
        let lost = Request { counter, head, public: self.key.public_key(), wait: self.wait };
        let entry = Entry::Lost { lost: Box::new(lost), written: Written::default() };
        sign::hand_in(self.visit, half, sign::chit(half, entry, self.key)?)
    }

    fn claim(&self, half: &Summary, request: Hash) -> Result<(), Failure> {
        let entry = Entry::Claim { request, witness: None, written: Written::default() };
        sign::hand_in(self.visit, half, sign::chit(half, entry, self.key)?)
    }
}

fn page(asked: &Asked) -> String {
    let user = &asked.user;
    let mut text = if asked.finished {
        format!("{user} signs with its new key now.\nkey  {}\n", asked.file)
    } else {
        format!(
            "The new key is not in force on all tallies yet; see how it goes, and claim it, with\n  \
             mychips key lost --as {user}\nkey  {}\n",
            asked.file
        )
    };
    if asked.tallies.is_empty() {
        return text + "\nNo open tallies.";
    }
    let mut table =
        Table::new(&[("Partner", Set::Left), ("Tally", Set::Whole), ("State", Set::Whole)]);
    for one in &asked.tallies {
        let state = match (one.state, one.from) {
            (State::Done, _) => "new key".to_owned(),
            (State::OnItsWay, _) => "new key, on its way to the partner".to_owned(),
            (State::Asked, _) => "asked: the partner has to consent".to_owned(),
            (State::Consented, Some(from)) => format!("consented: from {}", sign::from(from)),
            (State::Consented, None) => "consented".to_owned(),
            (State::Over, _) => "over: objected to, or overtaken".to_owned(),
            (State::Waits, _) => "waits".to_owned(),
        };
        let [partner, tally] = sign::named(&one.partner, one.tally);
        table.row([partner, tally, state]);
    }
    text.push('\n');
    text += &table.render(&Look::of_stdout());
    for one in &asked.tallies {
        if let Some(reason) = &one.reason {
            text += &format!("\n{}: {reason}", one.partner);
        }
    }
    text
}
