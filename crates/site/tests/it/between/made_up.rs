//! A partner's site makes up a whole lift: referees, participants and certificate are its own. Nobody at an honest site
//! comes to owe anything by it.

use protocol::bounded::List;
use protocol::export::LiftProof;
use protocol::lift::{Certificate, Conditional, Evidence, Leg, Mode, Promise, Tree, Vote};
use protocol::mail::Fate;
use protocol::note::{Body, Note};
use protocol::participant::Word;
use protocol::{Hash, Lift, PublicKey, Record as _, SecretKey, Side, Signer as _};
use site::{Answer, Command, Site, SiteError, Wish};

use super::fates::run;
use super::paid::{chain, three, tie};
use crate::seek::land::{Land, agent, tally_of};
use crate::town::{cuid, units, user};

/// The liar's site is 0, and ann its user, bob's partner at site 1.
const ANN: Side = Side::Stock;
const BOB: Side = Side::Foil;

fn agent_key(site: u8) -> SecretKey {
    SecretKey::ed25519(&[site + 50; 32])
}

/// A lift by which one of ann and bob gives the other 100,000, on the tally of these users.
struct MadeUp {
    users: Hash,
    lift: Lift,
    leg: Leg,
    branches: Vec<Hash>,
    keys: [SecretKey; 2],
    referees: Vec<u8>,
}

/// A list as records have it.
fn sorted<T: Ord, const MAX: usize>(mut all: Vec<T>) -> List<T, MAX> {
    all.sort_unstable();
    List::new(all).unwrap()
}

impl MadeUp {
    fn by(land: &Land, by: Side, name: u8) -> Self {
        Self::dated(land, by, name, (0, &[0]))
    }

    /// The same, so long ago, and decided by these agents, the last of whom was silent where there are several.
    fn dated(land: &Land, by: Side, name: u8, (ago_ms, referees): (i64, &[u8])) -> Self {
        let leg = Leg { tally: tally_of(0), by, units: units(100_000).try_into().unwrap() };
        let keys =
            [[90, name], [91, name]].map(|seed| SecretKey::ed25519(Hash::of(&seed).as_bytes()));
        let mut participants: Vec<PublicKey> = keys.iter().map(SecretKey::public_key).collect();
        participants.sort_unstable();
        let (nonce, date) = (Hash::of(&[name]), land.now().plus_ms(-ago_ms).unwrap());
        let mut lift = Lift {
            nonce,
            mode: Mode::Clearing,
            date,
            deadline: date.plus_ms(30_000).unwrap(),
            legs: nonce,
            participants: List::new(participants).unwrap(),
            quorum: Lift::quorum_of(referees.len()).unwrap(),
            referees: sorted(referees.iter().map(|of| agent((*of).into())).collect()),
            payment: None,
        };
        let branches = vec![leg.leaf(lift.salt()).unwrap()];
        lift.legs = Tree::new(branches.clone()).unwrap().root();
        Self { users: land.users(0), lift, leg, branches, keys, referees: referees.to_vec() }
    }

    fn said(&self, side: Side, by: &SecretKey) -> Conditional {
        let (lift, leg, users) = (self.lift.id().unwrap(), self.leg, self.users);
        let key = self.keys[usize::from(side == BOB)].public_key();
        Conditional { lift, leg, users, side, key, anew: false, sign: None }.signed(by).unwrap()
    }

    fn promises(&self) -> List<Promise, { protocol::lift::MAX_PARTICIPANTS }> {
        let lift = self.lift.id().unwrap();
        let promise = |key: &SecretKey| {
            let (by, judged) = (key.public_key(), self.lift.nonce);
            Promise { lift, by, judged, sign: None }.signed(key).unwrap()
        };
        let mut all: Vec<Promise> = self.keys.iter().map(promise).collect();
        all.sort_unstable_by_key(|promise| promise.by);
        all.dedup();
        List::new(all).unwrap()
    }

