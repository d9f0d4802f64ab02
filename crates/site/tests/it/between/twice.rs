//! A neighbour's site that contradicts itself about a lift is named by a record that stands alone; an honest one never is,
//! whenever it went back to before.

use protocol::bounded::List;
use protocol::errand::{Ask, Errand};
use protocol::lift::{Certificate, Conditional, Evidence, Leg, Promise, Reason, Refused};
use protocol::note::{Body, Note};
use protocol::participant::Word;
use protocol::proof::{Proof, Twice};
use protocol::{AgentId, Hash, LiftId, Record as _, SecretKey, Signed as _, Signer as _};
use site::{Caller, Clock as _, Site, SiteError, lift_key};

use super::attacked::{key_of, laid_out, land, says, word};
use super::fates::run;
use super::paid::three;
use crate::seek::land::{Land, agent, tally_of};
use crate::town::{cuid, units, user};

/// What is proved at a site, each as somebody reads it who has nothing else.
async fn proved(land: &Land, site: usize) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for lie in land.sites[site].lies(&Caller::Administrator).await.unwrap() {
        let text = land.sites[site].lie(&Caller::Administrator, lie.id).await.unwrap();
        let proof = Proof::read(text.as_bytes()).unwrap();
        assert_eq!((proof.check(), proof.hash()), (Ok(()), Ok(lie.id)));
        assert_eq!((proof.liars(), proof.word()), (lie.accused, lie.kind.as_str()));
        assert_eq!((proof.lift(), lie.heard_from), (Some(lie.lift), None));
        proofs.push(proof);
    }
    proofs
}

async fn assert_nobody_is_accused(land: &Land, when: &str) {
    for site in 0..land.sites.len() {
        assert_eq!(proved(land, site).await, [], "{when}: site {site} accuses somebody");
    }
}

/// A lift that the liar's site proposes, its word on it, and the key that it takes part with.
async fn proposed(land: &Land, name: &[u8]) -> (Word, LiftId, SecretKey) {
    let nonce = Hash::of(name);
    let laid = laid_out(land, nonce).await;
    let said = word(land, nonce, &laid, laid.branches.to_vec(), 30_000);
    let lift = said.lift.id().unwrap();
    (said, lift, key_of(77))
}

/// The liar's promise, as if it had judged by something else.
fn other_promise(of: &Promise, own: &SecretKey) -> Promise {
    Promise { judged: Hash::of(b"something else"), sign: None, ..*of }.signed(own).unwrap()
}

/// What the liar's site says of its leg otherwise.
fn otherwise(said: &Word, change: impl FnOnce(&mut Conditional)) -> Word {
    let mut conditional = Conditional { sign: None, ..said.conditional };
    change(&mut conditional);
    Word { conditional: conditional.signed(&key_of(0)).unwrap(), ..said.clone() }
}

async fn set_down(land: &Land, lift: LiftId) -> Vec<store::LiftPart> {
    land.stores[1].read().await.unwrap().parts_in(&lift).await.unwrap()
}

#[tokio::test]
async fn a_site_that_promises_its_neighbour_twice_is_named() {
    let land = land().await;
    let (said, lift, own) = proposed(&land, b"promised twice").await;
    says(&land, said.clone()).await;
    says(&land, said.clone()).await;
    assert_nobody_is_accused(&land, "the same word twice").await;
    let kept = set_down(&land, lift).await;
    let [first, second] = [said.promises[0], other_promise(&said.promises[0], &own)];
    for _ in 0..3 {
        says(&land, Word { promises: List::new(vec![second]).unwrap(), ..said.clone() }).await;
    }
    let proofs = proved(&land, 1).await;
    let twice = Twice::of(&agent(0), &said.conditional, [&first, &second]).unwrap();
    assert_eq!(proofs, [Proof::Twice(Box::new(twice))]);
    assert_eq!((proofs[0].liars(), proofs[0].lift()), (vec![agent(0)], Some(lift)));
    assert_eq!(set_down(&land, lift).await[0].state, kept[0].state, "what was heard first stays");
    // The administrator hears of it once, and nobody else: it says what moves on a tally.
    let mut view = land.stores[1].read().await.unwrap();
    let told = view.events(store::Audience::Site, 0, 1_000).await.unwrap();
    let told: Vec<_> = told.iter().filter(|event| event.event.kind == "site_lied").collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].event.text.contains(&agent(0).to_string()), "{}", told[0].event.text);
    drop(view);
    assert!(land.sites[1].lies(&user("bob")).await.is_err());
    let errands = land.sites[1].take_errands().await.unwrap();
    assert!(errands.iter().all(|out| !matches!(out.errand, Errand::Proof(_))), "{errands:?}");
}

