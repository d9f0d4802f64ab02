//! What is on the disks of the five sites once a stranger was paid: nothing of those that a site has nothing to do with.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use protocol::{Hash, PaymentId, Signer as _, TallyId};

use super::row::{REFEREE, Row, USERS, half};

/// Something that may be on some disks only.
struct Marked {
    what: String,
    forms: Vec<Vec<u8>>,
    /// Where it may be.
    at: Vec<usize>,
}

/// Every file of every site is searched, after Ann has paid Dan.
pub(super) fn each_keeps_what_is_its_own(row: &Row, payment: &str) {
    let payment: PaymentId = payment.parse().unwrap();
    let mut marked = vec![Marked {
        what: "the payment".to_owned(),
        forms: forms(&payment.to_string(), payment.as_bytes()),
        at: vec![0, 3],
    }];
    for (at, user) in USERS.iter().enumerate() {
        let neighbours = |more: &[usize]| {
            let near = (0..USERS.len()).filter(|other| other.abs_diff(at) <= 1);
            near.chain(more.iter().copied()).collect::<Vec<_>>()
        };
        let key = row.towns[at].key(user).public_key();
        let key = key.ed25519_bytes().map_or_else(|| x_of(&key), |bytes| bytes.to_vec());
        let forms_of_key = forms(&text_of(&key), &key);
        marked.push(Marked {
            what: format!("{user}'s key"),
            forms: forms_of_key,
            at: neighbours(&[]),
        });
        // Payer and payee know each other, and the one who decides knows whoever asks it.
        let ends = if at == 0 || at == 3 { &[0, 3, REFEREE][..] } else { &[REFEREE][..] };
        let agent = row.agents[at];
        let bytes = agent.public_key().ed25519_bytes().unwrap();
        let mut of_agent = forms(&agent.to_string(), &bytes);
        of_agent.push(text_of(&bytes).into_bytes());
        of_agent.push(row.places[at].clone().into_bytes());
        marked.push(Marked {
            what: format!("{user}'s site"),
            forms: of_agent,
            at: neighbours(ends),
        });
    }
    for next in 0..USERS.len() - 1 {
        let tally = half(&row.towns[next], USERS[next], USERS[next + 1]);
        let tally: TallyId = tally["tally"].as_str().unwrap().parse().unwrap();
        marked.push(Marked {
            what: format!("{}'s tally with {}", USERS[next], USERS[next + 1]),
            forms: forms(&tally.to_string(), tally.as_bytes()),
            at: vec![next, next + 1],
        });
    }
    let mut seen = vec![0; marked.len()];
    for (at, town) in row.towns.iter().enumerate() {
        let disk = all_of(&town.site());
        for (one, seen) in marked.iter().zip(&mut seen) {
            let there = one.forms.iter().any(|form| disk.contains(&spread(form)));
            assert!(!there || one.at.contains(&at), "site {at} keeps {}", one.what);
            *seen += usize::from(there);
        }
    }
    // What is nowhere was not searched for as it is written.
    for (one, seen) in marked.iter().zip(seen) {
        assert!(seen > 0, "nobody keeps {}", one.what);
    }
}

/// As text, as bytes, and in hex.
fn forms(text: &str, bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    vec![text.as_bytes().to_vec(), bytes.to_vec(), hex.into_bytes()]
}

/// 32 bytes as records have them.
fn text_of(bytes: &[u8]) -> String {
    Hash::from_bytes(bytes.try_into().unwrap()).to_string()
}

/// The first coordinate of a key on a curve.
fn x_of(key: &protocol::PublicKey) -> Vec<u8> {
    let x: Hash = serde_json::to_value(key).unwrap()["x"].as_str().unwrap().parse().unwrap();
    x.as_bytes().to_vec()
}

/// All files in a folder, one after the other; each byte as a character.
fn all_of(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.push_str(&if path.is_dir() {
            all_of(&path)
        } else {
            spread(&fs::read(&path).unwrap())
        });
        all.push('\n');
    }
    all
}

fn spread(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
