//! Suzie asks Bob for value: her invoices, his chits.

use std::cell::RefCell;
use std::collections::HashMap;

use protocol::chit::Chit;
use protocol::invoice::{Given, Invoice, Message};
use protocol::ledger::Good;
use protocol::{ChitId, PublicKey, Side, Sides, Signer, Verified};

use crate::negotiation::cast::{key, tally_id};
use crate::people::{at, positive};

/// Who pays here: Bob.
pub(crate) const PAYER: Side = Side::Foil;

pub(crate) fn keys() -> Sides<PublicKey> {
    Sides { stock: key(Side::Stock).public_key(), foil: key(Side::Foil).public_key() }
}

pub(crate) fn early() -> Given {
    Given { now: at("2026-11-23T08:00:00.000Z"), linked: false }
}

/// When every invoice here has expired.
pub(crate) fn late() -> Given {
    Given { now: at("2026-12-01T00:00:00.000Z"), linked: false }
}

/// A version of the invoice, not signed; each asks for another amount.
pub(crate) fn draft(revision: u32, withdrawn: bool) -> Invoice {
    Invoice {
        uuid: ChitId::random([6; 16]),
        tally: tally_id(),
        by: PAYER,
        revision: revision.try_into().unwrap(),
        date: at("2026-11-22T10:00:00.000Z"),
        expires: at("2026-12-01T00:00:00.000Z"),
        units: positive(1_000 * i64::from(revision)),
        reference: Some("2026-17".parse().unwrap()),
        memo: None,
        withdrawn,
        sign: None,
    }
}

thread_local!(static SIGNED: RefCell<HashMap<Invoice, Verified<Invoice>>> = RefCell::default());

/// The same signed by its payee and checked, each once.
pub(crate) fn signed(draft: Invoice) -> Verified<Invoice> {
    let known = SIGNED.with_borrow(|signed| signed.get(&draft).cloned());
    known.unwrap_or_else(|| {
        let invoice = draft.clone().signed(&key(draft.payee())).unwrap();
        let invoice = Verified::check(invoice, &keys()).unwrap();
        SIGNED.with_borrow_mut(|signed| signed.insert(draft, invoice.clone()));
        invoice
    })
}

/// A message as it comes out of the checks of a site.
pub(crate) fn received(message: Message) -> Message<Verified<Invoice>> {
    message
        .try_map(|mut invoice| {
            let sign = invoice.sign.take();
            let checked = signed(invoice);
            assert_eq!(checked.sign, sign, "nobody invents an invoice");
            Ok(checked)
        })
        .unwrap()
}

/// A chit signed by its payer.
pub(crate) fn good(chit: Chit) -> Good {
    let by = chit.by;
    Good::prove(chit.signed(&key(by)).unwrap(), keys().of(by)).unwrap()
}

/// The chit that pays this version.
pub(crate) fn payment(revision: u32) -> Good {
    good(draft(revision, false).chit(early().now))
}