/// It tells its neighbour one thing and the referees another: the certificate has the other.
#[tokio::test]
async fn a_site_that_promises_the_referees_otherwise_is_named() {
    for otherwise in [false, true] {
        let land = land().await;
        let (said, lift, own) = proposed(&land, b"promised elsewhere").await;
        says(&land, said.clone()).await;
        let letters = land.stores[1].read().await.unwrap().letters(None, 100).await.unwrap();
        let notes = letters.iter().filter_map(|at| Note::read(at.letter.message.as_bytes()).ok());
        let mut on = notes.filter_map(|note| match note.body {
            Body::Lift(word) if at_site_2(&note.to) => Some(*word),
            _ => None,
        });
        let mut promises = on.next_back().expect("it goes on").promises.to_vec();
        assert_eq!(promises.len(), 2, "the liar's, and the honest site's");
        let cats = lift_key(&key_of(2), None, said.lift.nonce, tally_of(2)).unwrap();
        let by = cats.public_key();
        let judged = Hash::of(b"by cat's site");
        promises.push(Promise { lift, by, judged, sign: None }.signed(&cats).unwrap());
        for promise in promises.iter_mut().filter(|one| otherwise && one.by == own.public_key()) {
            *promise = other_promise(promise, &own);
        }
        promises.sort_unstable_by_key(|promise| promise.by);
        let evidence = Evidence::Promises(List::new(promises).unwrap());
        let certificate = Certificate::by_sole_referee(lift, evidence, &key_of(3)).unwrap();
        let shown = Errand::Certificate(Box::new(certificate));
        for _ in 0..2 {
            assert_eq!(land.sites[1].hear_errand(agent(3), shown.clone()).await, None);
        }
        let named: Vec<AgentId> = proved(&land, 1).await.iter().flat_map(Proof::liars).collect();
        assert_eq!(named, vec![agent(0); usize::from(otherwise)]);
        land.sites[1].tend_lifts(land.world.now()).await.unwrap();
        assert_eq!(land.balances(0).await[1], 5_000, "the lift is valid all the same");
    }
}

fn at_site_2(to: &protocol::Cuid) -> bool {
    *to == cuid("cat")
}

/// What an honest site may come to say accuses nobody, though a liar says it.
#[tokio::test]
async fn what_an_honest_site_may_say_proves_nothing() {
    let land = land().await;
    let (said, lift, own) = proposed(&land, b"no lie").await;
    says(&land, said.clone()).await;
    let (by, less) = (own.public_key(), units(1).try_into().unwrap());
    let refused = Refused { lift, by, reason: Reason::Unknown, sign: None }.signed(&own).unwrap();
    let other_key = said.lift.participants.iter().find(|key| **key != by).unwrap();
    let forged = Promise { sign: said.promises[0].sign, ..other_promise(&said.promises[0], &own) };
    for wrong in [
        // A site that forgot a search refuses it, and keeps nothing of that.
        Word { refused: Some(refused), ..said.clone() },
        // A site that went back takes part with other keys, and may lay out another amount.
        otherwise(&said, |other| other.key = *other_key),
        otherwise(&said, |other| other.leg = Leg { units: less, ..other.leg }),
        // What it never signed.
        Word { promises: List::new(vec![forged]).unwrap(), ..said.clone() },
        Word { conditional: Conditional { users: Hash::of(b"x"), ..said.conditional }, ..said },
    ] {
        says(&land, wrong).await;
        assert_nobody_is_accused(&land, "no lie").await;
    }
}

