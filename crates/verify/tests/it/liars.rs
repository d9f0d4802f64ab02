//! What a liar can make: everything from its own key and what it saw, and nothing else.

use std::collections::BTreeSet;

use verify::liar::{Craft, TooMuch, knows};

/// A text, its signature by a user, and an envelope with a text and signatures by Ann and Bob.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Thing {
    Text(&'static str),
    Signed(&'static str, &'static str),
    Deed(&'static str),
}

/// Bob, who has his own key.
struct Bob;

impl Craft for Bob {
    type Thing = Thing;

    fn apart(&self, thing: &Thing) -> Vec<Thing> {
        match *thing {
            Thing::Text(_) => Vec::new(),
            Thing::Signed(text, _) => vec![Thing::Text(text)],
            Thing::Deed(text) => vec![Thing::Signed(text, "ann"), Thing::Signed(text, "bob")],
        }
    }

    fn made(&self, known: &BTreeSet<Thing>) -> Vec<Thing> {
        let mut made = Vec::new();
        for thing in known {
            match *thing {
                Thing::Text(text) => made.push(Thing::Signed(text, "bob")),
                Thing::Signed(text, "ann") if known.contains(&Thing::Signed(text, "bob")) => {
                    made.push(Thing::Deed(text));
                }
                _ => {}
            }
        }
        made
    }
}

#[test]
fn a_deed_needs_the_signature_that_was_seen() {
    let seen = [Thing::Text("rent"), Thing::Signed("loan", "ann")];
    let known = knows(&Bob, seen, 100).unwrap();
    assert!(known.contains(&Thing::Deed("loan")), "her signature, handed on");
    assert!(known.contains(&Thing::Signed("rent", "bob")));
    assert!(
        !known.contains(&Thing::Signed("rent", "ann")) && !known.contains(&Thing::Deed("rent"))
    );
    // A deed that was seen is taken apart.
    let known = knows(&Bob, [Thing::Deed("gift")], 100).unwrap();
    assert!(known.contains(&Thing::Signed("gift", "ann")));
}

#[test]
fn a_craft_has_a_bound() {
    let seen = [Thing::Text("a"), Thing::Text("b")];
    assert_eq!(knows(&Bob, seen.clone(), 3), Err(TooMuch { most: 3 }));
    assert_eq!(knows(&Bob, seen, 4).unwrap().len(), 4);
}
