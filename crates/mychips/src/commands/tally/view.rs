//! How a tally is shown: in JSON, in a line of a list, on a page of its own.

use std::path::Path;

use protocol::record::Record;
use protocol::{ChipAddress, ContractId, Cuid, Hash, Settings, Side, TallyId, Timestamp, Units};
use serde::Serialize;
use site::{Claimed, Governing, KeyAsked, Promised, Summary, Whose};

use super::{Deciding, ListTallies, find};
use crate::failure::Failure;
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit::Visit;

/// A tally in JSON; amounts in milli-CHIPs.
#[derive(Serialize)]
pub(crate) struct Shown {
    tally: TallyId,
    holder: Cuid,
    side: Side,
    status: String,
    partner: Option<Partner>,
    /// Positive when the partner owes.
    balance: i128,
    /// The most that the holder may owe, by what both signed; before that by the wording.
    may_owe: Units,
    /// The most that the partner may owe.
    may_be_owed: Units,
    chits: u64,
    /// How many of them the partner is known to have.
    agreed: u64,
    contract: ContractId,
    memo: Option<String>,
    offer: Option<Offered>,
    /// After a restore: `partner` until that half has said what got lost here, then `device` until the
    /// holder's was heard.
    waits_for: Option<&'static str>,
    /// Whose key was ended: `holder`, `partner`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    key_ended: Vec<&'static str>,
    /// Requests for keys in the place of lost ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    key_asked: Vec<KeyAsked>,
    /// Lifts that are not decided, and what they have set aside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    promised: Vec<Promised>,
    /// Lifts that the site lost, and of which the user is asked whether it gave by them, or said that it did not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    claimed: Vec<Claimed>,
    changed: Timestamp,
}

#[derive(Serialize)]
struct Partner {
    user: Cuid,
    name: String,
    address: String,
}

/// The offer on the table.
#[derive(Serialize)]
struct Offered {
    /// `holder` or `partner`.
    by: &'static str,
    revision: u32,
    hash: Option<Hash>,
    expires: Option<Timestamp>,
    may_owe: Units,
    may_be_owed: Units,
}

#[derive(Serialize)]
struct Tallies {
    tallies: Vec<Shown>,
}

const fn whose(tally: &Summary, side: Side) -> &'static str {
    match (tally.side, side) {
        (Side::Stock, Side::Stock) | (Side::Foil, Side::Foil) => "holder",
        _ => "partner",
    }
}

/// What its users should know about the keys on a tally, in sentences.
pub(crate) fn key_notes(tally: &Summary) -> Vec<String> {
    let (user, mut notes) = (&tally.holder, Vec::new());
    for side in &tally.key_ended {
        notes.push(if *side == tally.side {
            "your key was ended: nothing of yours is taken until you have another one".to_owned()
        } else {
            "the partner's key was ended: it signs nothing until it has another one".to_owned()
        });
    }
    if tally.to_move {
        notes.push(format!(
            "this site has another agent than the one that the tally names: until you sign for it, the \
             partner's site hears nothing of it: mychips key agent --as {user}"
        ));
    }
    let theirs = tally.moved.iter().rev().find(|moved| moved.by != tally.side);
    if let Some(moved) = theirs {
        notes.push(format!(
            "the partner's site has another agent since {}: {}",
            say::minute(moved.date),
            moved.agent
        ));
    }
    for one in &tally.key_asked {
        let (own, asked) = (one.by == tally.side, say::minute(one.date));
        let named = tally.tally.to_string()[..8].to_owned();
        notes.push(match (own, one.from) {
            (true, Some(from)) => format!(
                "another key of yours takes effect from {} UTC on, with the partner's consent; if \
                 it was not you who asked: mychips key object {named} --as {user}",
                say::minute(from)
            ),
            (true, None) => format!(
                "another key of yours was asked for at {asked} UTC, and waits for the partner's \
                 consent; if it was not you who asked: mychips key object {named} --as {user}"
            ),
            (false, Some(from)) => format!(
                "the partner's new key takes effect from {} UTC on; you have consented",
                say::minute(from)
            ),
            (false, None) => format!(
                "the partner says that its key is lost, and asked for another one at {asked} UTC; \
                 make sure that it is the partner who asks, then: mychips key consent {named} --as \
                 {user}"
            ),
        });
    }
    notes
}

