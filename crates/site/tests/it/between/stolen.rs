//! A site has another agent since somebody has the key of the one before, and with it all keys that it would have taken part
//! in lifts with: what that agent laid out and never promised, the thief promises in its name.

use protocol::bounded::List;
use protocol::errand::{Ask, Errand};
use protocol::lift::{Certificate, Conditional, Evidence, Promise};
use protocol::note::{Body, Note};
use protocol::participant::{MAX_BRANCHES, Word};
use protocol::{Hash, Lift, Record as _, SecretKey, Signer as _, TallyId};
use site::{Site, lift_key};
use store::{LiftPart, Store};

use super::around::circle;
use super::fates::run;
use super::paid::three;
use crate::seek::land::{Land, agent, tally_of};
use crate::town::{cuid, user};

/// The referee of both lands: it is honest, and decides what it is asked.
const REFEREE: usize = 3;

fn agent_key(site: usize) -> SecretKey {
    SecretKey::ed25519(&[u8::try_from(site).unwrap() + 50; 32])
}

/// What was laid out, as the thief found it beside the key.
struct Found {
    lift: Lift,
    branches: List<Hash, MAX_BRANCHES>,
    /// What the agent would have said of its legs to other sites.
    said: Vec<Conditional>,
    /// The site as it was then.
    copy: Store,
}

impl Found {
    /// In this part, which is not promised.
    fn of(part: &LiftPart, store: &Store) -> Self {
        let state: serde_json::Value = serde_json::from_str(&part.state).unwrap();
        let kept = &state["participant"];
        assert!(state["more"].get("judged").is_none(), "{state}");
        let read = |name: &str| kept[name].clone();
        Self {
            lift: Lift::read(read("lift").to_string().as_bytes()).unwrap(),
            branches: serde_json::from_value(read("branches")).unwrap(),
            said: serde_json::from_value(read("ours")).unwrap(),
            copy: store.copy_in_memory().unwrap(),
        }
    }

    /// Makes it valid: whoever has the keys of all these sites promises for each by the tally that its part is named by.
    async fn decided(&self, land: &Land, parts: &[(usize, TallyId)]) -> Certificate {
        let lift = self.lift.id().unwrap();
        let promise = |(site, over): &(usize, TallyId)| {
            let key = lift_key(&agent_key(*site), None, self.lift.nonce, *over).unwrap();
            let (by, judged) = (key.public_key(), Hash::of(b"nothing was judged"));
            Promise { lift, by, judged, sign: None }.signed(&key).unwrap()
        };
        let mut promises: Vec<Promise> = parts.iter().map(promise).collect();
        promises.sort_unstable_by_key(|promise| promise.by);
        let all: Vec<_> = promises.iter().map(|promise| promise.by).collect();
        assert_eq!(all, self.lift.participants.to_vec(), "all that take part");
        let evidence = Evidence::Promises(List::new(promises).unwrap());
        let ask = Errand::Ask(Box::new(Ask::new(self.lift.clone(), Some(evidence))));
        match land.sites[REFEREE].hear_errand(agent(1), ask).await {
            Some(Errand::Certificate(certificate)) => *certificate,
            other => panic!("{other:?}"),
        }
    }

    /// The certificate is shown to a site, and what it would have said of this leg, by the partner's at the other end of it.
    async fn shown(
        &self,
        land: &Land,
        (site, holder): (usize, &str),
        (certificate, said, by): (&Certificate, usize, (usize, TallyId, &str)),
    ) {
        let errand = Errand::Certificate(Box::new(certificate.clone()));
        land.sites[site].hear_errand(agent(by.0), errand).await;
        land.sites[site].tend_lifts(land.now()).await.unwrap();
        let given = self.said[said];
        let key = lift_key(&agent_key(by.0), None, self.lift.nonce, by.1).unwrap().public_key();
        let theirs = Conditional { side: given.side.other(), key, sign: None, ..given };
        let word = Word {
            lift: self.lift.clone(),
            branches: self.branches.clone(),
            conditional: theirs.signed(&agent_key(by.0)).unwrap(),
            promises: List::default(),
            refused: None,
            certificate: Some(certificate.clone()),
            given: Some(given),
        };
        let (from, to) = (land.address(by.2), cuid(holder));
        let body = Body::Lift(Box::new(word));
        let note = Note { tally: given.leg.tally, from, to, token: None, moved: None, body };
        land.sites[site].hear_from(agent(by.0), vec![Ok(note)]).await;
        land.sites[site].tend_lifts(land.now()).await.unwrap();
    }
}

