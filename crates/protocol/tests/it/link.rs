//! Links to invitations, and those that ask for a payment: one spelling, read strictly, and refusals that say what to do with a link that was cut.

use proptest::prelude::*;
use protocol::{
    Endpoint, Hash, InviteLink, KeyPrint, LinkError, PayLink, PayNumber, SecretKey, Signer as _,
    Timestamp,
};

use crate::people::{hash, positive};
use crate::some;

const AGENT: &str = "12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2";

fn links() -> impl Strategy<Value = InviteLink> {
    let endpoint = some::address().prop_filter_map("a place", |address| address.endpoint);
    (some::address(), endpoint, any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(
        |(mut inviter, endpoint, token, key)| {
            inviter.endpoint = None;
            let (token, key) = (Hash::from_bytes(token), SecretKey::ed25519(&key));
            InviteLink { inviter, endpoint, token, key: KeyPrint::of(&key.public_key()) }
        },
    )
}

fn pay_links() -> impl Strategy<Value = PayLink> {
    let endpoint = some::address().prop_filter_map("a place", |address| address.endpoint);
    let reference = prop::option::of("[a-zA-Z0-9 ä#/.-]{1,16}");
    (some::address(), endpoint, 1..1_i64 << 53, 0..1_i64 << 42, hash(), reference).prop_map(
        |(mut payee, endpoint, milli, until, number, reference)| {
            payee.endpoint = None;
            let r#ref = reference.and_then(|text| text.trim().parse().ok());
            let (units, expires) = (positive(milli), Timestamp::from_ms(until).unwrap());
            PayLink { payee, endpoint, units, expires, number: PayNumber::of(&number), r#ref }
        },
    )
}

proptest! {
    #[test]
    fn a_link_that_asks_for_a_payment_is_read_as_printed(link in pay_links()) {
        let text = link.to_string();
        prop_assert!(text.len() <= PayLink::MAX_LEN);
        prop_assert!(PayLink::is_meant(&text) && text.parse::<InviteLink>().is_err());
        prop_assert_eq!(text.parse(), Ok(link.clone()));
        let json = serde_json::to_string(&link).unwrap();
        prop_assert_eq!(serde_json::from_str::<PayLink>(&json).unwrap(), link);
    }

    /// Whatever becomes of it on the way, it is refused or is another link: it never has two spellings.
    #[test]
    fn a_damaged_one_has_a_reason_or_one_spelling(
        link in pay_links(), at: prop::sample::Index, byte: u8, end: prop::sample::Index,
    ) {
        let text = link.to_string();
        let mut bytes = text.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let cut = String::from_utf8_lossy(&text.as_bytes()[..end.index(text.len())]).into_owned();
        for text in [String::from_utf8_lossy(&bytes).into_owned(), cut] {
            match text.parse::<PayLink>() {
                Ok(link) => prop_assert_eq!(link.to_string(), text),
                Err(why) => prop_assert!(!why.to_string().is_empty()),
            }
        }
    }

    #[test]
    fn what_is_printed_is_read(link in links()) {
        let text = link.to_string();
        prop_assert!(text.len() <= InviteLink::MAX_LEN);
        prop_assert!(InviteLink::is_meant(&text));
        prop_assert_eq!(text.parse(), Ok(link.clone()));
        let json = serde_json::to_string(&link).unwrap();
        prop_assert_eq!(serde_json::from_str::<InviteLink>(&json).unwrap(), link);
    }

    /// Wherever it is cut it is no link, and the reason never is that of another fault than a cut.
    #[test]
    fn a_part_is_no_link(link in links(), at: prop::sample::Index) {
        let text = link.to_string();
        let cut = &text[..at.index(text.len())];
        let why = cut.parse::<InviteLink>().unwrap_err();
        let scheme = cut.len() < "chip://".len();
        prop_assert!(matches!(why, LinkError::Scheme) == scheme, "{}: {:?}", cut, why);
        let known = matches!(
            why,
            LinkError::Scheme | LinkError::Address | LinkError::Cut
        );
        prop_assert!(known, "{}: {:?}", cut, why);
    }

    #[test]
    fn any_text_is_a_link_or_has_a_reason(
        text in "(chip://)?.*", link in links(), at: prop::sample::Index, byte: u8,
    ) {
        let mut bytes = link.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        for text in [text, String::from_utf8_lossy(&bytes).into_owned()] {
            match text.parse::<InviteLink>() {
                // One spelling only.
                Ok(link) => prop_assert_eq!(link.to_string(), text),
                Err(why) => prop_assert!(!why.to_string().is_empty()),
            }
        }
    }
}

fn why(text: &str) -> String {
    text.replace("AGENT", AGENT).parse::<InviteLink>().unwrap_err().to_string()
}

#[test]
fn a_usual_link_is_short_enough_for_a_picture() {
    let key = SecretKey::ed25519(&[7; 32]).public_key();
    let endpoint: Endpoint = "chips.quernby.example:8421".parse().unwrap();
    let inviter = format!("hearth:{AGENT}").parse().unwrap();
    let token = Hash::of(b"token");
    let link = InviteLink { inviter, endpoint, token, key: KeyPrint::of(&key) }.to_string();
    let head = format!("chip://hearth:{AGENT}@chips.quernby.example:8421#invite/{token}/");
    let print = link.strip_prefix(&head).unwrap();
    assert_eq!((print.len(), &print[..21]), (22, &key.name().to_string()[..21]));
    // What a QR code of version 8 holds at its lowest level of correction.
    assert!(link.len() <= 192, "{}", link.len());
}

#[test]
fn reasons_say_what_to_do() {
    let token = "A".repeat(43);
    assert_eq!(
        why("chip://ann:AGENT@ann.example:8421"),
        "it ends behind an address: copy all of it, to the last character"
    );
    let cut = "it ends too early: copy all of it, to the last character";
    for end in ["#", "#inv", "#invite", "#invite/", "#invite/AAAA"] {
        assert_eq!(why(&format!("chip://ann:AGENT@ann.example:8421{end}")), cut, "{end}");
    }
    assert_eq!(why(&format!("chip://ann:AGENT@ann.example:8421#invite/{token}/AAAA")), cut);
    assert_eq!(
        why(&format!("chip://ann:AGENT@ann.example:8421#pay/{token}")),
        "it leads to \"pay\", which this program does not know here: a newer one may"
    );
    assert_eq!(
        why(&format!("chip://ann:AGENT#invite/{token}/{}", "A".repeat(22))),
        "it does not say where the site answers (chip://user:AGENT@host:port#…)"
    );
    assert!(why(&format!("chip://ann:AGENT@ann.example#invite/{token}/")).contains("host:port"));
    assert!(why("https://example.org").contains("chip://"));
    assert!(why(&format!("chip://{}", "a".repeat(700))).contains("longer"));
    let damaged =
        why(&format!("chip://ann:AGENT@a.example:1#invite/{}/{}", "*".repeat(43), "A".repeat(22)));
    assert!(damaged.contains("damaged"), "{damaged}");
}
