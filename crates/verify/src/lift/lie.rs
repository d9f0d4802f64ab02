//! What a liar can say over a leg: a word of which every field is varied, as far as its keys and what it knows go.

use protocol::bounded::List;
use protocol::lift::{Certificate, Conditional, Evidence, Mode, Outcome, Promise};
use protocol::participant::Word;
use protocol::{Hash, Lift, LiftId, PublicKey, SecretKey, Signer as _, Timestamp};

use super::cast::{Cast, agent_id, key, promise, refusal, units, users};
use super::contents::{Contents, bits, singles};
use crate::people::{fixed, text};

/// A word that a liar makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lie {
    /// As whom it speaks; beyond the participants, as nobody who takes part.
    pub(crate) as_whom: usize,
    pub(crate) twist: Twist,
    pub(crate) given: Given,
    /// Promises, a refusal and a certificate in it.
    pub(crate) says: Contents,
}

/// What in a word is no truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Twist {
    None,
    /// Another amount.
    Units,
    /// It speaks for its neighbour's side.
    Side,
    /// Another leg than that of the tally.
    Leg,
    /// A tally of the same name, of other users.
    Users,
    /// The leg, of a lift that the record is not.
    OfOther,
    /// Nobody signed it, or an agent that is not the partner's.
    Unsigned,
    Agent,
    /// As if it had lost the lift.
    Anew,
    /// Another lift with the same legs, with what was really decided of it, or without.
    Record(Other),
    Draft(Other),
    /// No leaves of the tree, or another tree's.
    NoBranches,
    OtherBranches,
    /// Its own promise or refusal of another lift.
    Promise,
    Refusal,
    /// The decision of another referee.
    Certificate,
    /// A decision with another outcome, or in another round, than its referee signed.
    Outcome,
    Round,
}

/// What another lift with the same legs differs by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Other {
    /// A referee of the liars' own.
    Referee,
    Deadline,
    Date,
    /// Keys of the liars' alone: it is valid.
    Participants,
    /// A clearing in place of a payment, or the other way round.
    Payment,
    /// Another tree.
    Legs,
}

/// What a liar says that the giver's site, mostly the hearer's, has said of the leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Given {
    None,
    /// What it really said.
    Said,
    /// What it really said of another lift, of another amount, on a tally of the same name of other users.
    OtherLift,
    OtherUnits,
    OtherUsers,
    /// Nobody signed it, the liar's own agent did, or with the key of an agent that the hearer's site was before.
    Unsigned,
    Own,
    Former,
    /// What the taker's site says.
    Takers,
}

impl Other {
    const ALL: [Self; 6] =
        [Self::Referee, Self::Deadline, Self::Date, Self::Participants, Self::Payment, Self::Legs];
}

impl Twist {
    /// What is wrong in what is said of the leg.
    const OF_LEG: [Self; 8] = [
        Self::Units,
        Self::Side,
        Self::Leg,
        Self::Users,
        Self::OfOther,
        Self::Unsigned,
        Self::Agent,
        Self::Anew,
    ];
    /// What is wrong in the rest.
    const OF_REST: [Self; 7] = [
        Self::NoBranches,
        Self::OtherBranches,
        Self::Promise,
        Self::Refusal,
        Self::Certificate,
        Self::Outcome,
        Self::Round,
    ];

    fn all() -> impl Iterator<Item = Self> {
        let records = Other::ALL.into_iter().flat_map(|one| [Self::Record(one), Self::Draft(one)]);
        Self::OF_LEG.into_iter().chain(Self::OF_REST).chain(records)
    }

    const fn other(self) -> Option<Other> {
        match self {
            Self::Record(other) | Self::Draft(other) => Some(other),
            _ => None,
        }
    }
}

impl Given {
    /// Whatever somebody who knows this can put there.
    fn all(known: Contents, leg: usize) -> Vec<Self> {
        use Given::{Former, OtherLift, OtherUnits, OtherUsers, Own, Said, Takers, Unsigned};
        let made = [OtherLift, OtherUnits, OtherUsers, Unsigned, Own, Former, Takers];
        let said = (known.said & (1 << leg) != 0).then_some(Said);
        said.into_iter().chain(made).collect()
    }
}

