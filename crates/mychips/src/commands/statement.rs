//! `mychips statement`: the chits of a tally, in the order of its chain, with the balance.

use clap::Args;
use protocol::chit::{Entry, Written};
use protocol::{ChitId, Cuid, TallyId, Timestamp, Units};
use serde::Serialize;
use site::{Part, Summary};

use super::{journal, part, tally};
use crate::failure::Failure;
use crate::flags::{As, Place};
use crate::page::Look;
use crate::say::{self, Set, Table};
use crate::visit::{self, Visit};

/// Print the chits of a tally, oldest first, with the balance after each.
///
/// Amounts and balances are as you see them: positive is what you are owed.
#[derive(Debug, Args)]
#[command(after_long_help = "\
CSV: index, date, type, effect, balance, agreed, ref, memo, chit
  Amounts are plain decimals of CHIPs. Some spreadsheets take a memo that
  begins with = + - or @ for a formula: import such columns as text.

hledger: a journal for hledger and ledger, in the order of days, with balance
  assertions; ! marks what the partner is not known to have yet. Against
  income:unknown and expenses:unknown, which you name as you like. What lifts
  cleared or passed on is against equity:mychips:lifts; what is left there,
  over all your tallies, is what you earned by passing on.

JSON: tally, holder, partner, balance, and entries with the same members, and
  part: what a lift was for you; amounts in integer milli-CHIPs

Examples:
  mychips statement bob --as ann
  mychips statement bob --as ann --csv > bob.csv
  mychips statement bob --as ann --format hledger | hledger -f - balance")]
pub(crate) struct Statement {
    /// The tally, or the partner
    tally: String,
    #[command(flatten)]
    who: As,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    place: Place,
    /// Print in this format; hledger is a journal that hledger and ledger read
    #[arg(long, value_enum, conflicts_with_all = ["csv", "json"])]
    format: Option<Format>,
}

/// How a statement is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Csv,
    Hledger,
}

#[derive(Serialize)]
struct Sheet {
    tally: TallyId,
    holder: Cuid,
    partner: Option<String>,
    status: String,
    balance: i128,
    entries: Vec<Line>,
}

/// One chit, as its holder sees it.
#[derive(Serialize)]
struct Line {
    index: u64,
    date: Timestamp,
    r#type: &'static str,
    effect: Units,
    balance: i128,
    agreed: bool,
    r#ref: Option<String>,
    memo: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    void: bool,
    /// Of a lift's chit: what the lift was for the holder.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<Part>,
    chit: ChitId,
    #[serde(skip)]
    words: String,
}

pub(crate) fn run(flags: &Statement) -> Result<(), Failure> {
    let visit = Visit::enter(&visit::data(flags.place.data.as_deref())?)?;
    let half = tally::find(&visit, &flags.who.user, &flags.tally)?;
    let entries = lines(&visit, &half)?;
    if flags.csv || flags.format == Some(Format::Csv) {
        return csv(&entries);
    }
    if flags.format == Some(Format::Hledger) {
        return say::text(&journaled(&half, &entries));
    }
    if flags.place.json {
        return say::json(&Sheet {
            tally: half.tally,
            holder: half.holder.clone(),
            partner: half.partner.as_ref().map(|partner| partner.chad.short()),
            status: half.status.clone(),
            balance: half.balance_milli,
            entries,
        });
    }
    say::text(&page(&half, &entries))
}

