//! One payment between sites, as the book shows what is said of it: the bakery buys flour from a mill at another site,
//! over the dairy. What is asked, laid out, promised, asked of referees, told among them and decided is made here.

use protocol::agreement::{Ballot, Round, Statement, Vote};
use protocol::bounded::List;
use protocol::chit::Positive;
use protocol::errand::{Ask, Compose, Composed, Drawn, Errand, Expect, Expected, Laid, Meet};
use protocol::lift::{
    Authorisation, Certificate, Conditional, Decided, Evidence, Leg, Mode, Outcome, Promise,
    Reason, Refused, Tree,
};
use protocol::note::Body;
use protocol::participant::Word;
use protocol::proof::{Contradiction, Proof};
use protocol::query::{Advert, Answer, Curve, Payee, Plan, Point, Query, Said, Sought, nonce};
use protocol::referee::{Given, Input, Lie, Referee, Ruling, Stated};
use protocol::{
    AgentId, ChipAddress, Hash, Lift, LiftId, PayNumber, PaymentId, Record as _, SecretKey, Side,
    Signed as _, Signer as _, TallyId, Units, Verified,
};

/// Every kind of errand, by the names that their examples have.
pub(super) const ERRANDS: [&str; 14] = [
    "query",
    "answer",
    "advert",
    "compose",
    "composed",
    "expect",
    "expected",
    "authorisation",
    "meet",
    "ask",
    "telling",
    "certificate",
    "lie",
    "contradiction",
];

/// From which the key of the payee's agent is made.
const PAYEES_AGENT: u8 = 30;

/// The payment, its lift, and who decides it.
pub(super) struct Story {
    signed: Authorisation,
    lift: Lift,
    /// The leg over the tally of bakery and dairy, and the one from the dairy to the mill.
    legs: [Leg; 2],
    branches: Vec<Hash>,
    /// The keys of the three sites, the payer's first.
    keys: [SecretKey; 3],
    referees: Vec<SecretKey>,
}

fn positive(milli: i64) -> Positive {
    Units::new(milli).unwrap().try_into().unwrap()
}

fn key(seed: u8) -> SecretKey {
    SecretKey::ed25519(&[seed; 32])
}

fn named(what: &str) -> Hash {
    Hash::of(format!("an example of {what}").as_bytes())
}

fn list<T: Clone + std::fmt::Debug, const MOST: usize>(items: Vec<T>) -> List<T, MOST> {
    List::new(items).unwrap()
}

impl Story {
    /// The bakery pays 12.500 to a mill, and gives 12.600 to the dairy for it.
    pub(super) fn new(tally: TallyId, payer: ChipAddress, payers_key: &SecretKey) -> Self {
        let mill = AgentId::of(&key(PAYEES_AGENT).public_key()).unwrap();
        let payee = format!("chip://mill:{mill}@ashby.example:8421").parse().unwrap();
        let signed = Authorisation {
            uuid: PaymentId::random([9; 16]),
            payer,
            payee,
            units: positive(12_500),
            most: positive(13_000),
            date: "2026-10-06T07:59:30.000Z".parse().unwrap(),
            expires: "2026-10-06T08:59:30.000Z".parse().unwrap(),
            r#ref: "flour-31".parse().ok(),
            memo: None,
            sign: None,
        };
        let signed = signed.signed(payers_key).unwrap();
        let legs = [
            Leg { tally, by: Side::Foil, units: positive(12_600) },
            Leg { tally: TallyId::random([8; 16]), by: Side::Stock, units: positive(12_500) },
        ];
        let keys = [31, 32, 33].map(key);
        let nonce = named("a lift's nonce");
        let mut branches: Vec<Hash> =
            legs.iter().map(|leg| leg.leaf(Some(nonce)).unwrap()).collect();
        branches.sort_unstable();
        let mut participants: Vec<_> = keys.iter().map(SecretKey::public_key).collect();
        participants.sort_unstable();
        let id = |key: &SecretKey| AgentId::of(&key.public_key()).unwrap();
        let mut referees: Vec<SecretKey> = (41..45).map(key).collect();
        referees.sort_unstable_by_key(id);
        let date: protocol::Timestamp = "2026-10-06T08:00:00.000Z".parse().unwrap();
        let lift = Lift {
            nonce,
            mode: Mode::Payment,
            date,
            deadline: date.plus_ms(30_000).unwrap(),
            legs: Tree::new(branches.clone()).unwrap().root(),
            participants: list(participants),
            referees: list(referees.iter().map(id).collect()),
            quorum: 3,
            payment: Some(signed.hash().unwrap()),
        };
        Self { signed, lift, legs, branches, keys, referees }
    }

    /// Its name.
    pub(super) fn lift(&self) -> LiftId {
        self.lift.id().unwrap()
    }

