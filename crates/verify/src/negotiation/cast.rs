//! Suzie, who invites with the stock, and Bob, who answers with the foil: certs, wordings, and signatures that
//! are real, each made and checked once.

use std::num::NonZeroU32;

use protocol::cert::Type;
use protocol::negotiation::{Draft, Given, Message, Negotiation};
use protocol::tally::{Members, Party, SignedBy};
use protocol::{AgentId, Cert, SecretKey, Side, Signer as _, Tally, TallyId, Timestamp, Verified};

use crate::memo::Memo;
use crate::people::{self, agreed, limit, text};

/// The two users, what they sign, and what was made of it so far.
pub(super) struct Cast {
    keys: [SecretKey; 2],
    certs: [Verified<Cert>; 2],
    signed: Memo<(Tally, Side), Tally>,
    checked: Memo<Tally, SignedBy>,
}

pub(super) fn place(side: Side) -> usize {
    usize::from(side == Side::Foil)
}

/// Before the first revision expires, or when it has.
pub(super) fn given(is_late: bool, closed: bool) -> Given {
    let now = if is_late { expires() } else { text("2026-11-23T08:00:00.000Z") };
    Given { now, closed }
}

fn expires() -> Timestamp {
    text("2026-12-01T00:00:00.000Z")
}

fn written() -> Timestamp {
    text("2026-11-22T09:30:00.000Z")
}

const fn tally_id() -> TallyId {
    TallyId::random([3; 16])
}

/// What a user offers as this revision; `again` is another wording, as by a user who has forgotten the
/// first. Only the first revision expires.
fn wording(side: Side, revision: u32, again: bool) -> Draft {
    let milli = 1_000 * i64::from(revision) + i64::from(side == Side::Foil);
    Draft {
        expires: (revision == 1).then(expires),
        memo: again.then(|| text("again")),
        agree: agreed(),
        holder: limit(milli),
        partner: limit(7),
    }
}

fn cert(side: Side, key: &SecretKey) -> Verified<Cert> {
    let agent = AgentId::of(&SecretKey::ed25519(&[9; 32]).public_key()).expect("an agent's key");
    match side {
        Side::Stock => people::cert(("suzie", "Suzie's Cheese"), Type::Organisation, key, agent),
        Side::Foil => people::cert(("bob", "Bob"), Type::Person, key, agent),
    }
}

impl Cast {
    pub(super) fn new() -> Self {
        let keys = [11, 2].map(|byte| SecretKey::ed25519(&[byte; 32]));
        let certs = Side::BOTH.map(|side| cert(side, &keys[place(side)]));
        Self { keys, certs, signed: Memo::new(), checked: Memo::new() }
    }

    /// Suzie's half, which nobody answered, and Bob's, who answers.
    pub(super) fn begin(&self) -> [Negotiation; 2] {
        let [suzie, bob] = self.certs.clone();
        let tally = tally_id();
        let draft = |side| wording(side, 1, false);
        let answer = Negotiation::answer(tally, Side::Foil, bob, suzie.clone(), draft(Side::Foil));
        let invite = Negotiation::invite(tally, Side::Stock, suzie, draft(Side::Stock));
        [invite, answer.expect("two users")]
    }

    /// What the holder of a half offers next, unsigned; nothing where it cannot.
    pub(super) fn next(&self, half: &Negotiation, again: bool) -> Option<Tally> {
        let side = half.side();
        let first = half.to_offer(wording(side, 1, false), written()).ok()?;
        half.to_offer(wording(side, first.members().revision.get(), again), written()).ok()
    }

    /// What the user on a side offers as this revision, unsigned.
    pub(super) fn text(&self, side: Side, revision: u32, again: bool) -> Tally {
        let [suzie, bob] = &self.certs;
        let draft = wording(side, revision, again);
        let party = |cert: &Verified<Cert>, terms| Party { cert: (**cert).clone(), terms };
        let (stock, foil) = match side {
            Side::Stock => (draft.holder, draft.partner),
            Side::Foil => (draft.partner, draft.holder),
        };
        let members = Members {
            uuid: tally_id(),
            revision: NonZeroU32::new(revision).expect("from 1"),
            date: written(),
            expires: draft.expires,
            memo: draft.memo,
            stock: party(suzie, stock),
            foil: party(bob, foil),
            agree: draft.agree,
            sign: None,
        };
        Tally::new(members).expect("a tally of two users")
    }

    /// Bob's answer to the invitation.
    pub(super) fn answer(&self) -> Message {
        Message::Answer { cert: Box::new(self.certs[1].clone().into_inner()) }
    }

    /// A tally with one more signature.
    pub(super) fn sign(&self, tally: &Tally, side: Side) -> Tally {
        self.signed.get((tally.clone(), side), |(tally, side)| {
            tally.clone().signed(*side, &self.keys[place(*side)]).expect("the key of that side")
        })
    }

    /// Who signed a tally, every signature on it checked.
    pub(super) fn checked(&self, tally: &Tally) -> SignedBy {
        self.checked.get(tally.clone(), |tally| {
            SignedBy::check(tally.clone()).expect("a signature of this file")
        })
    }

    /// A message as it comes out of the checks of a site.
    pub(super) fn received(&self, message: &Message) -> Message<SignedBy, Verified<Cert>> {
        match message {
            Message::Tally(tally) => Message::Tally(Box::new(self.checked(tally))),
            other => other.clone().check().expect("a cert of this file"),
        }
    }
}