impl Lie {
    /// All words that somebody who knows this can make over its leg, the plain ones first: as each participant, whatever is
    /// known in every combination; twisted, as each and as nobody, and with each thing that is known; with what is said to be
    /// given, as each and with each certificate.
    pub(crate) fn all(known: Contents, (leg, from): (usize, usize), many: usize) -> Vec<Self> {
        let (single, combined) = (singles(known), known.combined());
        let (none, decided) = (&single[..1], known.with_certificates());
        let mut all = Vec::new();
        let mut add = |as_whom, twist, given, says: &[Contents]| {
            all.extend(says.iter().map(|says| Self { as_whom, twist, given, says: *says }));
        };
        for as_whom in 0..many {
            add(as_whom, Twist::None, Given::None, &combined);
        }
        for as_whom in 0..=many {
            for twist in [Twist::None].into_iter().chain(Twist::all()) {
                add(as_whom, twist, Given::None, if as_whom == from { &single[..] } else { none });
            }
            for given in Given::all(known, leg) {
                for twist in [Twist::None, Twist::Units, Twist::Users] {
                    add(as_whom, twist, given, &decided);
                }
            }
        }
        all
    }
}

/// The seeds of keys that are the liars' own.
const LIARS_REFEREE: u8 = 8;
const NOBODY: u8 = 7;
/// Of the agent that a site was before: the liars have its key.
pub(super) const FORMER: u8 = 6;

const OTHER_MILLI: i64 = 4_000;

impl Cast {
    /// A word that a liar makes over a leg.
    pub(crate) fn word(&self, (leg, from): (usize, usize), lie: Lie) -> Word {
        let Lie { as_whom, twist, given, says } = lie;
        let elsewhere = twist.other().map(|other| self.elsewhere(other, from));
        let lift = elsewhere.as_ref().map_or_else(|| self.lift().clone(), |(lift, _)| lift.clone());
        let conditional = self.said((leg, from), as_whom, twist, fixed(lift.id()));
        Word {
            branches: match twist {
                Twist::NoBranches => List::default(),
                Twist::OtherBranches => fixed(List::new(vec![Hash::of(b"another tree")])),
                _ => self.branches().clone(),
            },
            promises: self.promised(from, twist, says),
            refused: match twist {
                Twist::Refusal => Some(refusal(self.other_id(), self.secret(from)).into_inner()),
                _ => bits(says.refused.into()).next().map(|site| *self.refusals[site]),
            },
            certificate: match twist {
                Twist::Record(_) => elsewhere.map(|(_, certificate)| certificate),
                _ => self.shown(from, twist, says),
            },
            given: self.given((leg, from), given, &conditional),
            lift,
            conditional,
        }
    }

    fn said(
        &self,
        (leg, from): (usize, usize),
        as_whom: usize,
        twist: Twist,
        lift: LiftId,
    ) -> Conditional {
        let key = if as_whom < self.shape.sites() { self.key(as_whom) } else { nobody() };
        let mut said = Conditional { lift, key, ..self.conditional(leg, from, from) };
        match twist {
            Twist::Units => said.leg.units = units(OTHER_MILLI),
            Twist::Side => said.side = said.side.other(),
            Twist::Leg => said.leg = self.way()[(leg + 1) % self.way().len()],
            Twist::Users => said.users = others(),
            Twist::OfOther => said.lift = self.other_id(),
            Twist::Anew => said.anew = true,
            _ => {}
        }
        said.sign = None;
        match twist {
            Twist::Unsigned => said,
            Twist::Agent => fixed(said.signed(&super::cast::key(NOBODY, 1))),
            _ => fixed(said.signed(self.agent(from))),
        }
    }

    fn promised(
        &self,
        from: usize,
        twist: Twist,
        says: Contents,
    ) -> List<Promise, { protocol::lift::MAX_PARTICIPANTS }> {
        let first = bits(says.promises.into()).map(|site| &self.promises[site]);
        let again = bits(says.again.into()).map(|site| &self.again[site]);
        let mut all: Vec<Promise> =
            first.chain(again).map(|promise| promise.clone().into_inner()).collect();
        if twist == Twist::Promise {
            all.push(promise(self.other_id(), self.secret(from), b"judged").into_inner());
        }
        all.sort_by_key(|promise| promise.by);
        fixed(List::new(all))
    }

    /// The certificate in a word, maybe tampered with: what made a decision possible is no part of what referees sign.
    fn shown(&self, from: usize, twist: Twist, says: Contents) -> Option<Certificate> {
        if twist == Twist::Certificate {
            let (_, void) = self.elsewhere(Other::Referee, from);
            let refused = Some(*self.refusals[from]);
            return Some(Certificate { lift: self.id(), refused, ..void });
        }
        let number = bits(says.certificates).next()?;
        let known = self.certificate(u8::try_from(number).unwrap_or_default());
        let known = known.certificate().clone();
        Some(match (twist, known.outcome) {
            (Twist::Outcome, Outcome::Commit) => Certificate {
                outcome: Outcome::Void,
                refused: Some(*self.refusals[from]),
                promises: List::default(),
                ..known
            },
            (Twist::Outcome, Outcome::Void) => Certificate {
                outcome: Outcome::Commit,
                refused: None,
                late: List::default(),
                ..known
            },
            (Twist::Round, _) => Certificate { round: known.round + 1, ..known },
            _ => known,
        })
    }

