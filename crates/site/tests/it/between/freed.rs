//! A referee that is gone: what it keeps locked is freed by the users on both sides of a tally, and what it decides later
//! is done all the same.

use protocol::chit::{Entry, Rekey, Written};
use protocol::ledger::{MAX_FREED, Refusal, Rekeying};
use protocol::mail::Fate;
use protocol::note::{Body, Note};
use protocol::{ChipAddress, Chit, ChitId, Freed, LiftId, SecretKey, Side, Signer as _};
use site::{Class, Phase, SiteError, Whose, Wish};

use super::fates::run;
use super::paid::{three, tie};
use crate::seek::land::{Land, Tie, agent, key, tally_of};
use crate::town::cuid;

/// The lift of a payment from ann to cat that nobody decides, or that nobody hears the decision of.
pub(super) async fn undecided(land: &Land, name: u8, milli: i64) -> LiftId {
    let signed = Box::new(land.signed(name, ["ann", "cat"], [milli, milli]));
    let asked = land.asks(&format!("pay-{name}"), signed);
    // Once it is promised nothing happens for long.
    for step in 0..1_000 {
        if asked.is_finished() {
            break;
        }
        land.breathe(if step < 60 { 50 } else { 2_000 }).await;
        tokio::task::yield_now().await;
    }
    match asked.await.unwrap() {
        Err(SiteError::Undecided { lift, .. }) => lift,
        other => panic!("{other:?}"),
    }
}

impl Land {
    fn side(&self, name: &str, tie: usize) -> Side {
        if self.ties[tie].stock == name { Side::Stock } else { Side::Foil }
    }

    /// What a user signs to free a lift's leg.
    fn word(&self, name: &str, tie: usize, lift: LiftId) -> Freed {
        let (tally, by, date) = (tally_of(tie), self.side(name, tie), self.now());
        Freed { tally, lift, by, date, key: None, sign: None }.signed(&key(name)).unwrap()
    }

    async fn free(&self, name: &str, tie: usize, lift: LiftId) -> Result<(), SiteError> {
        let freed = Box::new(self.word(name, tie, lift));
        self.wish(name, tie, Wish::Free(freed)).await.map(|_| ())
    }

    /// The users on both sides of a tally free a lift's leg, and both sites hear of it.
    async fn both_free(&self, tie: usize, lift: LiftId) {
        let Tie { stock, foil, .. } = self.ties[tie];
        self.free(stock, tie, lift).await.unwrap();
        self.breathe(50).await;
        self.free(foil, tie, lift).await.unwrap();
        self.breathe(50).await;
    }

    /// What of a lift is set aside on a user's half, as its effect there.
    pub(super) async fn locked(&self, name: &str, tie: usize) -> Vec<i64> {
        let seen = self.site_of(name).tally(&cuid(name), tally_of(tie)).await.unwrap();
        seen.promised.iter().filter_map(|one| Some(one.effect?.milli())).collect()
    }

    async fn freed_by(&self, name: &str, tie: usize) -> Vec<Whose> {
        let seen = self.site_of(name).tally(&cuid(name), tally_of(tie)).await.unwrap();
        seen.promised.iter().flat_map(|one| one.freed_by.clone()).collect()
    }

    /// What becomes of a word on ann's and bob's tally that a site's agent brings bob's.
    async fn bob_hears(&self, from: usize, freed: Freed) -> Fate {
        let (tally, to, body) = (tally_of(0), cuid("bob"), Body::Freed(Box::new(freed)));
        let from = ChipAddress { agent: agent(from), ..self.address("ann") };
        let agent = from.agent;
        let note = Note { tally, from, to, token: None, moved: None, body };
        self.sites[1].hear_from(agent, vec![Ok(note)]).await.fates.remove(0)
    }

    /// Phases of the lifts that are open at a user's site.
    async fn phases(&self, name: &str) -> Vec<Phase> {
        let parts = self
            .site_of(name)
            .query(&site::Caller::Administrator, site::Query::OpenLifts { user: None, limit: 9 });
        let site::Found::OpenLifts(open) = parts.await.unwrap() else { panic!() };
        open.iter().map(|open| open.phase).collect()
    }
}