/// Bob's site promised, and cat's has heard it; it goes back to when that was laid out and not judged, hears from its partners
/// what it lost, and would judge it once more.
#[test]
fn a_site_that_has_forgotten_its_promise_gives_no_other() {
    run(async {
        let mut land = three().await;
        let _asked = land.asks("pay", Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000])));
        let copy = super::stolen::laid_out(&land, 1).await;
        let date = land.now();
        land.sites[1].tend_lifts(land.now()).await.unwrap();
        land.deliver().await;
        let open = land.stores[2].read().await.unwrap().open_parts(None, 9).await.unwrap();
        let state: serde_json::Value = serde_json::from_str(&open[0].state).unwrap();
        let promises: Vec<Promise> =
            serde_json::from_value(state["participant"]["promises"].clone()).unwrap();
        assert_eq!(promises.len(), 2, "cat's site has heard the promises of both");
        land.stores[1] = copy;
        land.restart(1).await;
        land.sites[1].begin_epoch(date).await.unwrap();
        for _ in 0..4 {
            land.deliver().await;
        }
        for tie in 0..2 {
            land.has_no_more("bob", tie).await;
        }
        for _ in 0..4 {
            land.sites[1].tend_lifts(land.now()).await.unwrap();
            land.deliver().await;
        }
        assert_nobody_is_accused(&land, "it has promised once").await;
        let own = set_down(&land, open[0].lift).await;
        assert!(!own[0].state.contains("\"judged\":{"), "{}", own[0].state);
        land.calms().await;
        assert_eq!(land.balances(0).await, land.balances(1).await, "valid for both or for nobody");
        land.assert_sound().await;
        assert_nobody_is_accused(&land, "it is over").await;
    });
}

/// What a site says to other sites of this lift's legs that its users give.
async fn given(land: &Land, site: usize, lift: LiftId) -> Vec<Conditional> {
    let mut given = Vec::new();
    for part in land.stores[site].read().await.unwrap().parts_in(&lift).await.unwrap() {
        let state: serde_json::Value = serde_json::from_str(&part.state).unwrap();
        let ours: Vec<Conditional> =
            serde_json::from_value(state["participant"]["ours"].clone()).unwrap();
        given.extend(ours.into_iter().filter(Conditional::is_givers));
    }
    given
}

/// Of a lift that it has lost a site may name any key of the record, also another's: so it says that it says so anew.
#[test]
fn of_a_lift_that_it_lost_a_site_names_no_others_key_as_its_own() {
    run(async {
        let mut land = three().await;
        let (copy, date) = (land.stores[1].copy_in_memory().unwrap(), land.now());
        let mut before = Vec::new();
        for name in 1..=6 {
            let paid = land.pays(name, ["ann", "cat"], [1_000, 1_000]).await.unwrap();
            land.calms().await;
            let said = given(&land, 1, paid.lift).await;
            assert!(said.len() == 1 && !said[0].anew, "{said:?}");
            before.push((paid.lift, said[0]));
        }
        land.stores[1] = copy;
        land.restart(1).await;
        land.sites[1].begin_epoch(date).await.unwrap();
        land.calms().await;
        for tie in 0..2 {
            land.has_no_more("bob", tie).await;
        }
        land.calms().await;
        assert_eq!(land.balances(1).await, [-6_000, 6_000]);
        for (lift, said) in before {
            let proof = land.sites[1].proof_on(&cuid("bob"), tally_of(1), lift).await.unwrap();
            let anew = proof.giver.unwrap();
            assert!(anew.anew, "{lift}");
            assert_eq!((anew.leg, anew.users, anew.side), (said.leg, said.users, said.side));
            assert_eq!(given(&land, 1, lift).await, [anew]);
        }
        land.assert_sound().await;
        assert_nobody_is_accused(&land, "restored").await;
    });
}

/// Whoever has the key of the agent that bob's site was has its key in the lift, and promises once more with it: that accuses
/// nobody whose word it is now.
#[test]
fn a_thief_of_the_agent_of_before_has_nobody_named_who_is_another_since() {
    run(async {
        let mut land = three().await;
        let paid = land.pays(1, ["ann", "cat"], [5_000, 5_000]).await.unwrap();
        land.calms().await;
        let first = given(&land, 1, paid.lift).await[0];
        let promised = land.stores[1].read().await.unwrap().parts_in(&paid.lift).await.unwrap();
        let state: serde_json::Value = serde_json::from_str(&promised[0].state).unwrap();
        let all: Vec<Promise> =
            serde_json::from_value(state["participant"]["promises"].clone()).unwrap();
        let record: protocol::Lift =
            serde_json::from_value(state["participant"]["lift"].clone()).unwrap();
        let stolen = lift_key(&key_of(1), None, record.nonce, tally_of(0)).unwrap();
        let own = all.iter().find(|one| one.by == stolen.public_key()).expect("the site's key");
        let thiefs = other_promise(own, &stolen);
        assert!(Twice::of(&agent(1), &first, [own, &thiefs]).is_some(), "as it was then");
        let now = land.has_another_agent(1).await;
        let said = land.sites[1].proof_on(&cuid("bob"), tally_of(1), paid.lift).await.unwrap();
        let said = said.giver.unwrap();
        assert!(said.check_signatures(&now).is_ok() && said.key == own.by);
        assert_eq!(Twice::of(&now, &said, [own, &thiefs]), None);
    });
}

