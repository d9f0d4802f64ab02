//! Answers as they are kept: each with a digest of its command, so that a name that was used is known
//! to have been used for the same.

use protocol::chit::{Chit, Entry};
use protocol::{Hash, Timestamp};
use serde::{Deserialize, Serialize};

use crate::command::{Answer, Command, Wish};
use crate::error::SiteError;

/// A command's digest and its answer.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    command: Hash,
    answer: Answer,
}

/// An answer, as text to keep.
pub(crate) fn text(command: Hash, answer: &Answer) -> Result<String, SiteError> {
    serde_json::to_string(&Kept { command, answer: answer.clone() }).map_err(unreadable)
}

/// The answer that was kept under the name of this command.
pub(crate) fn read(text: &str, command: Hash) -> Result<Answer, SiteError> {
    let kept: Kept = serde_json::from_str(text).map_err(unreadable)?;
    if kept.command == command { Ok(kept.answer) } else { Err(SiteError::OtherCommand) }
}

/// What a command says, but not when: a device that asks again writes anew what it signs, with
/// another date. A chit's own name keeps it from counting twice.
pub(crate) fn digest(command: &Command) -> Result<Hash, SiteError> {
    let text = match command {
        Command::Tally { tally, wish: Wish::Write { chit, over_limit } } => {
            let wish = Wish::Write { chit: Box::new(undated(chit)), over_limit: *over_limit };
            serde_json::to_vec(&Command::Tally { tally: *tally, wish })
        }
        Command::Tally { tally, wish: Wish::Invoice(invoice) } => {
            let mut invoice = invoice.clone();
            // How long it is open is said, not until when.
            let open_ms = invoice.expires.ms() - invoice.date.ms();
            invoice.date = Timestamp::MIN;
            invoice.expires = Timestamp::MIN.plus_ms(open_ms).unwrap_or(Timestamp::MAX);
            invoice.sign = None;
            serde_json::to_vec(&Command::Tally { tally: *tally, wish: Wish::Invoice(invoice) })
        }
        // What counts is what is signed: no two signatures of one record are the same.
        Command::PayByLift { authorisation, hint: _ } => {
            let mut authorisation = authorisation.clone();
            authorisation.sign = None;
            serde_json::to_vec(&Command::PayByLift { authorisation, hint: None })
        }
        other => serde_json::to_vec(other),
    };
    Ok(Hash::of(&text.map_err(unreadable)?))
}

fn undated(chit: &Chit) -> Chit {
    let mut chit = Chit { date: Timestamp::MIN, ..chit.clone() };
    match &mut chit.entry {
        Entry::Tran { written, .. }
        | Entry::Set { written, .. }
        | Entry::End { written, .. }
        | Entry::Lost { written, .. }
        | Entry::Consent { written, .. }
        | Entry::Object { written, .. } => written.sign = None,
        Entry::Key { rekey, written } => (rekey.proof, written.sign) = (None, None),
        Entry::Claim { witness, written, .. } => (*witness, written.sign) = (None, None),
        Entry::Lift { .. } => {}
    }
    chit
}

#[expect(clippy::needless_pass_by_value, reason = "it is used as a function of errors")]
fn unreadable(error: serde_json::Error) -> SiteError {
    SiteError::Answer { reason: error.to_string() }
}