/// The referee decided that the payment is valid, and nobody heard of it for long.
#[tokio::test]
async fn what_both_users_freed_may_be_used_and_a_late_commit_is_done_all_the_same() {
    let mut land = three().await;
    land.mute.insert(agent(3));
    let lift = undecided(&land, 1, 80_000).await;
    for (name, tie, effect) in
        [("ann", 0, -80_000), ("bob", 0, 80_000), ("bob", 1, -80_000), ("cat", 1, 80_000)]
    {
        assert_eq!(land.locked(name, tie).await, [effect], "{name} {tie}");
    }
    land.try_to_pay(0, Side::Stock, 90_000).await;
    assert_eq!(land.balances(0).await, [0, 0], "the room is the lift's");
    land.both_free(0, lift).await;
    for name in ["ann", "bob"] {
        assert_eq!(land.locked(name, 0).await, [0; 0], "{name}");
        assert_eq!(land.freed_by(name, 0).await, [Whose::Holder, Whose::Partner], "{name}");
    }
    assert_eq!(land.locked("bob", 1).await, [-80_000], "only the leg that they freed");
    assert_eq!(land.phases("ann").await, [Phase::Freed]);
    assert_eq!(land.phases("bob").await, [Phase::Promised]);
    land.pay(0, Side::Stock, 90_000).await;
    assert_eq!(land.balances(0).await, [-90_000, 90_000]);

    land.mute.clear();
    land.calms().await;
    assert_eq!(land.balances(0).await, [-170_000, 170_000], "beyond the limit, and the same");
    assert_eq!(land.balances(1).await, [-80_000, 80_000]);
    assert_eq!(land.freed_by("ann", 0).await, []);
    land.assert_sound().await;
    let told = land.told("ann", "lift_freed").await;
    let free: Vec<_> = told.iter().map(|told| told["free"].as_bool().unwrap()).collect();
    assert_eq!(free, [false, true], "{told:?}");
    let late = land.free("ann", 0, lift).await.unwrap_err();
    assert_eq!((late.class(), late.word()), (Class::Conflict, "decided"));
}

/// Other lifts go over a freed tally too; then the referee is back, and decides that the old one is void.
#[tokio::test]
async fn what_both_users_freed_carries_other_lifts_and_a_late_void_ends_it() {
    let users = [("ann", 0), ("bob", 1), ("cat", 2)];
    let mut land = Land::new(5, &users, &[tie("ann", "bob"), tie("bob", "cat")]).await;
    land.referees_at(&[3]).await;
    land.gone.insert(agent(3));
    let lift = undecided(&land, 1, 80_000).await;
    for site in 0..3 {
        land.drop_referee(site, agent(3)).await;
        land.accept(site, agent(4)).await;
    }
    land.pays(2, ["ann", "cat"], [80_000, 80_000]).await.unwrap_err();
    land.both_free(0, lift).await;
    land.both_free(1, lift).await;
    land.pays(3, ["ann", "cat"], [80_000, 80_000]).await.unwrap();
    land.gone.clear();
    for site in 0..3 {
        land.accept(site, agent(3)).await;
    }
    land.calms().await;
    assert_eq!(land.balances(0).await, [-80_000, 80_000]);
    assert_eq!(land.balances(1).await, [-80_000, 80_000]);
    // What was said is over, also where it comes once more; and nobody says it again.
    assert_eq!(land.bob_hears(0, land.word("ann", 0, lift)).await, Fate::Taken);
    for (name, tie) in [("ann", 0), ("bob", 0), ("bob", 1), ("cat", 1)] {
        assert_eq!(land.freed_by(name, tie).await, [], "{name}");
    }
    assert_eq!(land.free("ann", 0, lift).await.unwrap_err().word(), "decided");
    land.assert_sound().await;
}

