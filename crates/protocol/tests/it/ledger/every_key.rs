//! Every state of a side's key x every chit about it x both sides, written down as a table to read.

use std::fmt::Write;

use protocol::chit::{Chit, Entry, Rekey};
use protocol::ledger::{Event, Good, Input, Ledger, Rekeying};
use protocol::{Hash, SecretKey, Side, Signer};

use super::devices::{Town, key_of, rekey};
use super::keyed::{about, assert_one_verdict, claim, consent, end, object, request};
use super::world::{id, payment, settings};

/// Who else would like to have the key.
fn stranger() -> SecretKey {
    SecretKey::ed25519(&[77; 32])
}

/// A world, and the requests that were made in it.
struct Scene {
    town: Town,
    asked: Vec<Hash>,
}

impl Scene {
    /// Both sides paid once, and know it.
    fn new() -> Self {
        let mut town = Town::new();
        for by in Side::BOTH {
            town.writes(payment(by, id(by as u64), 500)).unwrap();
        }
        town.settles();
        Self { town, asked: Vec::new() }
    }

    fn then(mut self, what: &str, side: Side) -> Self {
        let name = id(100 + self.town.stock.ledger.head().index);
        let town = &mut self.town;
        match what {
            "changes" => town.rekeys(side, name).unwrap(),
            "ends" => _ = town.ends(side, name).unwrap(),
            "asks" => self.asked.push(town.asks(side, name).unwrap()),
            "stranger asks" => {
                let good = request(side, name, town.asked(side), &stranger());
                self.asked.push(town.hands_in(good).unwrap());
            }
            "consents" => {
                let last = *self.asked.last().unwrap();
                _ = town.consents(side.other(), name, last).unwrap();
            }
            "objects" => _ = town.objects(side, name, *self.asked.last().unwrap()).unwrap(),
            "claims" => _ = town.claims(side, name, *self.asked.last().unwrap()).unwrap(),
            "partner changes" => town.rekeys(side.other(), name).unwrap(),
            "partner ends" => _ = town.ends(side.other(), name).unwrap(),
            "wishes to close" => town.writes(settings(side, name, 1, true)).unwrap(),
            other => panic!("{other}"),
        }
        self.town.settles();
        self
    }
}

/// The states, each by what led to it, for the user on `side`.
fn states(side: Side) -> Vec<(&'static str, Scene)> {
    let ways = [
        "",
        "changes",
        "ends",
        "asks",
        "asks, consents",
        "asks, objects",
        "asks, consents, objects",
        "asks, consents, claims",
        "asks, consents, changes",
        "asks, consents, ends",
        "stranger asks",
        "stranger asks, consents",
        "stranger asks, consents, asks, consents",
        "ends, asks",
        "ends, asks, consents",
        "ends, asks, consents, claims",
        "changes, asks, consents, claims",
        "partner changes, asks, consents",
        "asks, consents, partner changes",
        "partner ends",
        "asks, partner ends",
        "wishes to close",
    ];
    let scene = |way: &'static str| {
        let steps = way.split(", ").filter(|step| !step.is_empty());
        (
            if way.is_empty() { "nothing" } else { way },
            steps.fold(Scene::new(), |s, w| s.then(w, side)),
        )
    };
    ways.into_iter().map(scene).collect()
}

