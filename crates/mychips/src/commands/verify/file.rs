//! An exported tally or user, checked without any site.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use protocol::chit::Entry;
use protocol::export::{
    Checked, ExportFault, MAX_EXPORT_BYTES, TALLY_KIND, TallyExport, USER_KIND, UserExport,
};
use protocol::{AgentId, ChitId, TallyId, Timestamp};
use serde::{Deserialize, Serialize};

use super::proof;
use crate::failure::Failure;
use crate::say;

/// An exported file.
pub(in crate::commands) enum Export {
    Tally(Box<TallyExport>),
    User(Box<UserExport>),
}

#[derive(Deserialize)]
struct Kind {
    kind: String,
}

/// How much of a file is proved.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum What {
    All,
    Some,
    Tallies,
    Cert,
}

#[derive(Serialize)]
struct Proved {
    kind: &'static str,
    proved: What,
    date: Timestamp,
    agent: AgentId,
    tallies: Vec<Seen>,
}

#[derive(Serialize)]
struct Seen {
    tally: TallyId,
    holder: String,
    partner: String,
    status: &'static str,
    balance: i128,
    chits: u64,
    lifts: u64,
    contract: bool,
    word: bool,
    unproved: Vec<ChitId>,
    #[serde(skip)]
    words: String,
}

impl Export {
    /// What a file holds; nothing of it is checked.
    pub(in crate::commands) fn read(path: &Path) -> Result<Self, Failure> {
        Self::of(&text_of(path)?, path)
    }

    fn of(text: &[u8], path: &Path) -> Result<Self, Failure> {
        // What names no kind names its fault below.
        let user = kind_of(text).is_some_and(|kind| kind == USER_KIND);
        let read = if user {
            UserExport::read(text).map(|user| Self::User(Box::new(user)))
        } else {
            TallyExport::read(text).map(|tally| Self::Tally(Box::new(tally)))
        };
        read.map_err(|fault| {
            let path = path.display();
            match fault {
                ExportFault::TooLarge { .. } => {
                    let text = format!("{path}: more than {MAX_EXPORT_BYTES} bytes");
                    Failure::refused("too_large", text)
                }
                ExportFault::Text(why) => {
                    let text = format!("{path} is not what mychips export writes: {why}");
                    Failure::refused("no_export", text)
                }
                fault => Failure::refused("not_proved", format!("{path}: {fault}")),
            }
        })
    }

    /// Checks it: what follows from its tallies, in their order.
    pub(in crate::commands) fn check(&self, path: &Path) -> Result<Vec<Checked>, Failure> {
        let checked = match self {
            Self::Tally(tally) => tally.check().map(|checked| vec![checked]),
            Self::User(user) => user.check(),
        };
        checked
            .map_err(|fault| Failure::refused("not_proved", format!("{}: {fault}", path.display())))
    }

    pub(in crate::commands) fn tallies(&self) -> &[TallyExport] {
        match self {
            Self::Tally(tally) => std::slice::from_ref(&**tally),
            Self::User(user) => &user.tallies,
        }
    }

    /// How much of it is proved.
    fn proved(&self, checked: &[Checked]) -> What {
        let unproved = checked.iter().any(|it| !it.unproved.is_empty());
        match self {
            Self::User(user) if user.tallies.is_empty() => What::Cert,
            Self::User(user) if !user.cert_signs(checked) => What::Tallies,
            _ if unproved => What::Some,
            _ => What::All,
        }
    }
}

/// A file's bytes, as many as an export may have and one more, which shows that there are too many.
fn text_of(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let most = MAX_EXPORT_BYTES as u64 + 1;
    File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut text))
        .map_err(|error| Failure::io("cannot read", path, &error))?;
    Ok(text)
}

fn kind_of(text: &[u8]) -> Option<String> {
    serde_json::from_slice::<Kind>(text).ok().map(|named| named.kind)
}