/// One word alone, a word too early, by another key, of another tally, or about nothing: none of them frees anything.
#[tokio::test]
async fn nothing_less_than_both_users_words_in_time_frees_anything() {
    let mut land = three().await;
    land.gone.insert(agent(3));
    let asked = land.asks("pay", Box::new(land.signed(1, ["ann", "cat"], [80_000, 80_000])));
    let mut lift = None;
    while lift.is_none() {
        land.breathe(50).await;
        tokio::task::yield_now().await;
        let parts = land.stores[2].read().await.unwrap().open_parts(None, 9).await.unwrap();
        lift = parts.first().map(|part| part.lift);
    }
    land.breathe(50).await;
    let lift = lift.unwrap();
    assert_eq!(land.locked("ann", 0).await, [-80_000]);
    let early = land.free("ann", 0, lift).await.unwrap_err();
    assert_eq!((early.class(), early.word()), (Class::Conflict, "too_early"), "{early}");
    let blank = land.word("ann", 0, lift);
    land.until(&asked).await;

    // What was signed while the lift could still be promised frees nothing later, whoever brings it.
    let old = land.wish("ann", 0, Wish::Free(Box::new(blank))).await.unwrap_err();
    assert_eq!(old.word(), "too_early", "{old}");
    let refused = land.bob_hears(0, blank).await;
    assert!(matches!(refused, Fate::Refused(_)), "{refused:?}");
    let good = land.word("ann", 0, lift);
    let by = |freed: Freed, name: &str| freed.signed(&key(name)).unwrap();
    for (wrong, word) in [
        (by(good, "cat"), "signature"),
        (Freed { sign: None, ..good }, "signature"),
        (Freed { by: Side::Foil, ..by(good, "bob") }, "signature"),
        (by(Freed { by: Side::Foil, ..good }, "bob"), "ledger"),
        (by(Freed { tally: tally_of(1), ..good }, "ann"), "ledger"),
        (by(Freed { key: Some(protocol::Hash::of(b"a key")), ..good }, "ann"), "signature"),
        (by(Freed { lift: protocol::Hash::of(b"no lift").into(), ..good }, "ann"), "nothing_aside"),
    ] {
        let refused = land.wish("ann", 0, Wish::Free(Box::new(wrong))).await.unwrap_err();
        assert_eq!(refused.word(), word, "{refused}");
    }
    land.free("ann", 0, lift).await.unwrap();
    land.breathe(50).await;
    for (name, effect, by) in [("ann", -80_000, Whose::Holder), ("bob", 80_000, Whose::Partner)] {
        assert_eq!(land.locked(name, 0).await, [effect]);
        assert_eq!(land.freed_by(name, 0).await, [by]);
    }
    // Again, and both sites are killed: it stands, and the other word is still needed.
    land.free("ann", 0, lift).await.unwrap();
    for site in [0, 1] {
        land.restart(site).await;
    }
    land.breathe(50).await;
    assert_eq!(land.locked("ann", 0).await, [-80_000]);
    land.free("bob", 0, lift).await.unwrap();
    land.breathe(1_000).await;
    assert_eq!((land.locked("ann", 0).await, land.locked("bob", 0).await), (vec![], vec![]));
    assert_eq!(land.locked("cat", 1).await, [80_000]);
    asked.await.unwrap().unwrap_err();
}

/// The partner's site is away when one user signs: the word waits for it, over a restart too.
#[tokio::test]
async fn a_word_waits_for_the_partners_site() {
    let mut land = three().await;
    land.gone.insert(agent(3));
    let lift = undecided(&land, 1, 80_000).await;
    land.gone.insert(agent(1));
    land.free("ann", 0, lift).await.unwrap();
    land.free("bob", 0, lift).await.unwrap();
    land.breathe(50).await;
    land.restart(0).await;
    assert_eq!(land.freed_by("bob", 0).await, [Whose::Holder]);
    land.gone.remove(&agent(1));
    for _ in 0..10 {
        land.breathe(1_000_000).await;
    }
    assert_eq!((land.locked("ann", 0).await, land.locked("bob", 0).await), (vec![], vec![]));
}

