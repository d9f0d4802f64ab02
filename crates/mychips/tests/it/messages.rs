//! Every message that agents send each other stands in the book with an example: made here, read back with the
//! readers of the program. `BOOK=write` writes the examples into the book anew. What is said of a lift is in
//! `messages/errands.rs`.

mod errands;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use protocol::chit::Chit;
use protocol::errand::Errand;
use protocol::invoice::{self, Invoice};
use protocol::ledger::{self, Head, Ledger};
use protocol::mail;
use protocol::negotiation::{self, Draft, End, Version};
use protocol::note::{Body, Note};
use protocol::{
    AgentId, Cert, ChipAddress, ChitId, Freed, Hash, InviteLink, Moved, Record, SecretKey, Side,
    Signer as _, Tally, TallyId, Verified,
};
use serde_json::Value;
use site::Invitation;

use self::errands::{ERRANDS, Story};
use crate::docs::{cut, root};

/// Every kind of note, by the names that their examples have.
const NOTES: [&str; 19] = [
    "answer",
    "answered",
    "tally",
    "received",
    "withdraw",
    "ended",
    "ask",
    "ledger upd",
    "ledger ack",
    "ledger nak",
    "ledger req",
    "ledger ask",
    "ledger tell",
    "invoice",
    "invoice received",
    "invoice refused",
    "invoice ask",
    "lift",
    "freed",
];

/// The name of what a note says. A new message needs a name here, and so a place in the book.
const fn name(body: &Body) -> &'static str {
    use invoice::Message as I;
    use ledger::Message as L;
    use negotiation::Message as N;
    NOTES[match body {
        Body::Negotiation(N::Answer { .. }) => 0,
        Body::Negotiation(N::Answered) => 1,
        Body::Negotiation(N::Tally(_)) => 2,
        Body::Negotiation(N::Received { .. }) => 3,
        Body::Negotiation(N::Withdraw { .. }) => 4,
        Body::Negotiation(N::Ended { .. }) => 5,
        Body::Negotiation(N::Ask) => 6,
        Body::Ledger(L::Upd { .. }) => 7,
        Body::Ledger(L::Ack { .. }) => 8,
        Body::Ledger(L::Nak { .. }) => 9,
        Body::Ledger(L::Req { .. }) => 10,
        Body::Ledger(L::Ask { .. }) => 11,
        Body::Ledger(L::Tell { .. }) => 12,
        Body::Invoice(I::Invoice(_)) => 13,
        Body::Invoice(I::Received { .. }) => 14,
        Body::Invoice(I::Refused { .. }) => 15,
        Body::Invoice(I::Ask) => 16,
        Body::Lift(_) => 17,
        Body::Freed(_) => 18,
    }]
}

fn page() -> PathBuf {
    root().join("docs/book/src/protocol/8-messages.md")
}

/// The records of the worked example: the tally of the bakery (foil) and the dairy (stock), its chits.
struct World {
    tally: Verified<Tally>,
    chits: Vec<Chit>,
    bakerys_key: SecretKey,
    dairys_key: SecretKey,
    agents_key: SecretKey,
}

impl World {
    fn new() -> Self {
        let path = root().join("docs/book/src/protocol/3-example.md");
        let blocks = cut(&fs::read_to_string(path).unwrap()).blocks;
        let records = blocks.into_iter().filter(|(info, _)| info == "json record");
        let records: Vec<String> = records.map(|(_, block)| block).collect();
        let [_, _, tally, set, chit] = records.as_slice() else { panic!("five records") };
        let chits = [set, chit].map(|text| Chit::read(text.as_bytes()).unwrap());
        let keys = fs::read(root().join("vectors/keys.json")).unwrap();
        let keys: Value = serde_json::from_slice(&keys).unwrap();
        let key = |name: &str| {
            let all = keys["keys"].as_array().unwrap();
            let key = all.iter().find(|key| key["name"] == name).unwrap();
            SecretKey::from_jwk(key["secret"].to_string().as_bytes()).unwrap()
        };
        let (bakerys_key, dairys_key) = (key("suzie"), key("bob"));
        let agents_key = key("agent");
        let tally = Verified::check(Tally::read(tally.as_bytes()).unwrap(), &()).unwrap();
        Self { tally, chits: chits.into(), bakerys_key, dairys_key, agents_key }
    }

    fn cert(&self, side: Side) -> Cert {
        self.tally.party(side).cert.clone()
    }

    fn id(&self) -> TallyId {
        self.tally.members().uuid
    }

    /// What the user on a side says to the other.
    fn note(&self, from: Side, token: Option<Hash>, body: Body) -> Note {
        let chad = |side| self.tally.party(side).cert.chad.clone();
        let to = chad(from.other()).cuid;
        Note { tally: self.id(), from: chad(from), to, token, moved: None, body }
    }

