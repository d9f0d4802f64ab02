//! What halves say to each other, whatever it is: invoices, acknowledgements, notes.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use protocol::invoice::{self, Invoice};
use protocol::ledger::{self, Ack, Head};
use protocol::negotiation::{self, End, Version};
use protocol::note::{Body, Note};
use protocol::{ChitId, Freed, Hash, Moved, Side, Signature, TallyId, Timestamp};

use crate::people::{any_cert, any_chit, any_tally, positive};
use crate::some::{address, cuid};

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash::from_bytes)
}

fn head() -> impl Strategy<Value = Head> {
    (0..1_u64 << 53, hash()).prop_map(|(index, hash)| Head { index, hash })
}

fn version() -> impl Strategy<Value = Version> {
    (1_u32.., hash())
        .prop_map(|(revision, hash)| Version { revision: revision.try_into().unwrap(), hash })
}

fn sign() -> impl Strategy<Value = Option<Signature>> {
    option::of(vec(any::<u8>(), 64).prop_map(|b| Signature::from_bytes(b.try_into().unwrap())))
}

fn date() -> impl Strategy<Value = Timestamp> {
    (Timestamp::MIN.ms()..Timestamp::MAX.ms()).prop_map(|ms| Timestamp::from_ms(ms).unwrap())
}

fn reason() -> impl Strategy<Value = Option<negotiation::Reason>> {
    option::of("[a-z]([a-zé ]{0,20}[a-zé])?")
        .prop_map(|text| text.map(|text| text.parse().unwrap()))
}

pub(crate) fn any_ack() -> impl Strategy<Value = Ack> {
    (any::<[u8; 16]>(), head(), sign()).prop_map(|(tally, head, sign)| Ack {
        tally: TallyId::random(tally),
        head,
        sign,
    })
}

pub(crate) fn any_invoice() -> impl Strategy<Value = Invoice> {
    let ids = (any::<[u8; 16]>(), any::<[u8; 16]>());
    let what = (1_u32.., date(), date(), 1..1_i64 << 53);
    (ids, any::<bool>(), what, option::of("[a-z0-9-]{1,12}"), any::<bool>(), sign()).prop_map(
        |((uuid, tally), stock, (revision, date, expires, milli), text, withdrawn, sign)| Invoice {
            uuid: ChitId::random(uuid),
            tally: TallyId::random(tally),
            by: if stock { Side::Stock } else { Side::Foil },
            revision: revision.try_into().unwrap(),
            date,
            expires,
            units: positive(milli),
            reference: text.as_ref().map(|text| text.parse().unwrap()),
            memo: text.map(|text| format!("{text}\n{text}").parse().unwrap()),
            withdrawn,
            sign,
        },
    )
}

fn negotiation() -> impl Strategy<Value = negotiation::Message> {
    use negotiation::Message;
    let end = prop_oneof![
        reason().prop_map(|reason| End::Refused { reason }),
        Just(End::Withdrawn),
        Just(End::Expired),
        Just(End::Late),
    ];
    prop_oneof![
        any_cert().prop_map(|cert| Message::Answer { cert: Box::new(cert) }),
        Just(Message::Answered),
        any_tally().prop_map(|tally| Message::Tally(Box::new(tally))),
        version().prop_map(|version| Message::Received { version }),
        version().prop_map(|version| Message::Withdraw { version }),
        (version(), end).prop_map(|(version, end)| Message::Ended { version, end }),
        Just(Message::Ask),
    ]
}

fn ledger() -> impl Strategy<Value = ledger::Message> {
    use ledger::Message;
    prop_oneof![
        (head(), vec(any_chit(), 0..4), head()).prop_map(|(base, chits, head)| Message::Upd {
            base,
            chits,
            head
        }),
        head().prop_map(|head| Message::Ack { head }),
        vec(head(), 0..5).prop_map(|locator| Message::Nak { locator }),
        vec(head(), 0..5).prop_map(|locator| Message::Req { locator }),
    ]
}

fn invoice() -> impl Strategy<Value = invoice::Message> {
    use invoice::Message;
    let named = || {
        (any::<[u8; 16]>(), 1_u32..)
            .prop_map(|(chit, revision)| (ChitId::random(chit), revision.try_into().unwrap()))
    };
    prop_oneof![
        any_invoice().prop_map(|invoice| Message::Invoice(Box::new(invoice))),
        named().prop_map(|(chit, revision)| Message::Received { chit, revision }),
        (named(), reason()).prop_map(|((chit, revision), reason)| Message::Refused {
            chit,
            revision,
            reason
        }),
        Just(Message::Ask),
    ]
}

pub(crate) fn any_moved() -> impl Strategy<Value = Moved> {
    let who = (any::<[u8; 16]>(), any::<bool>(), address());
    let rests = (option::of(head()), option::of(hash()));
    (who, 1_u32.., date(), rests, sign()).prop_map(
        |((tally, stock, address), counter, date, (head, key), sign)| Moved {
            tally: TallyId::random(tally),
            by: if stock { Side::Stock } else { Side::Foil },
            agent: address.agent,
            counter: counter.try_into().unwrap(),
            date,
            head,
            key,
            sign,
        },
    )
}

pub(crate) fn any_freed() -> impl Strategy<Value = Freed> {
    let what = (any::<[u8; 16]>(), hash(), any::<bool>());
    (what, date(), option::of(hash()), sign()).prop_map(
        |((tally, lift, stock), date, key, sign)| {
            let by = if stock { Side::Stock } else { Side::Foil };
            Freed { tally: TallyId::random(tally), lift: lift.into(), by, date, key, sign }
        },
    )
}

pub(crate) fn any_note() -> impl Strategy<Value = Note> {
    let body = prop_oneof![
        negotiation().prop_map(Body::Negotiation),
        ledger().prop_map(Body::Ledger),
        invoice().prop_map(Body::Invoice),
        any_freed().prop_map(|freed| Body::Freed(Box::new(freed))),
    ];
    let proofs = (option::of(hash()), option::of(any_moved()));
    (any::<[u8; 16]>(), address(), cuid(), proofs, body).prop_map(
        |(tally, from, to, (token, moved), body)| Note {
            tally: TallyId::random(tally),
            from,
            to,
            token,
            moved,
            body,
        },
    )
}