pub(super) fn run(file: &Path, json: bool) -> Result<(), Failure> {
    let text = text_of(file)?;
    if kind_of(&text).is_some_and(|kind| proof::is_one(&kind)) {
        return proof::run(&text, file, json);
    }
    let export = Export::of(&text, file)?;
    let checked = export.check(file)?;
    let proved = export.proved(&checked);
    let tallies = export.tallies().iter().zip(checked);
    let tallies: Vec<Seen> = tallies.map(|(export, checked)| seen(export, checked)).collect();
    let unproved = tallies.iter().map(|tally| tally.unproved.len() as u64).sum();
    let (kind, date, agent) = match &export {
        Export::Tally(tally) => (TALLY_KIND, tally.date, tally.agent),
        Export::User(user) => (USER_KIND, user.date, user.agent),
    };
    let proved = Proved { kind, proved, date, agent, tallies };
    say::either(json, &proved, || {
        let file = file.display();
        let mut page = match proved.proved {
            What::Cert => format!(
                "There is no tally in {file}: only the cert's own signature was checked, by the key \
                 that it names itself.\n"
            ),
            What::Tallies => format!(
                "The tallies in {file} are proved. The cert has a key that is on none of them: it may be \
                 new in the place of a lost one, or not the user's; ask before you trust it.\n"
            ),
            What::Some => format!("Not all of {file} is proved.\n"),
            What::All => format!("All of {file} is proved.\n"),
        };
        page += &format!(
            "exported  {date}, by the file's own word: nobody signs that\nsite      {agent}\n"
        );
        for tally in &proved.tallies {
            page.push('\n');
            page.push_str(&tally.words);
            for chit in &tally.unproved {
                page += &format!("  not proved: chit {chit}\n");
            }
        }
        page
    })?;
    if unproved == 0 { Ok(()) } else { Err(Failure::refused("not_proved", not_proved(unproved))) }
}

/// That chits are not proved any more, and why.
pub(in crate::commands) fn not_proved(chits: u64) -> String {
    let (chits, are) = match chits {
        1 => ("1 chit of a lift".to_owned(), "is"),
        many => (format!("{many} chits of lifts"), "are"),
    };
    format!(
        "{chits} {are} not proved: the user who gave by it named another agent later, and did not say that what \
         the one of before signed holds so far"
    )
}

fn seen(export: &TallyExport, Checked { half, unproved }: Checked) -> Seen {
    use protocol::ledger::Status;
    let (own, other) = (export.tally.party(export.side), export.tally.party(export.side.other()));
    let (holder, partner) = (own.cert.chad.short(), other.cert.chad.short());
    let status = match half.status() {
        // Whether the partner has all of it, nobody can see from one half.
        Status::Open => "open",
        Status::Closing | Status::Closed => "closing",
    };
    let lifted = export.links.iter().filter(|link| matches!(link.chit.entry, Entry::Lift { .. }));
    let (chits, lifts) = (half.head().index, lifted.count() as u64);
    let balance = half.balance_milli();
    let called = say::called(&other.cert);
    let (contract, word) = (export.contract.is_some(), export.word.is_some());
    let there = |there| if there { "yes" } else { "no" };
    let words = say::sheet(&[
        ("tally", half.tally().to_string()),
        ("of", format!("{}, with {called}", say::called(&own.cert))),
        ("chits", format!("{chits}, {lifts} of them of lifts")),
        ("balance", owed(&say::called(&own.cert), &called, balance)),
        ("contract", there(contract).to_owned()),
        ("site's word", there(word).to_owned()),
    ]);
    let tally = half.tally();
    Seen { tally, holder, partner, status, balance, chits, lifts, contract, word, unproved, words }
}

/// Who owes whom.
fn owed(own: &str, other: &str, milli: i128) -> String {
    match milli {
        0 => "nobody owes anything".to_owned(),
        1.. => format!("{other} owes {own} {}", say::amount(milli)),
        _ => format!("{own} owes {other} {}", say::amount(-milli)),
    }
}
