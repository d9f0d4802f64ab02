//! `mychips limits`: every named limit, from the constants that keep it.

use clap::Args;
use serde::Serialize;

use crate::backup::MAX_MANIFEST_BYTES;
use crate::config::MAX_CONFIG_BYTES;
use crate::device::MAX_KEPT_BYTES;
use crate::failure::Failure;
use crate::page::Look;
use crate::say::{self, Set, Table};

use super::tally::MAX_INVITATION_BYTES;

/// Show the limits on everything that users and partners can make grow.
///
/// Beyond a limit something is refused, with a reason; nothing is cut off. Limits of the protocol
/// are the same at every site.
#[derive(Debug, Args)]
#[command(after_long_help = "\
JSON: limits: name (crate, module, constant), value, unit, reason

Examples:
  mychips limits
  mychips limits --json")]
pub(crate) struct Limits {
    /// Print JSON, and errors as JSON on standard error
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Told {
    limits: Vec<Limit>,
}

/// One limit.
#[derive(Serialize)]
struct Limit {
    /// Where its constant stands: crate, module, constant.
    name: &'static str,
    value: i128,
    unit: &'static str,
    reason: &'static str,
}

/// A limit from its constant; under the name of where that stands, where its path is another.
macro_rules! limit {
    ($path:path, $unit:literal, $reason:literal) => {
        limit!(stringify!($path) => $path, $unit, $reason)
    };
    ($name:expr => $path:expr, $unit:literal, $reason:literal) => {
        Limit { name: $name, value: $path as i128, unit: $unit, reason: $reason }
    };
}

#[allow(clippy::cast_lossless, reason = "the constants differ in width; nothing is lost")]
fn all() -> Vec<Limit> {
    vec![
        limit!("protocol::address::MAX_LEN" => protocol::ChipAddress::MAX_LEN, "bytes", "a CHIP address: its longest parts need about 400"),
        limit!("protocol::bounded::MAX_LEN" => protocol::bounded::Word::MAX_LEN, "bytes", "a word: enough to say what it is, short enough for a table"),
        limit!("protocol::export::MAX_EXPORT_BYTES" => protocol::export::MAX_EXPORT_BYTES, "bytes", "an exported file: some 300,000 chits"),
        limit!("protocol::ids::MAX_LEN" => protocol::Cuid::MAX_LEN, "bytes", "a user's name: as long as before the @ of a mail address"),
        limit!(
            protocol::json::MAX_RECORD_BYTES,
            "bytes",
            "a record: what a peer may make us hold before it is checked"
        ),
        limit!(protocol::json::MAX_DEPTH, "levels", "of JSON: whoever walks a value may recurse"),
        limit!(protocol::cert::MAX_NAMES, "names", "of a user: legal, usual, former, trade names"),
        limit!(
            protocol::cert::MAX_NAME_BYTES,
            "bytes",
            "a name: the longest legal names fit twice"
        ),
        limit!(protocol::cert::MAX_CONNECTS, "ways", "to reach a user, in its cert"),
        limit!(protocol::cert::MAX_PLACES, "places", "of a user, in its cert"),
        limit!(
            protocol::cert::MAX_ADDRESS_BYTES,
            "bytes",
            "a postal address or a way to reach somebody"
        ),
        limit!(
            protocol::contract::MAX_HOST_BYTES,
            "bytes",
            "a contract's host: as long as a name in the DNS"
        ),
        limit!(
            protocol::contract::MAX_TITLE_BYTES,
            "bytes",
            "a contract's or section's title: one line"
        ),
        limit!(
            protocol::contract::MAX_TEXT_BYTES,
            "bytes",
            "the text of one section: some ten printed pages"
        ),
        limit!(
            protocol::contract::MAX_SIBLINGS,
            "sections",
            "directly inside one other, or at the top"
        ),
        limit!(protocol::contract::MAX_DEPTH, "levels", "of sections: as much as a reader follows"),
        limit!(
            protocol::contract::MAX_SECTIONS,
            "sections",
            "of one contract, at all depths together"
        ),
        limit!(
            protocol::contract::MAX_INCLUDES,
            "levels",
            "of contracts including each other: a chain could be endless"
        ),
        limit!(
            protocol::contract::MAX_CLAUSES,
            "clauses",
            "of a document and all in it: nobody would read more"
        ),
        limit!(
            protocol::contract::MAX_DOCUMENT_BYTES,
            "bytes",
            "the text of such a document: about three hundred pages"
        ),
        limit!(
            protocol::terms::MAX_TERMS,
            "terms",
            "besides the limit: a contract can say more in its text"
        ),
        limit!(protocol::terms::MAX_TERM_BYTES, "bytes", "the text of a term"),
        limit!(
            protocol::tally::MAX_MEMO_BYTES,
            "bytes",
            "a tally's memo: sentences; what binds is in the contract"
        ),
        limit!(
            protocol::mail::MAX_REASON_BYTES,
            "bytes",
            "why another site does not take something: a sentence"
        ),
        limit!(protocol::negotiation::MAX_REASON_BYTES, "bytes", "a reason to refuse: a sentence"),
        limit!(
            protocol::chit::MAX_REFERENCE_BYTES,
            "bytes",
            "a chit's reference: an invoice number, also with its link"
        ),
        limit!(protocol::chit::MAX_MEMO_BYTES, "bytes", "a chit's memo: a few sentences"),
        limit!(
            protocol::ledger::MAX_CHITS_IN_UPD,
            "chits",
            "in one message: so that it is one that a reader takes"
        ),
        limit!(
            protocol::ledger::MAX_ASIDE,
            "lifts",
            "for which a half sets something aside: it waits for each"
        ),
        limit!(
            protocol::ledger::MAX_FREED,
            "lifts",
            "on a tally of which its users say that they are free"
        ),
        limit!(
            protocol::ledger::MAX_MOVED,
            "words",
            "of a side about its agent, kept on a tally: the last ones"
        ),
        limit!(
            protocol::ledger::MAX_LOCATOR,
            "heads",
            "by which halves find where they part: enough for 2^60 links"
        ),
        limit!(
            protocol::invoice::MAX_OPEN_MS,
            "ms",
            "an invoice is open: both halves remember it for so long"
        ),
        limit!(
            protocol::invoice::MAX_OPEN_INVOICES,
            "invoices",
            "of each side on a tally: two a week for a year"
        ),
        limit!(
            protocol::ledger::MAX_KEYS,
            "chits",
            "about keys, signed by a side of a tally: more is a new tally"
        ),
        limit!(
            protocol::ledger::MAX_REQUESTS,
            "requests",
            "for a key of a side of a tally, whoever makes them"
        ),
        limit!(
            protocol::ledger::MAX_OWN_REQUESTS,
            "requests",
            "for a new key that a user itself makes on a tally"
        ),
        limit!(
            protocol::chit::MAX_WAIT_DAYS,
            "days",
            "for a new key in the place of a lost one: a year"
        ),
        limit!(protocol::key::MAX_SEALED_BYTES, "bytes", "a key under a passphrase"),
        limit!(
            protocol::lift::MAX_LEGS,
            "legs",
            "of a lift: far more than any transaction should touch"
        ),
        limit!(
            protocol::lift::MAX_TURNS,
            "hashes",
            "from a leg up to its lift: those of the largest tree"
        ),
        limit!(protocol::lift::MAX_REFEREES, "referees", "of a lift: four of them may lie"),
        limit!(
            protocol::lift::MAX_PARTICIPANTS,
            "sites",
            "crossed by a lift: each adds a key and a promise to it"
        ),
        limit!(
            protocol::lift::MAX_LEGS_OF_ONE,
            "tallies",
            "of one participant of a lift: all are locked meanwhile"
        ),
        limit!(
            protocol::participant::MAX_BRANCHES,
            "leaves",
            "of a lift's tree: a leg and a branch for each participant"
        ),
        limit!(
            protocol::referee::MAX_MESSAGES,
            "messages",
            "of a referee at once: a round, a proposal, its votes"
        ),
        limit!(
            protocol::agreement::MAX_ROUND,
            "rounds",
            "in which referees may agree: years of waiting"
        ),
        limit!(
            protocol::request::MAX_ID_BYTES,
            "bytes",
            "a request's name: any usual id with a prefix"
        ),
        limit!("site::command::MAX_LEN" => site::CommandId::MAX_LEN, "bytes", "a command's name: any usual id with a prefix"),
        limit!("protocol::link::MAX_LEN" => protocol::InviteLink::MAX_LEN, "bytes", "a link to an invitation"),
        limit!("site::invitation::MAX_ANSWERS" => site::MAX_ANSWERS, "answers", "to one invitation: each takes room"),
        limit!("site::invitation::MAX_INVITES" => site::MAX_INVITES, "invites", "of one user: invitations that are kept"),
        limit!("site::lift::MAX_TALLIES" => site::MAX_TALLIES, "tallies", "looked through for paths and circles: some 1,000 bytes each"),
        limit!("site::lift::MAX_PAYMENTS_WAITING" => site::MAX_PAYMENTS_WAITING, "payments", "that wait: each holds memory until it is served"),
        limit!("site::lift::MAX_GATES" => site::MAX_GATES, "tallies", "with other sites: some 600 bytes each"),
        limit!("site::seek::MAX_SEARCHES_WAITING" => site::MAX_SEARCHES_WAITING, "searches", "that wait, and errands of one partner about ways"),
        limit!("site::seek::MAX_MET" => site::MAX_MET, "searches", "that payees' links cause here in half a minute"),
        limit!("site::seek::MAX_MET_OF_ONE" => site::MAX_MET_OF_ONE, "searches", "that one link may cause in half a minute"),
        limit!("site::seek::MAX_MET_OF_ONE_AGENT" => site::MAX_MET_OF_ONE_AGENT, "searches", "that one site may cause by links in half a minute"),
        limit!("site::abroad::MAX_ERRANDS" => site::MAX_ERRANDS, "errands", "that wait: the oldest is lost, and asked again"),
        limit!("site::between::MAX_DRAFTS" => site::MAX_DRAFTS, "drafts", "of lifts that partners lay out: half a minute each"),
        limit!("site::between::MAX_CLAIMS" => site::MAX_CLAIMS, "lifts", "on one tally, of which its user is asked if it gave"),
        limit!("site::between::MAX_DRAFTS_OF_ONE" => site::MAX_DRAFTS_OF_ONE, "drafts", "of lifts for one partner: so that there is room for others"),
        limit!("site::between::MAX_TRIED" => site::MAX_TRIED, "drafts", "that users' quotes in several parts cause in half a minute"),
        limit!("site::between::MAX_TRIED_OF_ONE" => site::MAX_TRIED_OF_ONE, "drafts", "of them that one user may cause"),
        limit!("site::between::MAX_AUTHORISATIONS" => site::MAX_AUTHORISATIONS, "payments", "signed elsewhere, remembered until their lift comes"),
        limit!("site::between::MAX_OPEN_PROMISES" => site::MAX_OPEN_PROMISES, "promises", "open with one neighbour, or under one referee"),
        limit!("site::between::MAX_OPEN_MILLI" => site::MAX_OPEN_MILLI / 1_000, "CHIPs", "open with one neighbour, or under one of four referees"),
        limit!("site::referee::MAX_SOLE_MILLI" => site::MAX_SOLE_MILLI / 1_000, "CHIPs", "open under a sole referee, unless it is said"),
        limit!("site::referee::MAX_ACCEPTED" => site::MAX_ACCEPTED, "agents", "accepted as referees: more than anybody knows"),
        limit!("site::proofs::MAX_PROOFS_OF_ONE" => site::MAX_PROOFS_OF_ONE, "proofs", "that one agent lies: more say nothing new"),
        limit!("site::proofs::MAX_PROOFS" => site::MAX_PROOFS, "proofs", "that agents lie, kept in all that concern the site"),
        limit!("site::proofs::MAX_PROOFS_OF_STRANGERS" => site::MAX_PROOFS_OF_STRANGERS, "proofs", "beside them, of strangers about strangers' lifts"),
        limit!("site::referee::MAX_AHEAD_MS" => site::MAX_AHEAD_MS, "ms", "a lift's date may be ahead of a referee's clock"),
        limit!("site::referee::MAX_SPAN_MS" => site::MAX_SPAN_MS, "ms", "from a lift's date to its deadline, before a referee"),
        limit!("site::referee::MAX_OPEN" => site::MAX_OPEN, "cases", "undecided before a referee: each is told again"),
        limit!("site::referee::MAX_OPEN_OF_ONE" => site::MAX_OPEN_OF_ONE, "cases", "of them that one known agent was the first to ask about"),
        limit!("site::referee::MAX_OPEN_OF_ONE_STRANGER" => site::MAX_OPEN_OF_ONE_STRANGER, "cases", "of them that one stranger was the first to ask about"),
        limit!("site::referee::MAX_OPEN_OF_STRANGERS" => site::MAX_OPEN_OF_STRANGERS, "cases", "of them that strangers brought: the rest is for others"),
        limit!("site::referee::MAX_OF_ONE" => site::MAX_OF_ONE, "cases", "that one known agent brings in an hour"),
        limit!("site::referee::MAX_STRANGERS" => site::MAX_STRANGERS, "cases", "that strangers bring in an hour: they are kept for ever"),
        limit!("site::post::MAX_WAITING" => site::MAX_LETTERS_WAITING, "letters", "of one half that wait: all that both sides can have to say"),
        limit!("site::query::MAX_ROWS" => site::MAX_ROWS, "rows", "in one answer: whoever wants more asks for the next page"),
        limit!("site::moved::MAX_FORMER_AGENTS" => site::MAX_FORMER_AGENTS, "agents", "that a site was before"),
        limit!("site::rekey::MAX_FORMER_KEYS" => site::MAX_FORMER_KEYS, "keys", "of a user before it was readmitted, that may still object"),
        limit!("site::queue::MAX_WAITING" => site::MAX_WAITING, "commands", "that wait: each holds memory until it is served"),
        limit!("wire::table::MAX_REPLY_BYTES" => wire::MAX_REPLY_BYTES, "bytes", "of another site's answer to any message"),
        limit!(
            api::limits::MAX_BODY_BYTES,
            "bytes",
            "of what is sent to a served site: one record"
        ),
        limit!(
            api::limits::MAX_HEAD_BYTES,
            "bytes",
            "a request's line and headers: browsers send some thousands"
        ),
        limit!(
            api::limits::MAX_HEADERS,
            "headers",
            "of a request: browsers behind proxies send some thirty"
        ),
        limit!(
            api::limits::MAX_CONNECTIONS,
            "lines",
            "open to a served site: each is a file of the process"
        ),
        limit!(
            api::limits::MAX_REQUESTS,
            "requests",
            "worked on at once: their bodies are bounded together"
        ),
        limit!("mychips::commands::MAX_INVITATION_BYTES" => MAX_INVITATION_BYTES, "bytes", "an invitation's file: a cert and a few sentences"),
        limit!("mychips::backup::MAX_MANIFEST_BYTES" => MAX_MANIFEST_BYTES, "bytes", "backup.json: three files need less than a thousand"),
        limit!("mychips::device::MAX_KEPT_BYTES" => MAX_KEPT_BYTES, "bytes", "what a device keeps of one tally: some 150,000 chits"),
        limit!("mychips::config::MAX_CONFIG_BYTES" => MAX_CONFIG_BYTES, "bytes", "mychips.toml: a few lines for each key, and remarks"),
    ]
}

pub(crate) fn run(flags: &Limits) -> Result<(), Failure> {
    let told = Told { limits: all() };
    say::either(flags.json, &told, || {
        let columns = [("Most", Set::Right), ("", Set::Whole), ("What of, and why", Set::Left)];
        let mut table = Table::new(&columns);
        for limit in &told.limits {
            let (value, unit) = people(limit.value, limit.unit);
            table.row([value, unit.to_owned(), limit.reason.to_owned()]);
        }
        table.render(&Look::of_stdout())
    })
}

/// A value as people read it: bytes in KiB and times in days or minutes, where that is exact.
fn people(value: i128, unit: &'static str) -> (String, &'static str) {
    const DAY_MS: i128 = 24 * 3_600 * 1_000;
    match unit {
        "bytes" if value >= 1024 && value % 1024 == 0 => ((value / 1024).to_string(), "KiB"),
        "ms" if value % DAY_MS == 0 => ((value / DAY_MS).to_string(), "days"),
        "ms" if value % 60_000 == 0 => ((value / 60_000).to_string(), "minutes"),
        _ => (value.to_string(), unit),
    }
}

impl Limits {
    pub(crate) const fn json(&self) -> bool {
        self.json
    }
}