pub(crate) fn shown(tally: &Summary) -> Shown {
    let wording = (tally.draft.partner.limit(), tally.draft.holder.limit());
    let (may_owe, may_be_owed) = tally.signed.as_ref().map_or(wording, |signed| {
        let half = signed.half(tally.side);
        (half.holder_may_owe(), half.partner_may_owe())
    });
    let (agree, memo) = tally.signed.as_ref().map_or_else(
        || (&tally.draft.agree, tally.draft.memo.as_ref()),
        |signed| (&signed.members().agree, signed.members().memo.as_ref()),
    );
    let offer = tally.offer.as_ref().map(|(offer, by)| {
        let half = offer.half(tally.side);
        Offered {
            by: if *by == tally.side { "holder" } else { "partner" },
            revision: offer.members().revision.get(),
            hash: offer.hash().ok(),
            expires: offer.members().expires,
            may_owe: half.holder_may_owe(),
            may_be_owed: half.partner_may_owe(),
        }
    });
    Shown {
        tally: tally.tally,
        holder: tally.holder.clone(),
        side: tally.side,
        status: tally.status.clone(),
        partner: tally.partner.as_ref().map(|partner| Partner {
            user: partner.chad.cuid.clone(),
            name: partner.name.first().map(ToString::to_string).unwrap_or_default(),
            address: address(tally, &partner.chad),
        }),
        balance: tally.balance_milli,
        may_owe,
        may_be_owed,
        chits: tally.chits,
        agreed: tally.agreed,
        contract: agree.rid,
        memo: memo.map(ToString::to_string),
        offer,
        waits_for: waits_for(tally),
        key_ended: tally.key_ended.iter().map(|side| whose(tally, *side)).collect(),
        key_asked: tally.key_asked.clone(),
        promised: tally.promised.clone(),
        claimed: tally.claimed.clone(),
        changed: tally.changed,
    }
}

/// Where the partner is now.
fn address(tally: &Summary, chad: &ChipAddress) -> String {
    let agent = tally.agents.map_or(chad.agent, |agents| *agents.of(tally.side.other()));
    ChipAddress { agent, ..chad.clone() }.short()
}

fn waits_for(tally: &Summary) -> Option<&'static str> {
    if tally.waiting.partner.is_some() {
        Some("partner")
    } else {
        tally.waiting.device.then_some("device")
    }
}

/// What it means that a tally waits, for whoever looks at it.
fn why_it_waits(word: &str) -> &'static str {
    if word == "partner" {
        "this site was restored from a backup; the partner's has yet to say what got lost here"
    } else {
        "this site was restored from a backup; no lifts before your device was heard"
    }
}

impl Shown {
    /// The lines that follow what was done.
    pub(crate) fn terms(&self) -> String {
        let mut lines = vec![
            ("tally", self.tally.to_string()),
            ("status", self.status.clone()),
            ("limits", limits(self.may_owe, self.may_be_owed)),
        ];
        if let Some(offer) = &self.offer {
            lines.push(("offer", offer.words()));
        }
        say::sheet(&lines).trim_end().to_owned()
    }
}

impl Offered {
    fn words(&self) -> String {
        let by = if self.by == "holder" { "yours" } else { "the partner's" };
        let until = self.expires.map(|at| format!(", until {}", say::minute(at)));
        let limits = limits(self.may_owe, self.may_be_owed);
        format!("{by}, revision {}: {limits}{}", self.revision, until.unwrap_or_default())
    }
}

fn limits(may_owe: Units, may_be_owed: Units) -> String {
    format!("you may owe {}, you may be owed {}", say::units(may_owe), say::units(may_be_owed))
}

pub(super) fn list(flags: &ListTallies, data: &Path) -> Result<(), Failure> {
    let visit = Visit::enter(data)?;
    let user = &flags.who.user;
    let tallies = find::all(&visit, user)?;
    if flags.place.json {
        return say::json(&Tallies { tallies: tallies.iter().map(shown).collect() });
    }
    if tallies.is_empty() {
        return say::text(&format!(
            "{user} has no tallies yet: mychips tally invite --as {user} --limit CHIPS"
        ));
    }
    let mut table = Table::new(&[
        ("Tally", Set::Whole),
        ("Partner", Set::Left),
        ("Status", Set::Whole),
        ("Balance", Set::Right),
        ("May owe", Set::Right),
        ("May be owed", Set::Right),
        ("Chits", Set::Right),
    ]);
    let mut sum = 0;
    for tally in &tallies {
        let view = shown(tally);
        sum += tally.balance_milli;
        table.row([
            view.tally.to_string()[..8].to_owned(),
            say::partner_name(tally),
            if view.waits_for == Some("partner") { view.status + ", waits" } else { view.status },
            say::amount(tally.balance_milli),
            say::units(view.may_owe),
            say::units(view.may_be_owed),
            tally.chits.to_string(),
        ]);
    }
    let sum = match sum {
        0 => "owes and is owed the same".to_owned(),
        1.. => format!("is owed {} in all", say::amount(sum)),
        _ => format!("owes {} in all", say::amount(-sum)),
    };
    let mut text = format!("{}\n{user} {sum}", table.render(&Look::of_stdout()));
    for tally in &tallies {
        for note in key_notes(tally) {
            text += &format!("\n{}: {note}", say::partner_name(tally));
        }
    }
    say::text(&text)
}