    /// The bakery speaks by another agent than the one in the tally, with its word for that.
    fn by_another_agent(&self) -> Note {
        let agent = AgentId::of(&SecretKey::ed25519(&[26; 32]).public_key()).unwrap();
        let moved = Moved {
            tally: self.id(),
            by: Side::Foil,
            agent,
            counter: 29_906_280.try_into().unwrap(),
            date: "2026-11-11T10:00:00.000Z".parse().unwrap(),
            head: None,
            key: None,
            sign: None,
        };
        let moved = Some(moved.signed(&self.bakerys_key).unwrap());
        let locator = self.heads().into_iter().rev().collect();
        let body = Body::Ledger(ledger::Message::Req { locator });
        let note = Note { moved, ..self.note(Side::Foil, None, body) };
        Note { from: ChipAddress { agent, endpoint: None, ..note.from.clone() }, ..note }
    }

    /// The foil offers; nobody has accepted.
    fn offer(&self) -> Tally {
        let mut members = self.tally.members().clone();
        if let Some(sign) = &mut members.sign {
            sign.stock = None;
        }
        Tally::new(members).unwrap()
    }

    /// The heads of the chain, the genesis first.
    fn heads(&self) -> Vec<Head> {
        let mut heads = vec![Ledger::open(&self.tally, Side::Foil).unwrap().head()];
        for chit in &self.chits {
            heads.push(heads[heads.len() - 1].then(self.id(), chit.hash().unwrap()));
        }
        heads
    }

    fn negotiation(&self) -> Vec<Note> {
        use negotiation::Message as N;
        let version = Version::of(&self.tally).unwrap();
        let reason = "I would rather owe less.".parse().ok();
        let cert = Box::new(self.cert(Side::Foil));
        let token = Some(token());
        let say = |from, body| self.note(from, None, Body::Negotiation(body));
        vec![
            self.note(Side::Foil, token, Body::Negotiation(N::Answer { cert })),
            say(Side::Stock, N::Answered),
            say(Side::Foil, N::Tally(Box::new(self.offer()))),
            say(Side::Stock, N::Received { version }),
            say(Side::Foil, N::Withdraw { version }),
            say(Side::Stock, N::Ended { version, end: End::Refused { reason } }),
            say(Side::Stock, N::Ask),
        ]
    }

    fn ledger(&self) -> Vec<Note> {
        use ledger::Message as L;
        let (heads, question) = (self.heads(), Hash::of(b"an example of a question"));
        let (base, head, chits) = (heads[0], heads[2], self.chits.clone());
        let locator: Vec<Head> = heads.iter().rev().copied().collect();
        let say = |from, body| self.note(from, None, Body::Ledger(body));
        let after = self.chits[1..].to_vec();
        vec![
            say(Side::Foil, L::Upd { base, chits, head }),
            say(Side::Stock, L::Ack { head }),
            say(Side::Stock, L::Nak { locator: vec![base] }),
            say(Side::Stock, L::Req { locator: locator.clone() }),
            say(Side::Foil, L::Ask { locator: locator[1..].to_vec(), question }),
            say(Side::Stock, L::Tell { question, base: heads[1], chits: after, head }),
        ]
    }

    fn invoice(&self) -> Vec<Note> {
        use invoice::Message as I;
        let uuid = ChitId::random([7; 16]);
        let asked = Invoice {
            uuid,
            tally: self.id(),
            by: Side::Foil,
            revision: 1.try_into().unwrap(),
            date: "2026-10-05T08:00:00.000Z".parse().unwrap(),
            expires: "2026-11-04T08:00:00.000Z".parse().unwrap(),
            units: protocol::Units::new(10_500).unwrap().try_into().unwrap(),
            reference: "2026-118".parse().ok(),
            memo: "seven pounds of butter".parse().ok(),
            withdrawn: false,
            sign: None,
        };
        let asked = asked.signed(&self.dairys_key).unwrap();
        let (chit, revision) = (uuid, asked.revision);
        let reason = "It was six.".parse().ok();
        let say = |from, body| self.note(from, None, Body::Invoice(body));
        vec![
            say(Side::Stock, I::Invoice(Box::new(asked))),
            say(Side::Foil, I::Received { chit, revision }),
            say(Side::Foil, I::Refused { chit, revision, reason }),
            say(Side::Foil, I::Ask),
        ]
    }

    /// The payment over the dairy to somebody at another site.
    fn story(&self) -> Story {
        Story::new(self.id(), self.cert(Side::Foil).chad, &self.bakerys_key)
    }

