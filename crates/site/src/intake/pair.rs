//! Both halves of one tally side by side, and the notes between them: what happens at a site over days,
//! here in one go.

use std::collections::VecDeque;

use protocol::chit::Chit;
use protocol::half::HalfTally;
use protocol::ledger::{Good, Input as LedgerInput, Link, Stop};
use protocol::negotiation::{Draft, Input as NegotiationInput, Negotiation};
use protocol::note::Body;
use protocol::tally::{Sign, SignedBy};
use protocol::{Cert, Side, Tally, Timestamp, Verified};

use crate::error::SiteError;

/// One half, and its chain.
pub(super) struct Half {
    pub(super) state: HalfTally,
    pub(super) links: Vec<Link>,
}

/// The two halves, and what they have said to each other and not heard yet.
pub(super) struct Pair {
    stock: Half,
    foil: Half,
    said: VecDeque<(Side, Body)>,
    now: Timestamp,
}

impl Pair {
    /// The vendor invites, the client answers and signs the offer, the vendor accepts; then the
    /// chits are written, each by its side. All notes are delivered.
    pub(super) fn open(
        tally: &Verified<Tally>,
        stock: Verified<Cert>,
        foil: Verified<Cert>,
        chits: Vec<Chit>,
        now: Timestamp,
    ) -> Result<Self, SiteError> {
        let uuid = tally.members().uuid;
        let draft = |side| Draft::of(tally, side);
        let inviter = Negotiation::invite(uuid, Side::Stock, stock.clone(), draft(Side::Stock));
        let answer = Negotiation::answer(uuid, Side::Foil, foil, stock, draft(Side::Foil))?;
        let half = |negotiation| Half { state: HalfTally::new(negotiation), links: Vec::new() };
        let (stock, foil) = (half(inviter), half(answer));
        let mut pair = Self { stock, foil, said: VecDeque::new(), now };
        pair.negotiate(Side::Foil, NegotiationInput::Remind)?;
        pair.deliver()?;
        let offer = match SignedBy::check(signed_by_foil(tally)?)? {
            SignedBy::One(offer) => NegotiationInput::Offer(Box::new(offer)),
            SignedBy::Both(_) | SignedBy::Nobody(_) => return Err(missing(Side::Foil)),
        };
        pair.negotiate(Side::Foil, offer)?;
        pair.deliver()?;
        let accept = NegotiationInput::Accept(Box::new(tally.clone()));
        pair.negotiate(Side::Stock, accept)?;
        pair.deliver()?;
        for chit in chits {
            let writer = chit.by;
            let chit = pair.half(writer).good(chit)?;
            // What both agreed on before stands, whatever the limit of the new tally says.
            pair.ledger(writer, LedgerInput::Write { chit, over_limit: true })?;
            pair.deliver()?;
        }
        Ok(pair)
    }

    /// The halves, when all is said.
    pub(super) fn halves(self) -> [Half; 2] {
        [self.stock, self.foil]
    }

    fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Stock => &mut self.stock,
            Side::Foil => &mut self.foil,
        }
    }

    fn deliver(&mut self) -> Result<(), SiteError> {
        while let Some((to, body)) = self.said.pop_front() {
            match body {
                Body::Negotiation(message) => {
                    self.negotiate(to, NegotiationInput::Receive(message.check()?))?;
                }
                // Nobody asks for anything here.
                Body::Invoice(_) | Body::Lift(_) | Body::Freed(_) => {}
                Body::Ledger(message) => {
                    message.check_length()?;
                    let half = self.half(to);
                    let message = message.try_map(|chit| half.good(chit))?;
                    self.ledger(to, LedgerInput::Receive(message))?;
                }
            }
        }
        Ok(())
    }

    fn negotiate(&mut self, side: Side, input: NegotiationInput) -> Result<(), SiteError> {
        let now = self.now;
        let half = self.half(side);
        // There is one revision, so none governs over an earlier one.
        let done = half.state.negotiate(input, now)?;
        half.state = done.half;
        self.said.extend(done.send.into_iter().map(|said| (side.other(), Body::Negotiation(said))));
        Ok(())
    }

    fn ledger(&mut self, side: Side, input: LedgerInput) -> Result<(), SiteError> {
        let half = self.half(side);
        let ledger = half.state.ledger.as_ref().ok_or_else(|| missing(side))?;
        let step = ledger.step(input, &half.links).map_err(|stop| match stop {
            Stop::Refused(refusal) => SiteError::from(refusal),
            // The whole chain is at hand.
            Stop::Missing(_) => SiteError::History { index: ledger.head().index },
        })?;
        if let Some(change) = step.change {
            half.links.truncate(usize::try_from(change.keep).unwrap_or(usize::MAX));
            half.links.extend(change.then);
        }
        half.state.ledger = Some(step.ledger);
        self.said.extend(step.send.into_iter().map(|said| (side.other(), Body::Ledger(said))));
        Ok(())
    }
}

impl Half {
    fn good(&self, chit: Chit) -> Result<Good, SiteError> {
        let side = self.state.negotiation.side();
        let ledger = self.state.ledger.as_ref().ok_or_else(|| missing(side))?;
        Ok(ledger.prove(chit)?)
    }
}

/// The tally as the client offers it, before the vendor has signed.
fn signed_by_foil(tally: &Tally) -> Result<Tally, SiteError> {
    let mut members = tally.members().clone();
    members.sign = members.sign.map(|sign| Sign { stock: None, ..sign });
    Tally::new(members).map_err(|_| missing(Side::Foil))
}

fn missing(side: Side) -> SiteError {
    SiteError::Signature(protocol::SignatureFault::Missing { by: side.word() })
}
