//! A partner's site makes up a whole lift: referees, participants and certificate are its own. Nobody at an honest site
//! comes to owe anything by it.

use protocol::bounded::List;
use protocol::lift::{Certificate, Conditional, Evidence, Leg, Mode, Promise, Tree};
use protocol::note::{Body, Note};
use protocol::participant::Word;
use protocol::{Hash, Lift, PublicKey, SecretKey, Side, Signer as _};

use super::fates::run;
use super::paid::three;
use crate::seek::land::{Land, agent, tally_of};
use crate::town::{cuid, units};

/// The liar's site is 0, and ann its user, bob's partner at site 1.
const ANN: Side = Side::Stock;
const BOB: Side = Side::Foil;

fn agent_key(site: u8) -> SecretKey {
    SecretKey::ed25519(&[site + 50; 32])
}

/// A lift by which one of ann and bob gives the other 100,000.
struct MadeUp {
    lift: Lift,
    leg: Leg,
    branches: Vec<Hash>,
    keys: [SecretKey; 2],
}

impl MadeUp {
    fn by(land: &Land, by: Side, name: u8) -> Self {
        let leg = Leg { tally: tally_of(0), by, units: units(100_000).try_into().unwrap() };
        let keys =
            [[90, name], [91, name]].map(|seed| SecretKey::ed25519(Hash::of(&seed).as_bytes()));
        let mut participants: Vec<PublicKey> = keys.iter().map(SecretKey::public_key).collect();
        participants.sort_unstable();
        let (nonce, date) = (Hash::of(&[name]), land.now());
        let mut lift = Lift {
            nonce,
            mode: Mode::Clearing,
            date,
            deadline: date.plus_ms(30_000).unwrap(),
            legs: nonce,
            participants: List::new(participants).unwrap(),
            referees: List::new(vec![agent(0)]).unwrap(),
            quorum: 1,
            payment: None,
        };
        let branches = vec![leg.leaf(lift.salt()).unwrap()];
        lift.legs = Tree::new(branches.clone()).unwrap().root();
        Self { lift, leg, branches, keys }
    }

    fn said(&self, side: Side, by: &SecretKey) -> Conditional {
        let (lift, leg) = (self.lift.id().unwrap(), self.leg);
        let key = self.keys[usize::from(side == BOB)].public_key();
        Conditional { lift, leg, side, key, sign: None }.signed(by).unwrap()
    }

    fn promises(&self) -> List<Promise, { protocol::lift::MAX_PARTICIPANTS }> {
        let lift = self.lift.id().unwrap();
        let promise = |key: &SecretKey| {
            let (by, judged) = (key.public_key(), self.lift.nonce);
            Promise { lift, by, judged, sign: None }.signed(key).unwrap()
        };
        let mut all: Vec<Promise> = self.keys.iter().map(promise).collect();
        all.sort_unstable_by_key(|promise| promise.by);
        List::new(all).unwrap()
    }

    fn word(&self, with_promises: bool, given: Option<Conditional>) -> Word {
        let (id, liar) = (self.lift.id().unwrap(), agent_key(0));
        let evidence = Evidence::Promises(self.promises());
        Word {
            lift: self.lift.clone(),
            branches: List::new(self.branches.clone()).unwrap(),
            conditional: self.said(ANN, &liar),
            promises: if with_promises { self.promises() } else { List::default() },
            refused: None,
            certificate: Some(Certificate::by_sole_referee(id, evidence, &liar).unwrap()),
            given,
        }
    }
}

/// Bob's site hears it from ann's.
async fn hears(land: &Land, word: Word) {
    let body = Body::Lift(Box::new(word));
    let (tally, from, to) = (tally_of(0), land.address("ann"), cuid("bob"));
    let note = Note { tally, from, to, token: None, moved: None, body };
    land.sites[1].hear_from(agent(0), vec![Ok(note)]).await;
    land.sites[1].tend_lifts(land.now()).await.unwrap();
}

async fn balance_of_bob(land: &Land) -> i128 {
    land.sites[1].tally(&cuid("bob"), tally_of(0)).await.unwrap().balance_milli
}

#[test]
fn nobody_owes_by_a_lift_that_its_site_has_not_promised() {
    run(async {
        let land = three().await;
        let mut name = 0;
        for with_promises in [false, true] {
            for given in [None, Some(0), Some(2), Some(1)] {
                name += 1;
                let made_up = MadeUp::by(&land, BOB, name);
                let given = given.map(|site: u8| {
                    // The honest site's own word, but of another lift.
                    let of = MadeUp::by(&land, BOB, if site == 1 { 77 } else { name });
                    of.said(BOB, &agent_key(site))
                });
                hears(&land, made_up.word(with_promises, given)).await;
                assert_eq!(balance_of_bob(&land).await, 0, "{name}");
                let id = made_up.lift.id().unwrap();
                let kept = land.stores[1].read().await.unwrap().parts_in(&id).await.unwrap();
                assert_eq!(kept, [], "{name}: it leaves no trace");
            }
        }
        // What costs the liar's own user only is taken.
        hears(&land, MadeUp::by(&land, ANN, 99).word(true, None)).await;
        assert_eq!(balance_of_bob(&land).await, 100_000);
        land.sites[1].tally(&cuid("bob"), tally_of(1)).await.unwrap();
    });
}