async fn balance(land: &Land, name: &str, tie: usize) -> i64 {
    let seen = land.site_of(name).tally(&cuid(name), tally_of(tie)).await.unwrap();
    i64::try_from(seen.balance_milli).unwrap()
}

/// Time passes until a part is kept at this site, which does nothing about it; nor do those after it. The site as it is then.
pub(super) async fn laid_out(land: &Land, site: usize) -> Store {
    found(land, site).await.copy
}

async fn found(land: &Land, site: usize) -> Found {
    for _ in 0..400 {
        land.world.pass(50);
        land.carry_with_answers().await;
        tokio::task::yield_now().await;
        for before in &land.sites[..site] {
            before.tend_lifts(land.now()).await.unwrap();
        }
        land.deliver().await;
        let open = land.stores[site].read().await.unwrap().open_parts(None, 9).await.unwrap();
        if let Some(part) = open.first() {
            return Found::of(part, &land.stores[site]);
        }
    }
    panic!("nothing is laid out");
}

/// A site goes back to when that was laid out, and is another agent.
async fn goes_back(land: &mut Land, site: usize, copy: Store) {
    land.stores[site] = copy;
    land.has_another_agent(site).await;
    land.sites[site].begin_epoch(land.now()).await.unwrap();
}

/// Ann's site began a way round over bob's, who owes her, and cat's, whom she owes. With bob's and cat's sites the thief makes it
/// valid, and cat's says nothing of what comes back.
#[test]
fn a_way_round_that_an_agent_of_before_laid_out_takes_nothing() {
    run(async {
        let mut land = circle(&[5_000, 3_000, 4_000]).await;
        let looking: Site = land.sites[0].clone();
        let asked = tokio::spawn(async move { looking.clear_around().await });
        let found = found(&land, 0).await;
        asked.abort();
        goes_back(&mut land, 0, found.copy.clone()).await;
        let parts = [(0, tally_of(0)), (1, tally_of(0)), (2, tally_of(1)), (0, tally_of(2))];
        let certificate = found.decided(&land, &parts).await;
        let by = (1, tally_of(0), "bob");
        found.shown(&land, (0, "ann"), (&certificate, 0, by)).await;
        assert_eq!(balance(&land, "ann", 0).await, 5_000, "bob owes her as much as before");
        assert_eq!(balance(&land, "ann", 2).await, -4_000);
        // Nobody else knows whether she gave: she is asked.
        assert_eq!(land.told("ann", "lift_claimed").await.len(), 1);
        let examined = land.sites[0].doctor(&mut |_| ()).await.unwrap();
        assert!(examined.faults.is_empty(), "{:?}", examined.faults);
    });
}

/// Bob's site was asked to pass a payment on, and had not judged whether his settings allow it.
#[test]
fn a_payment_that_an_agent_of_before_was_to_pass_on_takes_nothing() {
    run(async {
        let mut land = three().await;
        let signed = Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000]));
        let asked = land.asks("pay", signed);
        let found = found(&land, 1).await;
        asked.abort();
        goes_back(&mut land, 1, found.copy.clone()).await;
        let parts = [(0, tally_of(0)), (1, tally_of(0)), (2, tally_of(1))];
        let certificate = found.decided(&land, &parts).await;
        let out = found.said.iter().position(|said| said.leg.tally == tally_of(1)).unwrap();
        let by = (2, tally_of(1), "cat");
        found.shown(&land, (1, "bob"), (&certificate, out, by)).await;
        assert_eq!(balance(&land, "bob", 1).await, 0, "he gives nothing");
        assert_eq!(land.told("bob", "lift_claimed").await.len(), 1);
        let seen = land.sites[1].tallies(&user("bob"), None, 9).await.unwrap();
        assert_eq!(seen.iter().map(|half| half.claimed.len()).sum::<usize>(), 1);
    });
}

/// What its own payer signed is known of as before: it is not begun a second time.
#[test]
fn a_payment_that_its_payer_signed_is_under_way_also_as_another_agent() {
    run(async {
        let mut land = three().await;
        let signed = Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000]));
        let asked = land.asks("pay", signed);
        let found = found(&land, 0).await;
        asked.abort();
        goes_back(&mut land, 0, found.copy.clone()).await;
        let name = protocol::PaymentId::random([1; 16]);
        let parts = land.stores[0].read().await.unwrap().parts_paying(&name).await.unwrap();
        assert_eq!(parts.len(), 1);
    });
}