/// The chits that may come in a state: by whom, what, signed how. Those by the user are written at
/// its own half, the partner's at the partner's.
fn chits(scene: &Scene, side: Side) -> Vec<(&'static str, Chit)> {
    let half = scene.town.half(side);
    let head = half.ledger.to_end(&half.links).unwrap();
    let next = u32::try_from(half.ledger.key_changes(side).len()).unwrap() + 1;
    let genesis = Town::new().stock.ledger.head();
    let first = scene.asked.first().copied().unwrap_or(Hash::of(b"no request"));
    let last = scene.asked.last().copied().unwrap_or(Hash::of(b"no request"));
    let signed = |chit: Chit, number| Town::signed_with(chit, number);
    let by = |entry| about(side, id(900), entry);
    let change = |counter: u32, head, old| {
        let (counter, public) = (counter.try_into().unwrap(), key_of(side, 5).public_key());
        let chit = rekey(side, id(900), Rekey { counter, head, public, proof: None });
        signed(chit, old).proved(&key_of(side, 5)).unwrap()
    };
    let asks = |counter: u32, head, key: &SecretKey| {
        let counter = counter.try_into().unwrap();
        let asked = Rekeying { counter, head, key: None };
        request(side, id(900), asked, key).chit().clone()
    };
    let stranger_claims = |request| {
        let name = Some(stranger().public_key().name());
        let chit = by(claim(request)).with_key(name).signed(&stranger()).unwrap();
        chit.witnessed(&super::keyed::agent()).unwrap()
    };
    let partner = side.other();
    let theirs = |entry, number| signed(about(partner, id(901), entry), number);
    vec![
        ("pays, first key", signed(payment(side, id(900), 5), 0)),
        ("pays, second key", signed(payment(side, id(900), 5), 1)),
        ("settings, first key", signed(settings(side, id(900), 7, false), 0)),
        ("changes, first key", change(next, head, 0)),
        ("changes, second key", change(next, head, 1)),
        ("changes, first key, late counter", change(next + 1, head, 0)),
        ("changes, first key, the tally's head", change(next, genesis, 0)),
        ("ends, first key", signed(by(end(head)), 0)),
        ("ends, second key", signed(by(end(head)), 1)),
        ("ends, first key, the tally's head", signed(by(end(genesis)), 0)),
        ("asks for a key", asks(next, head, &key_of(side, 6))),
        ("asks for its first key", asks(next, head, &key_of(side, 0))),
        ("asks for a key, the first counter", asks(1, head, &key_of(side, 6))),
        ("asks for a key, the tally's head", asks(next, genesis, &key_of(side, 6))),
        ("objects to the first request, first key", signed(by(object(first)), 0)),
        ("objects to the last request, first key", signed(by(object(last)), 0)),
        ("objects to the last request, second key", signed(by(object(last)), 1)),
        ("claims by the last request, second key", Town::claim(side, id(900), last, 1)),
        ("claims by the last request, third key", Town::claim(side, id(900), last, 2)),
        ("stranger claims by the first request", stranger_claims(first)),
        ("partner pays, first key", theirs(payment(partner, id(901), 5).entry, 0)),
        ("partner consents to the first request, first key", theirs(consent(first), 0)),
        ("partner consents to the last request, first key", theirs(consent(last), 0)),
        ("partner consents to the last request, second key", theirs(consent(last), 1)),
        ("partner objects, first key", theirs(object(last), 0)),
        ("partner claims, first key", {
            theirs(claim(last), 0).witnessed(&super::keyed::agent()).unwrap()
        }),
    ]
}

fn shown(ledger: &Ledger, side: Side) -> String {
    let number = |key: &protocol::PublicKey| {
        let number = (0..9).find(|n| key_of(side, *n).public_key() == *key);
        number.map_or("a stranger's key".to_owned(), |number| format!("key {number}"))
    };
    let mut text = ledger.key(side).map_or("no key".to_owned(), number);
    let open = ledger.requests(side).count();
    if open > 0 {
        write!(text, ", {open} open").unwrap();
    }
    if let Some(pending) = ledger.pending(side) {
        write!(text, ", {} waited for", number(&pending.public)).unwrap();
    }
    text
}

fn told(events: &[Event]) -> String {
    let words = events.iter().map(|event| match event {
        Event::Linked { .. } => "linked",
        Event::Rekeyed { .. } => "rekeyed",
        Event::KeyEnded { .. } => "ended",
        Event::KeyAsked { .. } => "asked",
        Event::KeyConsented { .. } => "consented",
        Event::KeyObjected { .. } => "objected",
        Event::Voided { .. } => "void",
        Event::Conflict { .. } => "conflict",
        Event::OverLimit { .. } => "over limit",
        Event::Moved { .. } => "moved",
        Event::Compared => "compared",
        Event::Freed { .. } => "freed",
        Event::Status(_) => "status",
    });
    words.collect::<Vec<_>>().join(", ")
}

