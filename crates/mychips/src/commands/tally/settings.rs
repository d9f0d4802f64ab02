//! Trading variables, and the wish to close: both are signed `set` chits.

use std::path::Path;

use protocol::chit::{Chit, Entry, Set, Written};
use protocol::{ChitId, Settings};
use site::{Clock, Governing, Summary, Wish};

use super::decide::{told, wish};
use super::{Close, SetFlags, find};
use crate::failure::Failure;
use crate::keys::Keys;
use crate::visit::Visit;
use crate::world::{self, World};

pub(super) fn set(flags: &SetFlags, data: &Path) -> Result<(), Failure> {
    let keys = Keys::at(flags.keys.keys.as_deref(), data)?;
    let visit = Visit::enter_with(data, &keys)?;
    let half = find(&visit, &flags.who.user, &flags.tally)?;
    let governing = visit.governing(&half.holder, half.tally)?;
    let now = governing.holder.settings;
    let values = &flags.values;
    let settings = Settings::new(
        values.target.unwrap_or(now.target()),
        values.bound.unwrap_or(now.bound()),
        values.reward.unwrap_or(now.reward()),
        values.clutch.unwrap_or(now.clutch()),
    );
    let settings = settings.map_err(|error| Failure::refused("settings", error.to_string()))?;
    let closing = governing.set.is_some_and(|set| set.close);
    write(&visit, &half, &governing, settings, closing, &keys)?;
    told(&visit, &half, flags.place.json, |partner| {
        format!("Your settings for the tally with {partner} are signed")
    })
}

pub(super) fn close(flags: &Close, data: &Path) -> Result<(), Failure> {
    let keys = Keys::at(flags.keys.keys.as_deref(), data)?;
    let visit = Visit::enter_with(data, &keys)?;
    let half = find(&visit, &flags.who.user, &flags.tally)?;
    let governing = visit.governing(&half.holder, half.tally)?;
    if governing.set.is_some_and(|set| set.close) != flags.undo {
        let text = if flags.undo {
            "you have not asked to close this tally: there is nothing to take back"
        } else {
            "you have asked to close this tally already"
        };
        return Err(Failure::refused("not_now", text));
    }
    let settings = governing.holder.settings;
    write(&visit, &half, &governing, settings, !flags.undo, &keys)?;
    told(&visit, &half, flags.place.json, |partner| {
        if flags.undo {
            format!("You no longer ask to close the tally with {partner}")
        } else {
            format!("You asked to close the tally with {partner}")
        }
    })
}

fn write(
    visit: &Visit,
    half: &Summary,
    governing: &Governing,
    settings: Settings,
    close: bool,
    keys: &Keys,
) -> Result<(), Failure> {
    let counter = governing.next_counter.ok_or_else(|| {
        Failure::refused("stale_settings", "these settings were changed 4294967295 times: no more")
    })?;
    let random = world::random_16().map_err(|error| Failure::no_chance(&error))?;
    let owe = governing.set.and_then(|set| set.owe);
    let chit = Chit {
        uuid: ChitId::random(random),
        tally: half.tally,
        by: half.side,
        date: World.now(),
        entry: Entry::Set {
            set: Set { settings, counter, owe, close },
            written: Written::default(),
        },
    };
    let signing = super::signing(half)?;
    let key = keys.for_tally(&half.holder, &signing.public)?;
    let chit = chit
        .with_key(signing.name)
        .signed(&key)
        .map_err(|e| Failure::refused("signature", e.to_string()))?;
    wish(visit, half, Wish::Write { chit: Box::new(chit), over_limit: false })
}