/// A site that went back behind its promise, or behind what its user signed, and a referee that is gone for good.
#[test]
fn a_partner_whose_site_forgot_frees_what_is_locked_at_the_other() {
    for forgets_the_promise in [true, false] {
        run(async move {
            let mut land = three().await;
            land.gone.insert(agent(3));
            let fresh = land.stores[1].copy_in_memory().unwrap();
            let lift = undecided(&land, 1, 80_000).await;
            let promised = land.stores[1].copy_in_memory().unwrap();
            let date = land.now();
            if !forgets_the_promise {
                land.both_free(0, lift).await;
            }
            land.stores[1] = if forgets_the_promise { fresh } else { promised };
            land.restart(1).await;
            land.sites[1].begin_epoch(date).await.unwrap();
            land.sites[1].remind().await.unwrap();
            land.settle().await;
            if forgets_the_promise {
                assert_eq!(land.locked("ann", 0).await, [-80_000]);
                land.free("bob", 0, lift).await.unwrap_err();
                land.free("ann", 0, lift).await.unwrap();
                land.breathe(50).await;
                assert_eq!(land.freed_by("bob", 0).await, [Whose::Partner]);
                land.free("bob", 0, lift).await.unwrap();
                land.breathe(50).await;
            }
            assert_eq!(land.locked("ann", 0).await, [0; 0]);
            assert_eq!(land.locked("bob", 0).await, [0; 0]);
            assert_eq!(land.freed_by("bob", 0).await, [Whose::Holder, Whose::Partner]);
            // In the end it is void, also where a site knows no more of it than these words.
            land.gone.clear();
            land.calms().await;
            for name in ["ann", "bob"] {
                assert_eq!(land.freed_by(name, 0).await, [], "{name}");
            }
            assert_eq!(land.balances(0).await, [0, 0]);
        });
    }
}

/// What comes from a partner's site is believed only where its user signed it, and put off where the key may be on its way.
#[tokio::test]
async fn a_word_from_elsewhere_counts_by_its_users_key_alone() {
    let mut land = three().await;
    land.gone.insert(agent(3));
    let lift = undecided(&land, 1, 80_000).await;
    let good = land.word("ann", 0, lift);
    let by = |freed: Freed, name: &str| freed.signed(&key(name)).unwrap();
    let other = Some(protocol::Hash::of(b"a key to come"));
    let later = land.bob_hears(0, by(Freed { key: other, ..good }, "ann")).await;
    assert!(matches!(later, Fate::Later(_)), "{later:?}");
    assert_eq!(SiteError::FreedNotProved { lift }.word(), "free_not_proved");
    for (from, wrong) in [(0, by(good, "cat")), (2, good), (0, Freed { sign: None, ..good })] {
        let refused = land.bob_hears(from, wrong).await;
        assert!(matches!(refused, Fate::Refused(_)), "{refused:?}");
    }
    assert_eq!(land.freed_by("bob", 0).await, []);
    for _ in 0..2 {
        assert_eq!(land.bob_hears(0, good).await, Fate::Taken);
    }
    assert_eq!(land.freed_by("bob", 0).await, [Whose::Partner]);
    assert_eq!(land.told("bob", "lift_freed").await.len(), 1, "told once");
    // As many as are kept, and one more.
    let about = |number: usize| LiftId::from_bytes([u8::try_from(number).unwrap(); 32]);
    for number in 1..MAX_FREED {
        let word = land.word("ann", 0, about(number));
        assert_eq!(land.bob_hears(0, word).await, Fate::Taken);
    }
    let more = land.bob_hears(0, land.word("ann", 0, about(MAX_FREED))).await;
    assert_eq!(more, Fate::Taken, "what locks nothing gives way");
    assert_eq!(land.freed_by("bob", 0).await.len(), MAX_FREED);
    let refusal = SiteError::from(Refusal::TooManyFreed { lift });
    assert_eq!(refusal.word(), "too_many_freed");
    assert_eq!(land.locked("bob", 0).await, [80_000]);
}