/// One cell: what the writer's half says; and what both make of it where it comes round about,
/// refused or not: they are one, and count the same.
fn cell(scene: &Scene, side: Side, chit: &Chit) -> String {
    let writer = chit.by;
    let good: Good = match scene.town.half(writer).ledger.prove(chit.clone()) {
        Ok(good) => good,
        Err(fault) => return format!("not proved: {fault}"),
    };
    let write = Input::Write { chit: good.clone(), over_limit: false };
    let written = match scene.town.world.decide(writer, write) {
        Ok(step) => format!("-> {} ({})", shown(&step.ledger, side), told(&step.events)),
        Err(refusal) => {
            let text = refusal.to_string();
            let named = [Some(&good.hash()), scene.asked.first(), scene.asked.last()];
            let text = named
                .into_iter()
                .flatten()
                .fold(text, |text, hash| text.replace(&hash.to_string(), "[hash]"));
            format!("refused: {text}")
        }
    };
    for at in Side::BOTH {
        let mut town = scene.town.clone();
        town.world.keep(good.clone());
        town.world.brings(at, vec![good.clone()]);
        town.settles();
        town.assert_one_ledger();
        assert_one_verdict(&town);
        if let Some(before) = written.strip_prefix("-> ") {
            let after = shown(&town.stock.ledger, side);
            assert!(before.starts_with(&after), "{before} becomes {after}");
        } else {
            // What an honest half refuses does nothing to the key in force, whoever brings it: but
            // that its user named another head than its half would have, or the tally is closed.
            let changed = town.stock.ledger.key(side) != scene.town.stock.ledger.key(side);
            let own = ["head of link", "closed"].iter().any(|why| written.contains(why));
            // Or its site witnessed a claim and had not heard that the partner had consented to
            // another key: so it counts at both, whichever they heard of first.
            let claim = matches!(chit.entry, Entry::Claim { .. });
            let witnessed = claim && scene.asked.len() == 2 && written.contains("no request");
            assert!(!changed || own || witnessed, "{written}");
        }
    }
    written
}

#[test]
fn every_state_with_every_chit_on_both_sides() {
    let (mut table, mut cells) = (String::new(), 0);
    let none = Hash::of(b"no request").to_string();
    for side in Side::BOTH {
        for (way, scene) in states(side) {
            let now = shown(&scene.town.half(side).ledger, side);
            writeln!(table, "\n{side}: {way} ({now})").unwrap();
            let mut refused: Vec<(String, Vec<&str>)> = Vec::new();
            for (what, chit) in chits(&scene, side) {
                cells += 1;
                let cell = cell(&scene, side, &chit).replace(&none, "[none]");
                if cell.starts_with("->") {
                    writeln!(table, "  {what} {cell}").unwrap();
                    continue;
                }
                match refused.iter_mut().find(|(reason, _)| *reason == cell) {
                    Some((_, all)) => all.push(what),
                    None => refused.push((cell, vec![what])),
                }
            }
            for (reason, all) in refused {
                writeln!(table, "  {reason}").unwrap();
                for what in all {
                    writeln!(table, "    {what}").unwrap();
                }
            }
        }
    }
    assert_eq!(cells, 2 * 22 * 26);
    let hidden = super::keyed::hide_ids(&table);
    insta::assert_snapshot!(hidden);
}

/// The ends of every short way that a side's key can go, whichever half hears of each step first:
/// both halves follow the same keys, and a thief's payment counts at both or at neither.
#[test]
fn every_short_sequence_brought_to_either_half_in_every_order() {
    let mut worlds = 0;
    for side in Side::BOTH {
        let mut town = Town::new();
        town.writes(payment(side, id(1), 500)).unwrap();
        town.settles();
        let all = alphabet(&town, side);
        let numbers: Vec<usize> = (0..all.len()).collect();
        for sequence in sequences(&numbers, 3) {
            for split in 0..1_u32 << sequence.len() {
                worlds += 1;
                let mut town = town.clone();
                for (step, number) in sequence.iter().enumerate() {
                    let at = if split >> step & 1 == 1 { side } else { side.other() };
                    // A half takes only what is signed with a key that it knows.
                    let good = &all[*number];
                    if town.half(at).ledger.prove(good.chit().clone()).as_ref() == Ok(good) {
                        town.world.keep(good.clone());
                        town.world.brings(at, vec![good.clone()]);
                    }
                }
                town.meets();
                town.assert_one_ledger();
                assert_one_verdict(&town);
                let order: Vec<usize> = town.stock.links[1..]
                    .iter()
                    .map(|link| all.iter().position(|good| good.hash() == link.chit_hash).unwrap())
                    .collect();
                let (key, given) = foreseen(&order);
                let ledger = &town.stock.ledger;
                let public = key.map(|number| key_of(side, number).public_key());
                assert_eq!(ledger.key(side), public.as_ref(), "{sequence:?} {split:b} {order:?}");
                let sum = if side == Side::Foil { given } else { -given };
                assert_eq!(ledger.balance_milli(), sum, "{sequence:?} {split:b} {order:?}");
            }
        }
    }
    println!("{worlds} worlds");
    assert!(worlds > 10_000, "{worlds}");
}