    fn lift(&self) -> Vec<Note> {
        let story = self.story();
        let freed = Freed {
            tally: self.id(),
            lift: story.lift(),
            by: Side::Foil,
            date: "2026-10-07T08:00:00.000Z".parse().unwrap(),
            key: None,
            sign: None,
        };
        let freed = Body::Freed(Box::new(freed.signed(&self.bakerys_key).unwrap()));
        let users = ledger::users_of(&self.tally.keys());
        vec![
            self.note(Side::Foil, None, story.word(&self.agents_key, users)),
            self.note(Side::Foil, None, freed),
        ]
    }

    /// The invitation that the answer above answers.
    fn invitation(&self) -> Invitation {
        Invitation {
            tally: Some(self.id()),
            cert: self.cert(Side::Stock),
            side: Side::Stock,
            draft: Draft::of(&self.tally, Side::Stock),
            token: token(),
            expires: "2026-11-01T09:00:00.000Z".parse().unwrap(),
            endpoint: None,
        }
    }
}

fn token() -> Hash {
    Hash::of(b"an example of a token")
}

/// JSON as the book prints it: what fits on a line stands on one.
fn printed(value: &Value, indent: usize) -> String {
    let whole = value.to_string();
    if whole.len() + indent <= 100 {
        return whole;
    }
    let pad = " ".repeat(indent + 2);
    let (open, close, members): (_, _, Vec<String>) = match value {
        Value::Array(items) => {
            ("[", "]", items.iter().map(|item| printed(item, indent + 2)).collect())
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), printed(value, indent + 2))
            };
            ("{", "}", members.iter().map(member).collect())
        }
        _ => return whole,
    };
    let mut text = open.to_owned();
    for (place, member) in members.iter().enumerate() {
        let comma = if place + 1 < members.len() { "," } else { "" };
        let _ = write!(text, "\n{pad}{member}{comma}");
    }
    format!("{text}\n{}{close}", " ".repeat(indent))
}

fn print(text: &str) -> String {
    printed(&serde_json::from_str(text).unwrap(), 0) + "\n"
}

/// All examples, by the words behind their fences.
fn examples() -> BTreeMap<String, String> {
    let world = World::new();
    let notes = [world.negotiation(), world.ledger(), world.invoice(), world.lift()].concat();
    let mut examples = BTreeMap::new();
    for note in notes {
        let text = note.to_text().unwrap().to_string();
        examples.insert(format!("json note {}", name(&note.body)), print(&text));
    }
    for errand in world.story().errands() {
        let text = errand.to_text().unwrap().to_string();
        examples.insert(format!("json errand {}", errand.word()), print(&text));
    }
    let text = world.by_another_agent().to_text().unwrap().to_string();
    examples.insert("json note by another agent".to_owned(), print(&text));
    let invitation = world.invitation();
    let link = invitation.link().unwrap();
    examples.insert("json invitation".to_owned(), print(&invitation.to_text().unwrap()));
    examples.insert("text link".to_owned(), format!("{link}\n"));
    examples
}