    /// The promises, in the order of their keys.
    fn promises(&self) -> Vec<Promise> {
        let lift = self.lift.id().unwrap();
        let promise = |key: &SecretKey| {
            let (by, judged) = (key.public_key(), named("what was judged"));
            Promise { lift, by, judged, sign: None }.signed(key).unwrap()
        };
        let mut promises: Vec<_> = self.keys.iter().map(promise).collect();
        promises.sort_unstable_by_key(|promise| promise.by);
        promises
    }

    /// What the bakery's site says to the dairy's, once it has promised.
    pub(super) fn word(&self, agent: &SecretKey, users: Hash) -> Body {
        let (lift, own) = (self.lift.id().unwrap(), self.keys[0].public_key());
        let [leg, _] = self.legs;
        let conditional =
            Conditional { lift, leg, users, side: leg.by, key: own, anew: false, sign: None };
        let promises = self.promises().into_iter().filter(|promise| promise.by == own);
        Body::Lift(Box::new(Word {
            lift: self.lift.clone(),
            branches: list(self.branches.clone()),
            conditional: conditional.signed(agent).unwrap(),
            promises: list(promises.collect()),
            refused: None,
            certificate: None,
            given: None,
        }))
    }

    /// Every errand of it.
    pub(super) fn errands(&self) -> Vec<Errand> {
        let promises = Evidence::Promises(list(self.promises()));
        let (telling, certificate) = self.decided(&promises);
        let (query, answer, advert) = self.searched();
        let (token, nonce) = (named("a token"), self.lift.nonce);
        let (amount, most) = (self.signed.units, self.signed.most);
        let mut beyond: Vec<_> = self.keys[1..].iter().map(SecretKey::public_key).collect();
        beyond.sort_unstable();
        let laid = Laid {
            enters: self.legs[0].units,
            participants: list(beyond),
            branches: list(self.branches.clone()),
        };
        let ask = Ask::new(self.lift.clone(), Some(promises));
        vec![
            Errand::Query(Box::new(query)),
            Errand::Answer(Box::new(answer)),
            Errand::Advert(Box::new(advert)),
            Errand::Compose(Box::new(Compose { token, nonce, amount, most })),
            Errand::Composed(Box::new(Composed { token, nonce, drawn: Drawn::Laid(laid) })),
            Errand::Expect(Box::new(self.expect())),
            Errand::Expected(Box::new(self.expected())),
            Errand::Authorisation(Box::new(self.signed.clone())),
            Errand::Meet(Box::new(self.meet())),
            Errand::Ask(Box::new(ask)),
            telling,
            Errand::Certificate(Box::new(certificate.clone())),
            Errand::Proof(Proof::Lie(Box::new(self.lie()))),
            Errand::Proof(Proof::Contradiction(Box::new(self.contradiction(certificate)))),
        ]
    }

    /// The first referee votes for both outcomes in one round.
    fn lie(&self) -> Lie {
        let (lift, key) = (self.lift.id().unwrap(), &self.referees[0]);
        let stated = |outcome| {
            let ballot = Ballot::Prevote;
            let statement =
                Statement::Vote(Vote { ballot, round: Round::FIRST, outcome: Some(outcome) });
            Stated { statement, sign: Ruling { lift, statement }.sign_with(key).unwrap() }
        };
        let [first, second] = [Outcome::Commit, Outcome::Void].map(stated);
        Lie { lift, referee: self.lift.referees[0], first, second }
    }

    /// After the lift was decided, its referees decide it once more, as if the dairy had refused.
    fn contradiction(&self, commit: Certificate) -> Contradiction {
        let (lift, by) = (self.lift.id().unwrap(), self.keys[1].public_key());
        let refused = Refused { lift, by, reason: Reason::Settings, sign: None };
        let refused = Evidence::Refused(refused.signed(&self.keys[1]).unwrap());
        let (_, void) = self.decided(&refused);
        Contradiction { lift: self.lift.clone(), commit, void }
    }

    fn expect(&self) -> Expect {
        Expect { nonce: self.lift.nonce, payment: self.signed.hash().unwrap() }
    }

    /// The payee's site is the last of those that take part.
    fn expected(&self) -> Expected {
        let Expect { nonce, payment } = self.expect();
        let keys = list(vec![self.keys[2].public_key()]);
        Expected { nonce, payment, keys, sign: None }.signed(&key(PAYEES_AGENT)).unwrap()
    }

    fn meet(&self) -> Meet {
        let (payee, number) = (self.signed.payee.cuid.clone(), PayNumber::of(&named("a number")));
        Meet { payee, units: self.signed.units, expires: self.signed.expires, number, attempt: 7 }
    }