/// A user gives up its key after it has said so: its word waits no more, and nothing is free, nor counted as if it were.
#[tokio::test]
async fn a_word_by_a_key_that_was_given_up_frees_nothing() {
    let mut land = three().await;
    land.gone.insert(agent(3));
    let lift = undecided(&land, 1, 80_000).await;
    land.free("ann", 0, lift).await.unwrap();
    land.breathe(50).await;
    let (old, new) = (key("ann"), SecretKey::ed25519(&[101; 32]));
    let asked = land.site_of("ann").to_rekey(&cuid("ann"), tally_of(0)).await.unwrap();
    let Rekeying { counter, head, .. } = asked;
    let rekey = Rekey { counter, head, public: new.public_key(), proof: None };
    let entry = Entry::Key { rekey: Box::new(rekey), written: Written::default() };
    let (uuid, tally, by) = (ChitId::random([77; 16]), tally_of(0), land.side("ann", 0));
    let chit = Chit { uuid, tally, by, date: land.now(), entry };
    let chit = Box::new(chit.signed(&old).unwrap().proved(&new).unwrap());
    land.wish("ann", 0, Wish::Write { chit, over_limit: false }).await.unwrap();
    land.settle().await;
    land.free("bob", 0, lift).await.unwrap();
    land.breathe(50).await;
    for (name, effect, by) in [("ann", -80_000, Whose::Partner), ("bob", 80_000, Whose::Holder)] {
        assert_eq!(land.locked(name, 0).await, [effect]);
        assert_eq!(land.freed_by(name, 0).await, [by]);
        assert_eq!(land.phases(name).await, [Phase::Promised]);
    }
    let key = Some(new.public_key().name());
    let again = Freed { key, ..land.word("ann", 0, lift) }.signed(&new).unwrap();
    land.wish("ann", 0, Wish::Free(Box::new(again))).await.unwrap();
    land.breathe(50).await;
    assert_eq!((land.locked("ann", 0).await, land.locked("bob", 0).await), (vec![], vec![]));
    assert_eq!(land.phases("ann").await, [Phase::Freed]);
}

/// Two users of one site on the way of a lift between sites.
#[tokio::test]
async fn users_of_one_site_free_their_leg_at_once() {
    let users = [("ann", 0), ("bob", 1), ("bea", 1), ("cat", 2)];
    let ties = [tie("ann", "bob"), tie("bob", "bea"), tie("bea", "cat")];
    let mut land = Land::new(4, &users, &ties).await;
    land.referees_at(&[3]).await;
    land.mute.insert(agent(3));
    let lift = undecided(&land, 1, 80_000).await;
    land.free("bob", 1, lift).await.unwrap();
    assert_eq!(land.locked("bea", 1).await, [80_000]);
    land.free("bea", 1, lift).await.unwrap();
    assert_eq!((land.locked("bob", 1).await, land.locked("bea", 1).await), (vec![], vec![]));
    land.pay(1, Side::Stock, 90_000).await;
    land.mute.clear();
    land.calms().await;
    assert_eq!(land.balances(1).await, [-170_000, 170_000]);
    assert_eq!(land.balances(2).await, [-80_000, 80_000]);
    land.assert_sound().await;
}

/// What users freed does not count any more as open under a referee, nor with a neighbour; not after a restart either.
#[test]
fn what_is_freed_makes_room_under_its_referee() {
    for restarts in [false, true] {
        run(async move {
            let users = [("ann", 0), ("bob", 1), ("cat", 2)];
            let wide = |stock, foil| Tie { stock, foil, limits: [5_000_000, 5_000_000] };
            let mut land = Land::new(4, &users, &[wide("ann", "bob"), wide("bob", "cat")]).await;
            land.referees_at(&[3]).await;
            land.gone.insert(agent(3));
            let first = undecided(&land, 1, 700_000).await;
            let refused = land.pays(2, ["ann", "cat"], [700_000, 700_000]).await.unwrap_err();
            assert!(!matches!(refused, SiteError::Undecided { .. }), "{refused}");
            land.both_free(0, first).await;
            land.both_free(1, first).await;
            if restarts {
                for site in 0..3 {
                    land.restart(site).await;
                }
                land.breathe(1_000).await;
            }
            undecided(&land, 3, 700_000).await;
        });
    }
}