/// Nor by what it tells its neighbours of a lift that it promised as the agent of before.
#[test]
fn what_another_agent_says_of_a_lift_that_is_decided_it_says_anew() {
    run(async {
        let mut land = three().await;
        let _asked = land.asks("pay", Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000])));
        let mut promised = None;
        for _ in 0..400 {
            land.breathe(50).await;
            tokio::task::yield_now().await;
            let open = land.stores[1].read().await.unwrap().open_parts(None, 9).await.unwrap();
            promised = open.into_iter().find(|part| part.state.contains("\"judged\":{"));
            if promised.is_some() {
                break;
            }
        }
        let state: serde_json::Value = serde_json::from_str(&promised.unwrap().state).unwrap();
        let record: protocol::Lift =
            serde_json::from_value(state["participant"]["lift"].clone()).unwrap();
        let now = land.has_another_agent(1).await;
        land.world.pass(120_000);
        let ask = Errand::Ask(Box::new(Ask::new(record, None)));
        let answer = land.sites[3].hear_errand(agent(1), ask).await;
        let Some(Errand::Certificate(certificate)) = answer else { panic!("{answer:?}") };
        land.sites[1].hear_errand(agent(3), Errand::Certificate(certificate)).await;
        land.sites[1].tend_lifts(land.now()).await.unwrap();
        let letters = land.stores[1].read().await.unwrap().letters(None, 100).await.unwrap();
        let notes = letters.iter().filter_map(|at| Note::read(at.letter.message.as_bytes()).ok());
        let said = notes.filter_map(|note| match note.body {
            Body::Lift(word) => Some(word.conditional),
            _ => None,
        });
        let said: Vec<_> = said.filter(|said| said.check_signatures(&now).is_ok()).collect();
        assert!(said.iter().any(Conditional::is_givers), "{said:?}");
        assert!(said.iter().all(|said| said.anew), "{said:?}");
    });
}

/// It has forgotten what it laid out and said as that agent.
#[tokio::test]
async fn a_site_that_is_an_agent_of_before_again_has_other_keys() {
    let land = land().await;
    let own = async |land: &Land| {
        let mut view = land.stores[1].read().await.unwrap();
        let since = site::lift_keys(&mut view).await.unwrap();
        lift_key(&key_of(1), since, Hash::of(b"a lift"), tally_of(0)).unwrap().public_key()
    };
    let before = own(&land).await;
    let other = AgentId::of(&SecretKey::ed25519(&[91; 32]).public_key()).unwrap();
    for agent in [other, agent(1)] {
        Site::replace_agent(&land.stores[1], agent).await.unwrap();
    }
    assert_ne!(own(&land).await, before);
    assert_eq!(land.opened(1, land.stores[1].clone()).await.agent(), agent(1));
}

/// A clock that is wrong may say the same twice.
#[tokio::test]
async fn whoever_founds_a_site_with_a_key_that_was_there_has_other_keys_each_time() {
    let land = land().await;
    let (mut since, now) = (vec![None], land.world.now());
    for _ in 0..2 {
        let store = store::Store::memory();
        Site::past_is_lost(&store, now, &*land.world).await.unwrap();
        since.push(site::lift_keys(&mut store.read().await.unwrap()).await.unwrap());
    }
    assert!(since[0] != since[1] && since[0] != since[2] && since[1] != since[2], "{since:?}");
}