/// The text with its examples in the place of those that are there.
fn with_examples(text: &str, examples: &BTreeMap<String, String>) -> String {
    let (mut out, mut within) = (String::new(), false);
    for line in text.lines() {
        let info = line.strip_prefix("```");
        match info {
            Some("") if within => within = false,
            Some(info) if examples.contains_key(info.trim()) => {
                let _ = write!(out, "{line}\n{}", examples[info.trim()]);
                within = true;
                continue;
            }
            _ if within => continue,
            _ => {}
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[test]
fn the_book_shows_every_message_as_it_is() {
    let examples = examples();
    for note in NOTES {
        assert!(examples.contains_key(&format!("json note {note}")), "no example of {note}");
    }
    for errand in ERRANDS {
        assert!(examples.contains_key(&format!("json errand {errand}")), "no example of {errand}");
    }
    let text = fs::read_to_string(page()).unwrap();
    if std::env::var_os("BOOK").is_some_and(|book| book == "write") {
        fs::write(page(), with_examples(&text, &examples)).unwrap();
        return;
    }
    let mut shown = BTreeMap::new();
    for (info, block) in cut(&text).blocks {
        let before = shown.insert(info.clone(), block);
        assert_eq!(before, None, "{info} is shown twice");
    }
    let left: Vec<_> = examples.keys().filter(|info| !shown.contains_key(*info)).collect();
    assert!(left.is_empty(), "not in the book: {left:?}");
    for (info, example) in &examples {
        assert_eq!(&shown[info], example, "{info}: BOOK=write cargo test writes it anew");
    }
}

/// What a reader of the book gives to the program is read, is the same when written, and is signed as it says.
#[test]
fn what_the_book_shows_is_read_and_its_signatures_are_good() {
    let world = World::new();
    let ledger = Ledger::open(&world.tally, Side::Foil).unwrap();
    let (mut seen, mut errands) = (Vec::new(), Vec::new());
    for (info, block) in cut(&fs::read_to_string(page()).unwrap()).blocks {
        if info == "text link" {
            let link: InviteLink = block.trim().parse().unwrap();
            assert_eq!(Some(link), world.invitation().link());
        } else if info == "json invitation" {
            let invitation = Invitation::read(block.as_bytes()).unwrap();
            assert_eq!(print(&invitation.to_text().unwrap()), block);
            Verified::check(invitation.cert, &()).unwrap();
        } else if info == "json note by another agent" {
            let note = Note::read(block.as_bytes()).unwrap();
            assert_eq!(print(&note.to_text().unwrap().to_string()), block);
            let moved = note.moved.unwrap();
            assert_eq!((moved.agent, moved.by), (note.from.agent, Side::Foil));
            ledger.prove_moved(moved).unwrap();
        } else if let Some(named) = info.strip_prefix("json errand ") {
            let errand = Errand::read(block.as_bytes()).unwrap();
            assert_eq!(print(&errand.to_text().unwrap().to_string()), block, "{named}");
            assert_eq!(errand.word(), named);
            errands.push(named.to_owned());
            world.story().proves(errand, &world.bakerys_key);
        } else if let Some(named) = info.strip_prefix("json note ") {
            let note = Note::read(block.as_bytes()).unwrap();
            let text = note.to_text().unwrap();
            assert_eq!(print(&text.to_string()), block, "{named}");
            assert_eq!(Note::read(text.as_bytes()).unwrap(), note);
            assert_eq!(name(&note.body), named);
            seen.push(named.to_owned());
            let sides = [Side::Stock, Side::Foil].map(|side| world.cert(side).chad);
            assert!(sides.contains(&note.from), "{named}");
            match note.body {
                Body::Negotiation(message) => drop(message.check().unwrap()),
                Body::Ledger(message) => {
                    message.check_length().unwrap();
                    ledger.prove_in_order(message.chits().to_vec()).unwrap();
                }
                Body::Invoice(message) => {
                    message.try_map(|invoice| ledger.prove_invoice(&invoice)).unwrap();
                }
                Body::Lift(word) => world.story().proves_word(*word, &note.from.agent),
                Body::Freed(freed) => drop(ledger.prove_freed(*freed).unwrap()),
            }
        }
    }
    seen.sort();
    let mut all = NOTES.map(str::to_owned).to_vec();
    all.sort();
    assert_eq!(seen, all);
    assert_eq!(errands, ERRANDS.map(str::to_owned), "each once, in this order");
}

/// The table of who may send what, in the book, is the one that is kept.
#[test]
fn the_book_shows_a_receipt_as_it_is_read() {
    let text = fs::read_to_string(root().join("docs/book/src/protocol/8-agents.md")).unwrap();
    let blocks = cut(&text).blocks;
    let shown = blocks.iter().find(|(info, block)| info == "json" && block.starts_with('['));
    let (_, shown) = shown.unwrap();
    let receipt = mail::Receipt::read(shown.trim().as_bytes(), 3).unwrap();
    assert_eq!(receipt.fates[0], mail::Fate::Taken);
    assert!(matches!(receipt.fates[1], mail::Fate::Later(_)));
    assert!(matches!(receipt.fates[2], mail::Fate::Refused(_)));
    assert_eq!(receipt.write().unwrap(), shown.trim());
}

#[test]
fn the_book_shows_the_table_that_is_kept() {
    let text = fs::read_to_string(root().join("docs/book/src/protocol/8-agents.md")).unwrap();
    let rows: Vec<String> = wire::TABLE
        .iter()
        .map(|row| {
            let from = match row.from {
                wire::Who::Anyone => "anyone",
                wire::Who::Partner => "partners' agents",
            };
            let (most, rate) = (row.max_bytes, row.rate);
            let (burst, minute) = (rate.burst, rate.per_minute);
            format!("| {} | `{}` | {from} | {most} | {burst} | {minute} |", row.byte, row.kind)
        })
        .collect();
    for row in &rows {
        assert!(text.contains(row), "the book lacks this row:\n{}", rows.join("\n"));
    }
    let shown = text.lines().filter(|line| {
        line.ends_with(" |")
            && line.starts_with("| ")
            && line[2..].starts_with(|c: char| c.is_ascii_digit())
    });
    assert_eq!(shown.filter(|line| line.split('|').count() == 8).count(), rows.len());
}