    fn searched(&self) -> (Query, Answer, Advert) {
        let session = named("a session");
        let ([first, last], payee) = (self.legs, &self.signed.payee);
        let point =
            |arrives, enters| Point { arrives: positive(arrives), enters: positive(enters) };
        let plan = |token, points, sites| Plan {
            token: named(token),
            curve: Curve::new(points).unwrap(),
            sites,
            referees: self.lift.referees.clone(),
        };
        let query = Query {
            session,
            nonce: nonce(first.tally, session, 0),
            turn: 0,
            sought: Sought::Payee(Payee::of(&payee.cuid, &payee.agent, session)),
            amount: self.signed.units,
            most: self.signed.most,
            depth: 2.try_into().unwrap(),
            budget: 64.try_into().unwrap(),
            referees: self.lift.referees.clone(),
            trail: list(vec![named("the payer's site's mark")]),
        };
        let plans = vec![plan("a token", vec![point(6_250, 6_300), point(12_500, 12_600)], 2)];
        let said = Said::Plans(list(plans));
        let answer = Answer { session, nonce: query.nonce, used: 3.try_into().unwrap(), said };
        let advert = Advert {
            session,
            nonce: nonce(last.tally, session, 0),
            turn: 0,
            round: false,
            amount: self.signed.units,
            plan: plan("another token", vec![point(12_500, 12_500)], 1),
            depth: 3.try_into().unwrap(),
            budget: 16.try_into().unwrap(),
            trail: list(vec![named("the payee's site's mark")]),
        };
        (query, answer, advert)
    }

    /// The referees are asked, and tell each other until they have decided: the last words of the first, and the
    /// certificate.
    fn decided(&self, evidence: &Evidence) -> (Errand, Certificate) {
        let given = Given { is_past: false };
        let mut all: Vec<Referee> = (self.lift.referees.iter())
            .map(|agent| {
                let referee = Referee::new(self.lift.clone(), agent).unwrap();
                referee.step(Input::Ask(Some(evidence.clone())), given).unwrap().referee
            })
            .collect();
        for _ in 0..8 {
            for from in 0..all.len() {
                if let Some(certificate) = all[0].certificate(&self.referees[0]).unwrap() {
                    let telling = all[0].tells(&self.referees[0]).unwrap();
                    return (Errand::Telling(Box::new(telling)), certificate);
                }
                let told = all[from].tells(&self.referees[from]).unwrap();
                let told = told.check(self.lift.referees[from]).unwrap();
                for to in (0..all.len()).filter(|to| *to != from) {
                    let input = Input::Tell(Box::new(told.clone()));
                    all[to] = all[to].step(input, given).unwrap().referee;
                }
            }
        }
        panic!("four honest referees that hear each other decide");
    }

    /// What the book shows of this payment is signed as it says, and fits together.
    pub(super) fn proves(&self, errand: Errand, payer: &SecretKey) {
        let id = self.lift.id().unwrap();
        match errand {
            Errand::Query(query) => query.check().unwrap(),
            Errand::Answer(answer) => answer.check().unwrap(),
            Errand::Advert(advert) => advert.check().unwrap(),
            Errand::Compose(compose) => assert!(compose.amount <= compose.most),
            Errand::Composed(composed) => {
                let Drawn::Laid(laid) = composed.drawn else { panic!("it is laid out") };
                assert!(laid.is_in_order());
                // With the payer's own key it is the lift.
                assert_eq!(Tree::new(laid.branches.to_vec()).unwrap().root(), self.lift.legs);
                assert_eq!(laid.participants.len() + 1, self.lift.participants.len());
            }
            Errand::Expect(expect) => assert_eq!(*expect, self.expect()),
            Errand::Expected(expected) => {
                assert!(expected.takes_part(&self.lift));
                expected.check_signatures(&self.signed.payee.agent).unwrap();
            }
            Errand::Authorisation(signed) => {
                signed.check_signatures(&payer.public_key()).unwrap();
                assert_eq!(Some(signed.hash().unwrap()), self.lift.payment);
            }
            Errand::Meet(meet) => {
                assert_eq!((&meet.payee, meet.units), (&self.signed.payee.cuid, self.signed.units));
            }
            Errand::Ask(ask) => ask.evidence().unwrap().check(&ask.lift, id).unwrap(),
            Errand::Telling(telling) => drop(telling.check(self.lift.referees[0]).unwrap()),
            Errand::Certificate(certificate) => {
                let decided = Decided::check(*certificate, &self.lift).unwrap();
                assert_eq!(decided.outcome(), Outcome::Commit);
            }
            Errand::Proof(proof) => {
                assert_eq!((proof.check(), proof.lift()), (Ok(()), Some(id)));
                assert!(proof.liars().contains(&self.lift.referees[0]), "{proof:?}");
            }
        }
    }

    /// A word is good where its neighbour's agent has signed it.
    pub(super) fn proves_word(&self, word: Word, agent: &AgentId) {
        assert_eq!(word.lift, self.lift);
        let promises = word.promises.to_vec();
        word.check(agent).unwrap();
        assert!(promises.into_iter().all(|promise| Verified::check(promise, &()).is_ok()));
    }
}