/// One from before sites had other keys then: all that it noted is when it was.
#[tokio::test]
async fn a_site_that_an_older_program_restored_has_other_keys_each_time() {
    let land = land().await;
    let mut since = vec![None];
    for _ in 0..2 {
        land.world.pass(1);
        land.sites[1].begin_epoch(land.world.now()).await.unwrap();
        let mut tx = land.stores[1].begin().await.unwrap();
        tx.set("lift_keys", None).await.unwrap();
        tx.commit().await.unwrap();
        since.push(site::lift_keys(&mut land.stores[1].read().await.unwrap()).await.unwrap());
    }
    assert!(since[0] != since[1] && since[0] != since[2] && since[1] != since[2], "{since:?}");
}

/// It went back to when the lift was laid out and not judged, and who proposed it has lost it: nobody tells, so it asks.
#[test]
fn of_a_lift_that_it_cannot_sign_for_any_more_a_site_hears_from_the_referees() {
    run(async {
        let mut land = three().await;
        let payers = land.stores[0].copy_in_memory().unwrap();
        let asked = land.asks("pay", Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000])));
        let found = super::stolen::laid_out(&land, 1).await;
        asked.abort();
        let date = land.now();
        for (site, copy) in [(0, payers), (1, found)] {
            land.stores[site] = copy;
            land.restart(site).await;
            land.sites[site].begin_epoch(date).await.unwrap();
        }
        let open = land.stores[1].read().await.unwrap().open_parts(None, 9).await.unwrap();
        assert_eq!(open.len(), 1, "it is not judged");
        let lift = open[0].lift;
        land.calms().await;
        let rest = land.stores[1].read().await.unwrap().open_parts(None, 9).await.unwrap();
        assert_eq!(rest, [], "it was void");
        assert_eq!(set_down(&land, lift).await, [], "nobody needs it");
        assert_nobody_is_accused(&land, "restored").await;
    });
}

/// The payer's site goes back to when it had proposed a lift and not judged it, long after its deadline, and its referee does not
/// answer at first. The payer is not told for ever that nothing is decided: it hears that the lift is void, and pays.
#[test]
fn a_payer_hears_of_what_its_site_had_proposed_before_it_went_back() {
    for dropped in [false, true] {
        run(async move {
            let mut land = three().await;
            let signed = Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000]));
            let asked = land.asks("pay", signed.clone());
            let proposed = super::stolen::laid_out(&land, 0).await;
            asked.abort();
            land.world.pass(1_200_000);
            let date = land.now();
            land.stores[0] = proposed;
            land.restart(0).await;
            land.sites[0].begin_epoch(date).await.unwrap();
            land.has_no_more("ann", 0).await;
            if dropped {
                land.drop_referee(0, agent(3)).await;
            }
            land.gone.insert(agent(3));
            land.calms().await;
            let waits = land.pays_as("again", signed.clone()).await.unwrap_err();
            assert!(matches!(waits, SiteError::Undecided { .. }), "{waits}");
            land.gone.clear();
            land.calms().await;
            let again = land.pays_as("once more", signed).await;
            match dropped {
                false => assert!(again.is_ok(), "{again:?}"),
                true => assert!(!matches!(again, Err(SiteError::Undecided { .. })), "{again:?}"),
            }
            land.calms().await;
            let paid = if dropped { 0 } else { 5_000 };
            assert_eq!(land.balances(0).await, [-paid, paid]);
            assert_eq!(land.balances(1).await, [-paid, paid]);
            land.assert_sound().await;
            assert_nobody_is_accused(&land, "gone back").await;
        });
    }
}

/// A program goes on that was not stopped when another one restored the store: it signs by what the store says.
#[test]
fn a_program_that_another_restored_the_store_of_promises_nothing_from_before() {
    run(async {
        let mut land = three().await;
        let _asked = land.asks("pay", Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000])));
        let _ = super::stolen::laid_out(&land, 1).await;
        let laid_out = land.stores[1].read().await.unwrap().open_parts(None, 9).await.unwrap();
        let (running, date) = (land.sites[1].clone(), land.now());
        land.restart(1).await;
        land.sites[1].begin_epoch(date).await.unwrap();
        land.sites[1] = running;
        for _ in 0..4 {
            land.deliver().await;
        }
        for tie in 0..2 {
            land.has_no_more("bob", tie).await;
        }
        land.calms().await;
        for part in set_down(&land, laid_out[0].lift).await {
            assert!(!part.state.contains("\"judged\":{"), "{}", part.state);
        }
        assert_eq!(land.balances(0).await, land.balances(1).await);
        land.assert_sound().await;
    });
}