    fn given(
        &self,
        (leg, from): (usize, usize),
        given: Given,
        conditional: &Conditional,
    ) -> Option<Conditional> {
        let [giver, taker] = self.ends(leg);
        let hearer = if giver == from { taker } else { giver };
        let really = Conditional { sign: None, ..self.conditional(leg, giver, giver) };
        // What is made up fits what is said of the leg.
        let Conditional { leg: said, users, lift, .. } = *conditional;
        let made = Conditional { leg: said, users, lift, side: said.by, ..really };
        let own = self.agent(from);
        let (said, agent) = match given {
            Given::None => return None,
            Given::Unsigned => return Some(made),
            Given::Said => (really, self.agent(giver)),
            Given::OtherLift => {
                (Conditional { lift: self.other_id(), ..really }, self.agent(giver))
            }
            Given::OtherUnits => {
                let mut really = really;
                really.leg.units = units(OTHER_MILLI);
                (really, self.agent(giver))
            }
            Given::OtherUsers => (Conditional { users: others(), ..really }, self.agent(giver)),
            Given::Own => (made, own),
            Given::Former => return Some(fixed(made.signed(&self.former(hearer)))),
            Given::Takers => (Conditional { side: made.side.other(), ..made }, own),
        };
        Some(fixed(said.signed(agent)))
    }

    /// Another lift with the same legs as liars would lay it out, and what was decided of it.
    fn elsewhere(&self, other: Other, from: usize) -> (Lift, Certificate) {
        self.others.get((other, from), |_| {
            let (liars, mut lift) = (key(LIARS_REFEREE, 0), self.lift().clone());
            let mut referee = self.referees.first().unwrap_or(&liars);
            match other {
                Other::Referee => {
                    lift.referees = fixed(List::new(vec![agent_id(&liars)]));
                    (lift.quorum, referee) = (1, &liars);
                }
                Other::Deadline => lift.deadline = text::<Timestamp>("2026-11-26T13:00:00.000Z"),
                Other::Date => lift.date = text::<Timestamp>("2026-11-26T11:00:00.000Z"),
                Other::Participants => {
                    let mut keys = vec![self.key(from), nobody()];
                    keys.sort_unstable();
                    lift.participants = fixed(List::new(keys));
                }
                Other::Payment if lift.mode == Mode::Payment => {
                    (lift.mode, lift.payment) = (Mode::Clearing, None);
                }
                Other::Payment => {
                    let signed = Some(Hash::of(b"another payment"));
                    (lift.mode, lift.payment) = (Mode::Payment, signed);
                }
                Other::Legs => lift.legs = Hash::of(b"another tree"),
            }
            let id = fixed(lift.id());
            let evidence = if other == Other::Participants {
                let keys = [self.secret(from), &key(NOBODY, 0)];
                let mut all = keys.map(|secret| promise(id, secret, b"judged").into_inner());
                all.sort_unstable_by_key(|promise| promise.by);
                Evidence::Promises(fixed(List::new(all.to_vec())))
            } else {
                Evidence::Refused(refusal(id, self.secret(from)).into_inner())
            };
            let certificate = fixed(Certificate::by_sole_referee(id, evidence, referee));
            (lift, certificate)
        })
    }

    /// The name of another lift with the same legs.
    fn other_id(&self) -> LiftId {
        fixed(self.elsewhere(Other::Deadline, 0).0.id())
    }

    /// A certificate of another lift, under a referee of the liars' own or under this one's.
    pub(super) fn of_another(&self, other: Other, site: usize) -> protocol::lift::Decided {
        let (lift, certificate) = self.elsewhere(other, site);
        fixed(protocol::lift::Decided::check(certificate, &lift))
    }

    /// The key of the agent that a site was before.
    pub(super) fn former(&self, site: usize) -> SecretKey {
        key(FORMER, self.sites[site])
    }
}

/// Keys of nobody's who takes part.
fn nobody() -> PublicKey {
    key(NOBODY, 0).public_key()
}

/// Other users than those of any tally here.
fn others() -> Hash {
    let others = Hash::of(b"users of a tally of the same name");
    debug_assert_ne!(others, users());
    others
}
