//! Every state x every input x side, written down as a table from which the protocol can be read.

use std::fmt::Write;

use protocol::negotiation::{
    Event, Given, Governs, Input, Message, Negotiation, Refusal, Step, Version,
};
use protocol::tally::SignedBy;
use protocol::{Side, Tally};

use super::cast::{both, cert, checked, key, sign, text};
use super::cells::{inputs, states, version};

/// What a cell of the table says.
fn cell(half: &Negotiation, input: Input, given: Given) -> String {
    match half.step(input, given) {
        Err(refusal) => format!("refused {}", name(&refusal)),
        Ok(step) => {
            let after = &step.negotiation;
            assert!(
                step.events.iter().any(|e| matches!(e, Event::Status(_)))
                    == (half.status() != after.status()),
                "every new status is told"
            );
            let mut cell = after.status().to_string();
            if let Some(amendment) = after.amendment() {
                write!(cell, " + {amendment}").unwrap();
            }
            if after == half {
                cell = "as before".to_owned();
            }
            cell + &told(&step, half.side())
        }
    }
}

fn told(step: &Step, side: Side) -> String {
    let mut told = String::new();
    match &step.governs {
        Some(Governs::Opens(tally)) => {
            write!(told, ", {} opens", short(version(tally), side)).unwrap();
        }
        Some(Governs::Higher(tally)) => {
            write!(told, ", {} governs", short(version(tally), side)).unwrap();
        }
        None => {}
    }
    for event in &step.events {
        match event {
            Event::Passed(refusal) => write!(told, ", passed as {}", name(refusal)).unwrap(),
            Event::Crossed { .. } => told.push_str(", offers crossed"),
            _ => {}
        }
    }
    for message in &step.send {
        let version = |version: &Version| short(*version, side);
        told.push_str("; says ");
        told.push_str(&match message {
            Message::Answer { .. } => "answer".to_owned(),
            Message::Answered => "answered".to_owned(),
            Message::Tally(tally) => {
                let version = short(Version::of(tally).unwrap(), side);
                match checked(tally) {
                    SignedBy::Both(_) => format!("{version} by both"),
                    _ => format!("offer {version}"),
                }
            }
            Message::Received { version: v } => format!("received {}", version(v)),
            Message::Withdraw { version: v } => format!("withdraw {}", version(v)),
            Message::Ended { version: v, end } => {
                let end = format!("{end:?}");
                format!("{} {}", end.split(' ').next().unwrap().to_lowercase(), version(v))
            }
            Message::Ask => "ask".to_owned(),
        });
    }
    told
}

/// `ours1`, `theirs2`: which version it is, to the half on `side`.
fn short(of: Version, side: Side) -> String {
    let ours = [1, 2, 3].iter().any(|revision| version(&text(side, *revision)) == of);
    format!("{}{}", if ours { "ours" } else { "theirs" }, of.revision)
}

fn name(refusal: &Refusal) -> String {
    let text = format!("{refusal:?}");
    text.split([' ', '(']).next().unwrap().to_owned()
}

/// The whole table: one line where the two sides do the same, two where they differ.
fn table() -> String {
    let mut table = String::new();
    let [stock, foil] = Side::BOTH.map(states);
    let [stocks, foils] = Side::BOTH.map(inputs);
    for ((state, half, closed), (_, foil_half, _)) in stock.iter().zip(&foil) {
        writeln!(table, "\n{state}").unwrap();
        for ((input, by_stock, given), (_, by_foil, _)) in stocks.iter().zip(&foils) {
            let given = Given { closed: *closed, ..*given };
            let one = cell(half, by_stock.clone(), given);
            let other = cell(foil_half, by_foil.clone(), given);
            if one == other {
                writeln!(table, "  {input:<55} {one}").unwrap();
            } else {
                writeln!(table, "  {input:<55} stock: {one}").unwrap();
                writeln!(table, "  {:<55} foil:  {other}", "").unwrap();
            }
        }
    }
    table
}

#[test]
fn every_state_with_every_input_on_both_sides() {
    insta::assert_snapshot!(table());
}

/// Forged records do not even become an input: the checks before refuse them.
#[test]
fn what_is_signed_by_a_wrong_key_never_reaches_a_half() {
    let mut forged = sign(&text(Side::Stock, 1), Side::Stock).into_members();
    forged.memo = Some("and your house".parse().unwrap());
    let forged = Tally::new(forged).unwrap();
    assert!(Message::Tally(Box::new(forged)).check().is_err());
    let mut members = both(&text(Side::Stock, 1)).into_inner().into_members();
    let signs = members.sign.as_mut().unwrap();
    signs.foil = signs.stock;
    assert!(Message::Tally(Box::new(Tally::new(members).unwrap())).check().is_err());
    let mut cert = cert(Side::Foil).into_inner();
    cert.public = protocol::Signer::public_key(&key(Side::Stock));
    assert!(Message::Answer { cert: Box::new(cert) }.check().is_err());
}

/// Every refusal tells a person what it is about and what to do, in a line.
#[test]
fn refusals_are_sentences() {
    for side in Side::BOTH {
        for (_, half, closed) in states(side) {
            for (_, input, given) in inputs(side) {
                if let Err(refusal) = half.step(input, Given { closed, ..given }) {
                    let text = refusal.to_string();
                    assert!(text.len() > 25 && text.len() < 250, "{text}");
                }
            }
        }
    }
}
