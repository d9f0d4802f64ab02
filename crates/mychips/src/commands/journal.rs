//! A statement as a journal of plain-text accounting, for hledger and ledger.
//!
//! Chits come in the order of their days here, not of the chain: both programs check a balance
//! against what happened until that day.

use std::fmt::Write as _;

use protocol::Timestamp;

use crate::text::harmless;

/// What the claim on the partner is against, as both programs' importers call what they do not know.
const GAINED: &str = "income:unknown";
const SPENT: &str = "expenses:unknown";
/// What lifts that pass on or clear are against: they gain and spend nothing but charges.
const LIFTED: &str = "equity:mychips:lifts";

/// A chit in the journal.
pub(super) struct Posting<'a> {
    pub(super) date: Timestamp,
    /// Positive: the holder is owed more.
    pub(super) effect_milli: i64,
    pub(super) lift: bool,
    /// Whether the partner is known to have it.
    pub(super) agreed: bool,
    /// What people wrote, or what it is.
    pub(super) words: &'a str,
    pub(super) chit: String,
}

/// The account of a tally; `partner` is its name at its agent.
pub(super) fn account(partner: &str, tally: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    let partner: String = partner.chars().map(safe).collect();
    let short: String = tally.chars().take(8).collect();
    format!("assets:mychips:{partner}:{short}")
}

/// The journal of one tally.
pub(super) fn journal(account: &str, mut postings: Vec<Posting<'_>>) -> String {
    postings.sort_by_key(|posting| posting.date);
    let mut text = format!("; {account}: positive is what you are owed, in CHIPs\n");
    let mut balance = 0_i128;
    for posting in postings {
        let Posting { date, effect_milli, lift, agreed, words, chit } = posting;
        balance += i128::from(effect_milli);
        let day = date.to_string();
        let day = day.get(..10).unwrap_or_default();
        let mark = if agreed { '*' } else { '!' };
        let other = match effect_milli {
            _ if lift => LIFTED,
            0.. => GAINED,
            _ => SPENT,
        };
        let (effect, balance) = (chips(effect_milli.into()), chips(balance));
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n{day} {mark} {}\n    ; chit: {chit}\n    {account}  {effect} = {balance}\n    {other}\n",
            described(words)
        );
    }
    text
}

/// A memo as a description: one line that begins nothing else, neither a comment, a code nor a mark.
fn described(words: &str) -> String {
    let plain = |c: char| match c {
        ';' => ',',
        '|' => '/',
        c if c.is_control() || c.is_whitespace() => ' ',
        c => c,
    };
    let plain = harmless(&words.chars().map(plain).collect::<String>());
    let plain = plain.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let plain = plain.trim_start_matches(['*', '!', '(', '=', ' ']);
    if plain.is_empty() { "payment".to_owned() } else { plain.to_owned() }
}

fn chips(milli: i128) -> String {
    let sign = if milli < 0 { "-" } else { "" };
    format!("{sign}{}.{:03} CHIP", milli.unsigned_abs() / 1000, milli.unsigned_abs() % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milli(text: &str) -> i128 {
        text.strip_suffix(" CHIP").unwrap().replace('.', "").parse().unwrap()
    }

    /// Reads a journal back: of each transaction the description, the effect and the balance.
    fn read(journal: &str) -> Vec<(String, i128, i128)> {
        let mut blocks = journal.split("\n\n");
        assert!(blocks.next().unwrap().starts_with("; assets:"));
        let read = |block: &str| {
            let lines: Vec<&str> = block.lines().collect();
            let [head, note, posting, other] = lines[..] else { panic!("{block:?}") };
            assert!(note.starts_with("    ; chit: "), "{note}");
            assert!(other.starts_with("    ") && !other.trim().contains(' '), "{other}");
            let (account, amounts) = posting.trim().split_once("  ").unwrap();
            assert_eq!(account, "assets:mychips:bob:0d9f3a51");
            let (effect, balance) = amounts.split_once(" = ").unwrap();
            (head[13..].to_owned(), milli(effect), milli(balance))
        };
        blocks.map(read).collect()
    }

    #[test]
    fn what_is_written_balances_in_the_order_of_days() {
        let dates = ["2026-11-23T10:00:00.000Z", "2026-11-22T10:00:00.000Z"];
        let effects = [1_500, -2_000];
        let posting = |at: usize| Posting {
            date: dates[at].parse().unwrap(),
            effect_milli: effects[at],
            lift: false,
            agreed: true,
            words: "loaves",
            chit: "one".to_owned(),
        };
        let account = account("bob", "0d9f3a51-1c53");
        let text = journal(&account, vec![posting(0), posting(1)]);
        let said = |effect, balance| ("loaves".to_owned(), effect, balance);
        assert_eq!(read(&text), [said(-2_000, -2_000), said(1_500, -500)]);
        assert_eq!(read(&journal(&account, Vec::new())), []);
    }

    #[test]
    fn no_memo_is_more_than_a_description() {
        for words in [
            "",
            "* done",
            "! (code) x",
            "a ; comment: x",
            "two\nlines\n2026-01-01 * evil\n    a  1 CHIP",
            "tab\tand  spaces",
            "= auto",
            "\u{202e}turned\u{2028}line\u{85}next",
        ] {
            let words = described(words);
            assert!(!words.is_empty() && !words.contains([';', '\n', '\t']), "{words:?}");
            assert!(!words.contains("  ") && !words.starts_with(['*', '!', '(', '=']), "{words:?}");
            assert!(!words.contains(['\u{2028}', '\u{85}']), "{words:?}");
        }
    }

    #[test]
    fn a_partner_is_one_account() {
        assert_eq!(account("b: b  ;x", "12345678-9"), "assets:mychips:b__b___x:12345678");
    }
}
