//! Messages of several notes, and their receipts: whatever is written is read, and any bytes are read or refused.

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::Record as _;
use protocol::mail::{self, Fate, MOST_BYTES, MOST_NOTES, MailFault, Receipt};
use protocol::note::Note;

use crate::letters::any_note;

fn texts(notes: &[Note]) -> Vec<String> {
    notes.iter().map(|note| note.to_text().unwrap().to_string()).collect()
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Taken),
        any::<String>().prop_map(|reason| Fate::refused(&reason)),
        any::<String>().prop_map(|reason| Fate::later(&reason)),
    ]
}

proptest! {
    #[test]
    fn notes_are_read_as_they_were_written(notes in vec(any_note(), 1..6)) {
        let texts = texts(&notes);
        prop_assert_eq!(mail::fits(&texts, MOST_BYTES), texts.len());
        let read = mail::read(mail::write(&texts).as_bytes()).unwrap();
        let read: Vec<Note> = read.into_iter().map(Result::unwrap).collect();
        prop_assert_eq!(read, notes);
    }

    #[test]
    fn receipts_are_read_as_they_were_written(
        fates in vec(fate(), 0..6),
        notes in vec(any_note(), 0..4),
    ) {
        let receipt = Receipt { arrived: true, fates, notes: texts(&notes) };
        let text = receipt.write().unwrap();
        let sent = receipt.fates.len();
        prop_assert_eq!(Receipt::read(text.as_bytes(), sent + 1).err(), Some(
            MailFault::OtherNumber { found: sent, sent: sent + 1 }
        ));
        prop_assert_eq!(Receipt::read(text.as_bytes(), sent), Ok(receipt));
    }

    #[test]
    fn any_bytes_are_mail_or_none(bytes in vec(any::<u8>(), 0..400), sent in 0..4_usize) {
        if let Ok(read) = mail::read(&bytes) {
            prop_assert!(!read.is_empty() && read.len() <= MOST_NOTES);
        }
        if let Ok(receipt) = Receipt::read(&bytes, sent) {
            prop_assert_eq!(receipt.fates.len(), sent);
        }
    }

    /// One that cannot be read takes none of the others with it.
    #[test]
    fn a_note_that_cannot_be_read_is_refused_alone(note in any_note(), garbage in "[^\n]{0,40}") {
        let text = note.to_text().unwrap().to_string();
        let read = mail::read(format!("{text}\n{garbage}\n{text}").as_bytes()).unwrap();
        prop_assert_eq!(read[0].as_ref(), Ok(&note));
        prop_assert!(read[1].is_err());
        prop_assert_eq!(read[2].as_ref(), Ok(&note));
    }
}

#[test]
fn more_than_a_message_takes_is_refused_and_what_fits_is_told() {
    let many = vec!["{}".to_owned(); MOST_NOTES + 1];
    assert_eq!(mail::fits(&many, MOST_BYTES), MOST_NOTES);
    assert_eq!(mail::read(mail::write(&many).as_bytes()).err(), Some(MailFault::TooMany));
    assert_eq!(mail::read(mail::write(&many[1..]).as_bytes()).unwrap().len(), MOST_NOTES);
    let large = vec!["x".repeat(MOST_BYTES / 2); 3];
    assert_eq!(mail::fits(&large, MOST_BYTES), 1);
    assert_eq!(
        mail::fits(&["x".repeat(MOST_BYTES + 9)], MOST_BYTES),
        1,
        "which the receiver refuses"
    );
    assert_eq!(mail::fits(&[], MOST_BYTES), 0);
    let bytes = MOST_BYTES + 1;
    assert_eq!(mail::read(&vec![b' '; bytes]).err(), Some(MailFault::TooLarge { bytes }));
}

#[test]
fn a_reason_of_any_text_is_one_line_that_fits() {
    let Fate::Refused(reason) = Fate::refused(&"Grüße\n\u{202e}".repeat(300)) else { panic!() };
    assert!(reason.as_str().len() <= mail::MAX_REASON_BYTES);
    assert!(reason.as_str().starts_with("Grüße  Grüße"));
    assert_eq!(Fate::later(" \n"), Fate::later("-"));
}