    fn word(&self, with_promises: bool, given: Option<Conditional>) -> Word {
        let (id, liar) = (self.lift.id().unwrap(), agent_key(0));
        let evidence = Evidence::Promises(self.promises());
        let mut certificate = Certificate::unsigned(id, evidence, 0);
        let quorum = usize::try_from(self.lift.quorum).unwrap();
        let vote = |of: &u8| {
            let sign = certificate.sign_with(&agent_key(*of)).unwrap();
            Vote { referee: agent((*of).into()), sign }
        };
        certificate.sign = sorted(self.referees[..quorum].iter().map(vote).collect());
        Word {
            lift: self.lift.clone(),
            branches: List::new(self.branches.clone()).unwrap(),
            conditional: self.said(ANN, &liar),
            promises: if with_promises { self.promises() } else { List::default() },
            refused: None,
            certificate: Some(certificate),
            given,
        }
    }
}

/// What bob is asked about.
async fn asked_of_bob(land: &Land) -> Vec<(protocol::LiftId, protocol::Units)> {
    let shown = land.sites[1].tally(&cuid("bob"), tally_of(0)).await.unwrap();
    let listed = land.sites[1].tallies(&user("bob"), None, 9).await.unwrap();
    assert!(listed.iter().any(|half| half.claimed == shown.claimed), "{listed:?}");
    let asked = shown.claimed.into_iter().filter(|one| !one.denied);
    asked.map(|one| (one.lift, one.units)).collect()
}

/// Bob's site hears it from ann's; gives what becomes of it.
async fn hears(land: &Land, word: Word) -> Fate {
    let body = Body::Lift(Box::new(word));
    let (tally, from, to) = (tally_of(0), land.address("ann"), cuid("bob"));
    let note = Note { tally, from, to, token: None, moved: None, body };
    let receipt = land.sites[1].hear_from(agent(0), vec![Ok(note)]).await;
    land.sites[1].tend_lifts(land.now()).await.unwrap();
    receipt.fates[0].clone()
}

/// Bob's site went back to before anything, and ann's has not answered yet what his half has lost: so long nothing that it is told
/// of lifts can be done.
async fn went_back() -> Land {
    let mut land = three().await;
    let (copy, date) = (land.stores[1].copy_in_memory().unwrap(), land.now());
    land.stores[1] = copy;
    land.restart(1).await;
    land.sites[1].begin_epoch(date).await.unwrap();
    land
}

/// Ann's site answers what bob's half has lost. Her real half has none of these lifts, so she takes nothing from his.
async fn ann_answers(land: &Land) {
    for _ in 0..4 {
        land.deliver().await;
    }
}

/// So many seconds pass at bob's site, at the end of which ann's still has not answered; gives how often something was tried.
async fn waits(land: &Land, seconds: usize) -> usize {
    let mut tried = 0;
    for _ in 0..seconds {
        land.world.pass(1_000);
        tried += land.sites[1].tend_lifts(land.now()).await.unwrap();
    }
    tried
}

async fn balance_of_bob(land: &Land) -> i128 {
    land.sites[1].tally(&cuid("bob"), tally_of(0)).await.unwrap().balance_milli
}

/// Whose word on the leg the liar shows as what bob's own site said.
enum Given {
    Nothing,
    /// One of its own, or of another site.
    By(u8),
    /// Really bob's site's, but on another lift.
    Other,
    /// Really bob's site's and on this lift, but on a tally that others gave the same name.
    Others,
}