pub(super) fn show(flags: &Deciding, data: &Path) -> Result<(), Failure> {
    let visit = Visit::enter(data)?;
    let tally = find(&visit, &flags.who.user, &flags.tally)?;
    let governing = if tally.signed.is_some() {
        Some(visit.governing(&tally.holder, tally.tally)?)
    } else {
        None
    };
    let view = shown(&tally);
    if flags.place.json {
        #[derive(Serialize)]
        struct WithSettings {
            #[serde(flatten)]
            tally: Shown,
            settings: Option<Settings>,
            partner_settings: Option<Settings>,
        }
        let settings = governing.map(|now| now.holder.settings);
        let partner_settings = governing.map(|now| now.partner.settings);
        return say::json(&WithSettings { tally: view, settings, partner_settings });
    }
    say::text(&page(&tally, &view, governing.as_ref()))
}

fn page(tally: &Summary, view: &Shown, governing: Option<&Governing>) -> String {
    let partner = say::partner_name(tally);
    let mut lines = vec![
        ("Tally", tally.tally.to_string()),
        ("Partner", partner.clone()),
        ("Your side", tally.side.to_string()),
        ("Status", tally.status.clone()),
        ("Limits", limits(view.may_owe, view.may_be_owed)),
        ("Contract", view.contract.to_string()),
    ];
    lines.extend(view.memo.clone().map(|memo| ("Memo", memo)));
    lines.extend(view.offer.as_ref().map(|offer| ("Offer", offer.words())));
    if let Some(now) = governing {
        lines.push(("Balance", say::standing(&partner, tally.balance_milli)));
        lines.push(("Chits", format!("{}, {} of them agreed", tally.chits, tally.agreed)));
        lines.push(("Your settings", settings(&now.holder.settings)));
        lines.push(("Partner's", settings(&now.partner.settings)));
    }
    lines.extend(view.waits_for.map(|word| ("Waits", why_it_waits(word).to_owned())));
    lines.extend(key_notes(tally).into_iter().map(|note| ("Keys", note)));
    lines.extend(tally.promised.iter().map(|one| ("Locked", locked(tally, one))));
    let label = |one: &Claimed| if one.denied { "Denied" } else { "Asked" };
    lines.extend(tally.claimed.iter().map(|one| (label(one), asked(tally, one))));
    lines.push(("Changed", say::minute(tally.changed)));
    say::sheet(&lines)
}

/// What a lift means here of which its giver is asked, or was and said no.
fn asked(tally: &Summary, one: &Claimed) -> String {
    let lift: String = one.lift.to_string().chars().take(8).collect();
    let (user, units) = (&tally.holder, say::units(one.units));
    let gives = format!("mychips lift give {lift} --as {user} --tally {}", tally.tally);
    match one.denied {
        false => format!("whether you gave {units} by lift {lift}: {gives}"),
        true => format!("that you gave {units} by lift {lift}; if you did: {gives} --sure {units}"),
    }
}

/// What a lift that is not decided means here.
fn locked(tally: &Summary, one: &Promised) -> String {
    let lift: String = one.lift.to_string().chars().take(8).collect();
    let amount = one.effect.map_or_else(|| "nothing".to_owned(), say::units);
    let user = &tally.holder;
    match one.freed_by[..] {
        [] => format!("{amount}, until lift {lift} is decided"),
        [Whose::Holder] => {
            format!("{amount} for lift {lift}; free once the partner has signed it too")
        }
        [Whose::Partner] => format!(
            "{amount} for lift {lift}; the partner has signed that it is free: mychips lift free {lift} --as {user}"
        ),
        _ => format!(
            "nothing for lift {lift}, which is not decided: both have signed that it is free"
        ),
    }
}

fn settings(settings: &Settings) -> String {
    format!(
        "target {}, bound {}, reward {}, clutch {}",
        say::units(settings.target()),
        say::units(settings.bound()),
        settings.reward(),
        settings.clutch()
    )
}