/// All chits, oldest first.
fn lines(visit: &Visit, half: &Summary) -> Result<Vec<Line>, Failure> {
    let entries = visit.history(&half.holder, half.tally)?;
    let mut balance = 0_i128;
    let line = |site::Entry { link, void, part }: site::Entry| {
        let effect = if void { Units::ZERO } else { link.chit.effect_on(half.side) };
        balance += i128::from(effect.milli());
        let none = Written::default();
        let written = link.chit.written().unwrap_or(&none);
        let (mut reference, mut memo) = (written.reference.clone(), written.memo.clone());
        if let Some(Part::Paid(payment) | Part::Received(payment)) = &part {
            (reference, memo) = (payment.r#ref.clone(), payment.memo.clone());
        }
        let reference = reference.as_ref().map(ToString::to_string);
        let memo = memo.as_ref().map(ToString::to_string);
        let own = link.chit.by == half.side;
        let mut words = part
            .as_ref()
            .and_then(part::sentence)
            .unwrap_or_else(|| words(&link.chit.entry, own, &reference, &memo));
        if void {
            words = format!("void, by a key given up: {words}").trim_end_matches(": ").to_owned();
        }
        Line {
            index: link.head.index,
            date: link.chit.date,
            r#type: link.chit.entry.word(),
            effect,
            balance,
            agreed: link.head.index <= half.agreed,
            r#ref: reference,
            memo,
            void,
            part,
            chit: link.chit.uuid,
            words,
        }
    };
    Ok(entries.into_iter().map(line).collect())
}

fn words(entry: &Entry, own: bool, reference: &Option<String>, memo: &Option<String>) -> String {
    let written = [reference, memo].into_iter().flatten().map(|text| text.replace('\n', " "));
    let written = written.collect::<Vec<_>>().join(" · ");
    let who = if own { "your" } else { "the partner's" };
    match entry {
        Entry::Tran { .. } => written,
        Entry::Lift { lift, .. } => format!("lift {lift}"),
        Entry::Set { set, .. } if set.close => format!("{who} wish to close"),
        Entry::Set { .. } => format!("{who} settings"),
        Entry::Key { .. } => format!("{who} new key"),
        Entry::End { .. } => format!("{who} key ends"),
        Entry::Lost { .. } => format!("{who} key is lost"),
        Entry::Consent { .. } => format!("{who} consent to another"),
        Entry::Object { .. } => format!("{who} objection"),
        Entry::Claim { .. } => format!("{who} new key"),
    }
}

fn page(half: &Summary, entries: &[Line]) -> String {
    let partner = say::partner_name(half);
    let head = format!("Tally {} with {partner}: {}\n", half.tally, half.status);
    if entries.is_empty() {
        return head + "No chits yet.";
    }
    let mut table = Table::new(&[
        ("#", Set::Right),
        ("Date (UTC)", Set::Whole),
        ("Type", Set::Whole),
        ("Amount", Set::Right),
        ("Balance", Set::Right),
        ("", Set::Whole),
        ("For", Set::Left),
    ]);
    for line in entries {
        table.row([
            line.index.to_string(),
            say::minute(line.date),
            line.r#type.to_owned(),
            say::units(line.effect),
            say::amount(line.balance),
            if line.agreed { String::new() } else { "*".to_owned() },
            line.words.clone(),
        ]);
    }
    let mut page = format!("{head}\n{}\n", table.render(&Look::of_stdout()));
    if entries.iter().any(|line| !line.agreed) {
        page.push_str("* the partner is not known to have it yet\n");
    }
    page + &capital(&say::standing(&partner, half.balance_milli))
}

/// Chits that move value, as a journal.
fn journaled(half: &Summary, entries: &[Line]) -> String {
    let partner = half.partner.as_ref().map(|partner| partner.chad.cuid.to_string());
    let account = journal::account(&partner.unwrap_or_default(), &half.tally.to_string());
    let moving = entries.iter().filter(|line| line.r#type != "set");
    journal::journal(&account, moving.map(posting).collect())
}

fn posting(line: &Line) -> journal::Posting<'_> {
    journal::Posting {
        date: line.date,
        effect_milli: line.effect.milli(),
        // Whoever paid by a lift spent it, and who was paid gained it.
        lift: matches!(line.part, Some(Part::Cleared | Part::PassedOn { .. })),
        agreed: line.agreed,
        words: &line.words,
        chit: line.chit.to_string(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn csv(entries: &[Line]) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let head = ["index", "date", "type", "effect", "balance", "agreed", "ref", "memo", "chit"];
    let mut write = || {
        writer.write_record(head)?;
        for line in entries {
            writer.write_record([
                line.index.to_string(),
                line.date.to_string(),
                line.r#type.to_owned(),
                line.effect.to_string(),
                decimal(line.balance),
                if line.agreed { "yes" } else { "no" }.to_owned(),
                line.r#ref.clone().unwrap_or_default(),
                line.memo.clone().unwrap_or_default(),
                line.chit.to_string(),
            ])?;
        }
        writer.flush()?;
        Ok::<_, csv::Error>(())
    };
    let done = write();
    let text = done.map_err(|error| error.to_string()).and_then(|()| {
        let bytes = writer.into_inner().map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    });
    say::text(&text.map_err(|error| Failure::refused("csv", error))?)
}

/// A sum without grouping, as a machine reads it.
fn decimal(milli: i128) -> String {
    let sign = if milli < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", milli.unsigned_abs() / 1000, milli.unsigned_abs() % 1000)
}

impl Statement {
    pub(crate) const fn json(&self) -> bool {
        self.place.json
    }
}