#[test]
fn nobody_owes_by_a_lift_that_its_site_has_not_promised() {
    run(async {
        let land = three().await;
        let mut name = 0;
        for with_promises in [false, true] {
            for given in [Given::Nothing, Given::By(0), Given::By(2), Given::Other, Given::Others] {
                name += 1;
                let made_up = MadeUp::by(&land, BOB, name);
                let own = agent_key(1);
                let given = match given {
                    Given::Nothing => None,
                    Given::By(site) => Some(made_up.said(BOB, &agent_key(site))),
                    Given::Other => Some(MadeUp::by(&land, BOB, 77).said(BOB, &own)),
                    Given::Others => {
                        let users = Hash::of(b"others");
                        Some(MadeUp { users, ..MadeUp::by(&land, BOB, name) }.said(BOB, &own))
                    }
                };
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

/// Whoever tells of lifts, and sees to it that nothing can be done about them, has bob's site do little; and once it can it does.
#[test]
fn lost_lifts_about_which_nothing_can_be_done_are_tried_less_and_less_often() {
    run(async {
        let land = went_back().await;
        for name in 0..16 {
            let word = MadeUp::by(&land, ANN, name).word(true, None);
            assert_eq!(hears(&land, word).await, Fate::Taken);
        }
        assert_eq!(balance_of_bob(&land).await, 0, "it waits for what bob's half has lost");
        // After 1, 2, 4, … seconds, and no less often than every 64.
        let tried = waits(&land, 63).await;
        assert!((16 * 5..=16 * 7).contains(&tried), "{tried} times");
        let tried = waits(&land, 640).await;
        assert!((16 * 9..=16 * 11).contains(&tried), "{tried} times");
        ann_answers(&land).await;
        waits(&land, 64).await;
        assert_eq!(balance_of_bob(&land).await, 1_600_000, "all of it is done");
        assert_eq!(waits(&land, 64).await, 0, "there is nothing left to try");
    });
}

/// Of what can never be done, as its deadline is in time to come, nothing is tried after a week.
#[test]
fn a_lost_lift_is_given_up_a_week_after_it_was_told_whatever_its_deadline() {
    run(async {
        let land = went_back().await;
        let mut made_up = MadeUp::by(&land, ANN, 1);
        made_up.lift.deadline = "9999-01-01T00:00:00.000Z".parse().unwrap();
        assert_eq!(hears(&land, made_up.word(false, None)).await, Fate::Taken);
        assert!(waits(&land, 600).await > 0);
        land.world.pass(7 * 24 * 3_600_000);
        waits(&land, 128).await;
        assert_eq!(waits(&land, 600).await, 0, "it is given up");
    });
}

/// Whoever has its key since may have had a lift decided long before, of keys of its own, and says only now that bob gives by it:
/// no referee knows whose legs a lift has.
#[test]
fn an_agent_of_before_binds_nobody_however_old_the_lift_is() {
    run(async {
        let mut land = three().await;
        land.accept(1, agent(6)).await;
        Site::was_agent(&land.stores[1], agent(6), true, land.now()).await.unwrap();
        land.restart(1).await;
        let accepted = land.sites[1].accepted_referees().await.unwrap();
        assert!(accepted.iter().all(|(it, _)| *it != agent(6)), "it is a referee no more");
        for (name, ago_ms) in [(1, 0), (2, 60_000), (3, 3_600_000)] {
            let made_up = MadeUp::dated(&land, BOB, name, (ago_ms, &[3]));
            let given = Some(made_up.said(BOB, &agent_key(6)));
            hears(&land, made_up.word(true, given)).await;
            assert_eq!(balance_of_bob(&land).await, 0, "{name}");
        }
    });
}

/// Who shows a site its own promise again does not bring back what it promised by.
#[test]
fn a_payment_that_its_site_has_lost_is_no_fault_whatever_the_partner_shows() {
    run(async {
        let land = three().await;
        let mut made_up = MadeUp::by(&land, BOB, 1);
        made_up.lift.mode = Mode::Payment;
        made_up.lift.payment = Some(Hash::of(b"lost"));
        let given = Some(made_up.said(BOB, &agent_key(1)));
        hears(&land, made_up.word(true, given)).await;
        assert_eq!(balance_of_bob(&land).await, -100_000);
        let examined = land.sites[1].doctor(&mut |_| ()).await.unwrap();
        assert!(examined.faults.is_empty(), "{:?}", examined.faults);
    });
}

/// Nobody's neighbour is alone in a lift: the partner's site would have no key to keep it under, and never take its chit.
#[test]
fn a_lift_of_one_participant_is_not_taken_from_a_device() {
    run(async {
        let land = three().await;
        for (name, alone) in [(1, true), (2, false)] {
            let mut made_up = MadeUp::by(&land, BOB, name);
            if alone {
                made_up.lift.participants = List::new(vec![made_up.keys[1].public_key()]).unwrap();
                made_up.keys[0] = made_up.keys[1].clone();
            }
            let word = made_up.word(true, None);
            let proof = LiftProof {
                record: made_up.lift.clone(),
                certificate: word.certificate.unwrap(),
                leg: made_up.leg,
                way: Tree::new(made_up.branches.clone()).unwrap().way(0),
                giver: Some(made_up.said(BOB, &agent_key(1))),
                branches: word.branches,
            };
            let proved = land.wish("bob", 0, Wish::Prove(Box::new(proof))).await;
            assert_eq!(matches!(proved, Err(SiteError::NoLift(_))), alone, "{proved:?}");
        }
    });
}

/// Only the user knows whether what its site said as an agent of before is true, or a thief's work: it is asked.
#[test]
fn a_user_is_asked_whether_it_gave_and_says_so() {
    run(async {
        let mut land = three().await;
        Site::was_agent(&land.stores[1], agent(6), true, land.now()).await.unwrap();
        land.restart(1).await;
        let made_up = |name| MadeUp::dated(&land, BOB, name, (0, &[0]));
        let lifts: Vec<MadeUp> = (0..60).map(made_up).collect();
        let id = |name: usize| lifts[name].lift.id().unwrap();
        let hears = async |name: usize, by: u8| {
            let given = Some(lifts[name].said(BOB, &agent_key(by)));
            hears(&land, lifts[name].word(true, given)).await;
        };
        let gives = async |name: usize, milli: i64| {
            let wish = Wish::Give { lift: id(name), units: units(milli) };
            land.wish("bob", 0, wish).await
        };
        let asked = async || asked_of_bob(&land).await;
        let told = async || land.told("bob", "lift_claimed").await.len();
        // What others said, or nobody asks about, it cannot give.
        for (name, by) in [(2, 0), (3, 2)] {
            hears(name, by).await;
            let refused = gives(name, 100_000).await.unwrap_err();
            assert!(matches!(refused, SiteError::NotClaimed { .. }), "{refused}");
        }
        for _ in 0..2 {
            hears(1, 6).await;
            assert_eq!(asked().await, [(id(1), units(100_000))]);
        }
        assert_eq!((told().await, balance_of_bob(&land).await), (1, 0), "asked once");
        let refused = gives(1, 99_999).await.unwrap_err();
        assert_eq!(refused.word(), "not_claimed", "{refused}");
        assert_eq!(balance_of_bob(&land).await, 0, "another amount");
        gives(1, 100_000).await.unwrap();
        land.sites[1].tend_lifts(land.now()).await.unwrap();
        assert_eq!(balance_of_bob(&land).await, -100_000, "nobody has to say it again");
        assert_eq!(asked().await, []);
        assert!(gives(1, 100_000).await.is_err(), "once");
        // Nor is it asked again what it denied.
        hears(4, 6).await;
        land.wish("bob", 0, Wish::Deny(id(4))).await.unwrap();
        hears(4, 6).await;
        assert_eq!((asked().await, balance_of_bob(&land).await), (vec![], -100_000));
        // Whoever was wrong may still say that it gave, or its half would stay apart from its partner's for ever.
        assert_eq!(gives(4, 99_999).await.unwrap_err().word(), "not_claimed");
        gives(4, 100_000).await.unwrap();
        land.sites[1].tend_lifts(land.now()).await.unwrap();
        assert_eq!(balance_of_bob(&land).await, -200_000);
        // However many there are, it is asked about some; a no makes room.
        let most = site::MAX_CLAIMS;
        for name in 10..=10 + most {
            hears(name, 6).await;
        }
        assert_eq!((asked().await.len(), told().await), (most, 2 + most));
        land.wish("bob", 0, Wish::Deny(id(10))).await.unwrap();
        hears(10 + most, 6).await;
        assert!(asked().await.contains(&(id(10 + most), units(100_000))));
    });
}

/// A lift has two legs on one tally, which no honest site would lay out: who shows the one has not said anything of the other,
/// and is not believed about it either.
#[test]
fn a_question_is_about_one_leg_and_is_answered_by_no_other() {
    run(async {
        let mut land = three().await;
        Site::was_agent(&land.stores[1], agent(6), true, land.now()).await.unwrap();
        land.restart(1).await;
        let mut much = MadeUp::by(&land, BOB, 1);
        let little = Leg { by: ANN, units: units(1).try_into().unwrap(), ..much.leg };
        much.branches.push(little.leaf(much.lift.salt()).unwrap());
        much.branches.sort_unstable();
        much.lift.legs = Tree::new(much.branches.clone()).unwrap().root();
        let id = much.lift.id().unwrap();
        let given = Some(much.said(BOB, &agent_key(6)));
        hears(&land, much.word(true, given)).await;
        assert_eq!(asked_of_bob(&land).await, [(id, units(100_000))]);
        much.leg = little;
        hears(&land, much.word(true, None)).await;
        assert_eq!(asked_of_bob(&land).await, [(id, units(100_000))], "that one is not here");
        assert_eq!(balance_of_bob(&land).await, 1);
        let gives = Wish::Give { lift: id, units: units(100_000) };
        let refused = land.wish("bob", 0, gives).await.unwrap_err();
        assert!(matches!(refused, SiteError::NoLift(_)), "{refused}");
        assert_eq!(balance_of_bob(&land).await, 1);
    });
}

/// The payer's site lost what it paid, and heard of it again; its payee's calls another lift the same payment, one that only
/// brings something in. That hides nothing.
#[test]
fn a_payment_that_came_back_is_not_hidden_by_a_made_up_one() {
    run(async {
        let users = [("ann", 0), ("bob", 1), ("amy", 0)];
        let mut land = Land::new(4, &users, &[tie("ann", "bob"), tie("ann", "amy")]).await;
        land.referees_at(&[3]).await;
        let (copy, date) = (land.stores[1].copy_in_memory().unwrap(), land.now());
        let signed = Box::new(land.signed(1, ["bob", "amy"], [5_000, 5_000]));
        let paid = land.pays_by(signed.clone()).await.unwrap();
        land.calms().await;
        land.stores[1] = copy;
        land.restart(1).await;
        land.sites[1].begin_epoch(date).await.unwrap();
        land.calms().await;
        land.has_no_more("bob", 0).await;
        land.calms().await;
        assert_eq!(balance_of_bob(&land).await, -5_000, "it came back");
        // Of all that it could make up, one that is found before the true one.
        let made_up = (0..=255).find_map(|name| {
            let mut made_up = MadeUp::by(&land, ANN, name);
            made_up.lift.mode = Mode::Payment;
            made_up.lift.payment = Some(signed.hash().unwrap());
            let id = made_up.lift.id().unwrap().to_string();
            (id < paid.lift.to_string()).then_some(made_up)
        });
        hears(&land, made_up.unwrap().word(true, None)).await;
        assert_eq!(balance_of_bob(&land).await, 95_000);
        let again = land.pays_as("again", signed).await.unwrap();
        assert_eq!(again.lift, paid.lift);
        land.breathe(60_000).await;
        assert_eq!(balance_of_bob(&land).await, 95_000, "it is made once");
    });
}

/// What a site says of a leg names its tally alone: no two of its users have one of the same name with others.
#[tokio::test]
async fn nobody_names_a_tally_as_one_of_others() {
    let mut land = chain().await;
    // Cat, at the third site, knows what abe and bob call theirs.
    let draft = land.sites[2].tally(&cuid("cat"), tally_of(3)).await.unwrap().draft;
    let (tally, expires) = (tally_of(1), "2026-12-01T00:00:00.000Z".parse().unwrap());
    let invite = Command::Invite { tally, side: Side::Stock, draft: Box::new(draft), expires };
    let invited = land.ask(2, &user("cat"), invite).await.unwrap();
    let Answer::Invited(invitation) = invited else { panic!("{invited:?}") };
    let refused = land.ask(1, &user("bea"), Command::Answer { invitation }).await.unwrap_err();
    assert!(matches!(refused, SiteError::TallyOfOthers { .. }), "{refused}");
    assert!(!refused.to_string().contains("bob"), "whose it is, is nobody's business: {refused}");
    land.restart(1).await;
    land.pays(1, ["ann", "cyd"], [1_000, 1_000]).await.unwrap();
}