/// The rules once more, in few words and without their code: the number of the key in force after
/// the chits of this order, each by its place in the alphabet, and what the side has given.
fn foreseen(order: &[usize]) -> (Option<u8>, i128) {
    let (mut key, mut fresh) = (Some(0), true);
    let mut limit_of_first = None;
    let (mut asked, mut consented, mut objected) = (false, false, false);
    for chit in order {
        match (chit, key) {
            (2, Some(0)) => (key, limit_of_first, fresh) = (Some(1), Some(1), false),
            (3, Some(0)) => (key, limit_of_first, fresh) = (Some(2), Some(0), false),
            // By the first key, also where another one came from it.
            (4, Some(number @ 0..=2)) => {
                if number == 0 {
                    limit_of_first = Some(1);
                }
                (key, fresh) = (None, false);
            }
            (6, _) => asked = fresh,
            (7, _) => consented |= asked && fresh && !objected,
            (8, Some(0)) => objected |= asked && fresh,
            (9, _) if consented && fresh && !objected => {
                (key, limit_of_first, fresh) = (Some(3), Some(1), false);
            }
            _ => {}
        }
    }
    let counts = |index: usize| limit_of_first.is_none_or(|limit| index <= limit);
    let mut given = if counts(1) { 500 } else { 0 };
    for (place, chit) in order.iter().enumerate() {
        let index = place + 2;
        given += match chit {
            0 if counts(index) => 5,
            1 if key == Some(3) => 7,
            10 => -9,
            _ => 0,
        };
    }
    (key, given)
}

/// Chits about one side's keys, that name a few heads.
fn alphabet(town: &Town, side: Side) -> Vec<Good> {
    let head = town.half(side).ledger.head();
    let genesis = Town::new().stock.ledger.head();
    let partner = side.other();
    let agent = super::keyed::agent();
    let public = |number| key_of(side, number).public_key();
    let prove = |chit: Chit, number: u8| match chit.entry {
        Entry::Claim { .. } => {
            let agent = protocol::AgentId::of(&agent.public_key()).unwrap();
            Good::of_claim(chit, &public(number), &agent).unwrap()
        }
        _ => Good::prove(chit.clone(), &key_of(chit.by, number).public_key()).unwrap(),
    };
    let change = |name, head, old, new| {
        let rekeying =
            Rekey { counter: 1.try_into().unwrap(), head, public: public(new), proof: None };
        let chit = Town::signed_with(rekey(side, id(name), rekeying), old);
        prove(chit.proved(&key_of(side, new)).unwrap(), old)
    };
    let asked = Rekeying { counter: 1.try_into().unwrap(), head, key: None };
    let asks = request(side, id(20), asked, &key_of(side, 3));
    let by = |name, entry, number| {
        prove(Town::signed_with(about(side, id(name), entry), number), number)
    };
    let theirs = |name, entry, number| {
        prove(Town::signed_with(about(partner, id(name), entry), number), number)
    };
    vec![
        prove(Town::signed_with(payment(side, id(10), 5), 0), 0),
        prove(Town::signed_with(payment(side, id(11), 7), 3), 3),
        change(12, head, 0, 1),
        change(13, genesis, 0, 2),
        by(14, end(head), 0),
        by(15, end(genesis), 1),
        asks.clone(),
        theirs(21, consent(asks.hash()), 0),
        by(22, object(asks.hash()), 0),
        prove(Town::claim(side, id(23), asks.hash(), 3), 3),
        theirs(24, payment(partner, id(24), 9).entry, 0),
    ]
}

/// All sequences of at most so many of these, each once.
fn sequences(of: &[usize], most: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    let mut last = all.clone();
    for _ in 0..most {
        let longer = last.iter().flat_map(|before| {
            let next = of.iter().filter(|next| !before.contains(next));
            next.map(|next| [before.as_slice(), &[*next]].concat())
        });
        last = longer.collect();
        all.extend(last.iter().cloned());
    }
    all.retain(|sequence| !sequence.is_empty());
    all
}
