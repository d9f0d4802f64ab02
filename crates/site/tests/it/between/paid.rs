//! Payments to strangers at other sites, all the way.

use protocol::errand::Errand;
use protocol::{LiftId, PaymentId, Side};
use site::{
    Caller, Class, Command, Found, LegLine, LiftFound, Outgoing, Query, SiteError, WhyVoid,
};

use crate::seek::land::{Land, Tie, agent, tally_of};
use crate::town::{cuid, units, user};

pub(super) fn tie(stock: &'static str, foil: &'static str) -> Tie {
    Tie { stock, foil, limits: [100_000, 100_000] }
}

/// Four sites: a payer, somebody between, a payee, and a referee.
pub(super) async fn three() -> Land {
    let users = [("ann", 0), ("bob", 1), ("cat", 2)];
    let land = Land::new(4, &users, &[tie("ann", "bob"), tie("bob", "cat")]).await;
    land.referees_at(&[3]).await;
    land
}

/// The same with two users at each site, who are partners in a chain.
pub(super) async fn chain() -> Land {
    let users = [("ann", 0), ("abe", 0), ("bob", 1), ("bea", 1), ("cat", 2), ("cyd", 2)];
    let ties = [
        tie("ann", "abe"),
        tie("abe", "bob"),
        tie("bob", "bea"),
        tie("bea", "cat"),
        tie("cat", "cyd"),
    ];
    let land = Land::new(4, &users, &ties).await;
    land.referees_at(&[3]).await;
    land
}

#[tokio::test]
async fn a_stranger_two_sites_away_is_paid() {
    let land = three().await;
    let paid = land.pays(1, ["ann", "cat"], [5_000, 5_000]).await.unwrap();
    assert_eq!((paid.units.milli(), paid.given.milli()), (5_000, 5_000));
    land.calms().await;
    assert_eq!(land.balances(0).await, [-5_000, 5_000]);
    assert_eq!(land.balances(1).await, [-5_000, 5_000]);
    land.assert_sound().await;
    let told = land.told("cat", "lift_received").await;
    assert_eq!((told.len(), told[0]["amount"].as_i64()), (1, Some(5_000)));
    let told = land.told("bob", "lift_passed_on").await;
    assert_eq!((told.len(), told[0]["earned"].as_i64()), (1, Some(0)));
    assert!(told[0].get("payment").is_none() && told[0].get("payee").is_none(), "{}", told[0]);
    // Each sees which signature allowed what moved on its own tallies: the payer its own, the others settings.
    for (name, legs) in [("ann", 1), ("bob", 2), ("cat", 1)] {
        let found = seen(&land, name, paid.lift).await;
        assert_eq!(found.legs.len(), legs);
        for leg in &found.legs {
            let signed = leg.allowed_by.authorisation.as_ref();
            let signed = signed.map(|signed| (signed.payment, signed.hash));
            let own = (PaymentId::random([1; 16]), found.record.payment.unwrap());
            assert_eq!(signed, (name == "ann").then_some(own), "{name}");
            assert_eq!(counters(leg), [0, 0], "{name}: nobody ever signed any");
        }
    }
}

async fn seen(land: &Land, name: &str, lift: LiftId) -> LiftFound {
    let query = Query::Lift { lift, user: None, after: None, limit: 9 };
    match land.site_of(name).query(&user(name), query).await.unwrap() {
        Found::Lift(found) => *found,
        other => panic!("{other:?}"),
    }
}

/// The counters of the settings that allowed a leg: the holder's, its partner's.
fn counters(leg: &LegLine) -> [u32; 2] {
    [&leg.allowed_by.holder, &leg.allowed_by.partner].map(|by| by.as_ref().unwrap().counter)
}

/// A lift that is promised waits for its decision; what users sign meanwhile comes before its chit, and allowed nothing of it.
#[tokio::test]
async fn settings_that_are_signed_after_the_promise_did_not_allow_the_lift() {
    let mut land = three().await;
    land.charge(1, Side::Stock, 1, [0, 0]).await;
    land.calms().await;
    land.mute.insert(agent(3));
    let asked = land.asks("pay", Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000])));
    for _ in 0..40 {
        land.breathe(50).await;
        tokio::task::yield_now().await;
    }
    land.charge(1, Side::Stock, 2, [0, 0]).await;
    land.mute.clear();
    land.calms().await;
    asked.abort();
    let chain = land.site_of("bob").history(&cuid("bob"), tally_of(1), None, 9).await.unwrap();
    let chain: Vec<_> = chain.iter().rev().map(|entry| entry.link.chit.entry.word()).collect();
    assert_eq!(chain, ["set", "set", "lift"]);
    let told = land.told("bob", "lift_passed_on").await;
    assert_eq!(told[0]["legs"][1]["settings"], 1, "{}", told[0]);
    let lift = told[0]["lift"].as_str().unwrap().parse().unwrap();
    for (name, on) in [("bob", [1, 0]), ("cat", [0, 1])] {
        let found = seen(&land, name, lift).await;
        let leg = found.legs.iter().find(|leg| leg.tally == tally_of(1)).unwrap();
        assert_eq!(counters(leg), on, "{name}");
    }
}

/// What makes a lift's chit good comes before it, so no letter has to be sent a second time: the next payment over the tally
/// would wait for that.
#[tokio::test]
async fn a_lifts_chits_are_taken_the_first_time() {
    let land = three().await;
    for name in 1..=3 {
        land.pays(name, ["ann", "cat"], [5_000, 5_000]).await.unwrap();
    }
    land.calms().await;
    assert_eq!(land.balances(1).await, [-15_000, 15_000]);
    for (number, site) in land.sites.iter().enumerate() {
        assert_eq!(site.notes_refused(), 0, "site {number}");
    }
}

/// Two payments over the same three sites, each of which has come to the site of this number, where nothing was done about it.
async fn two_that_wait_at(site: usize) -> (Land, [super::run::Asked; 2], [store::LiftPart; 2]) {
    let users = [("ann", 0), ("bob", 1), ("cat", 2), ("dan", 0), ("eve", 1), ("fay", 2)];
    let ties = [tie("ann", "bob"), tie("bob", "cat"), tie("dan", "eve"), tie("eve", "fay")];
    let land = Land::new(4, &users, &ties).await;
    land.referees_at(&[3]).await;
    let asked = [
        land.asks("first", Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000]))),
        land.asks("second", Box::new(land.signed(2, ["dan", "fay"], [5_000, 5_000]))),
    ];
    for _ in 0..400 {
        land.world.pass(50);
        land.carry_with_answers().await;
        tokio::task::yield_now().await;
        for before in &land.sites[..site] {
            before.tend_lifts(land.now()).await.unwrap();
        }
        land.deliver().await;
        let open = land.stores[site].read().await.unwrap().open_parts(None, 9).await.unwrap();
        if open.len() < 2 {
            continue;
        }
        let mut parts = Vec::new();
        for name in [1, 2] {
            let payment = PaymentId::random([name; 16]);
            let begun = land.stores[0].read().await.unwrap().parts_paying(&payment).await.unwrap();
            parts.push(open.iter().find(|part| part.lift == begun[0].lift).unwrap().clone());
        }
        return (land, asked, parts.try_into().unwrap());
    }
    panic!("they do not come");
}

async fn damage(land: &Land, site: usize, part: &store::LiftPart, state: String) {
    let mut tx = land.stores[site].begin().await.unwrap();
    tx.put_part(&store::LiftPart { state, ..part.clone() }).await.unwrap();
    tx.commit().await.unwrap();
}

/// What is due about several lifts is done together; one that cannot go on does not keep the others back.
#[tokio::test]
async fn a_part_that_is_damaged_keeps_no_other_lift_back() {
    let (land, [first, second], [part, _]) = two_that_wait_at(1).await;
    damage(&land, 1, &part, "{}".to_owned()).await;
    land.until(&second).await;
    assert!(second.await.unwrap().is_ok());
    for _ in 0..40 {
        land.breathe(50).await;
    }
    assert_eq!(land.balances(2).await, [-5_000, 5_000]);
    assert_eq!(land.balances(3).await, [-5_000, 5_000]);
    assert_eq!(land.balances(0).await, [0, 0]);
    first.abort();
}

/// The same where that is found out only after the other one was promised and its referee asked: what was not done is not
/// remembered as done.
#[tokio::test]
async fn who_was_not_asked_since_another_lift_cannot_go_on_is_asked() {
    let (land, asked, parts) = two_that_wait_at(2).await;
    // Of two the one with the lower name comes first.
    let damaged = usize::from(parts[1].lift > parts[0].lift);
    let part = &parts[damaged];
    // Its key is of another tally than its way comes over: it can be read, but nothing be signed with it.
    let (over, other) = ([1, 3][damaged], [0, 2][damaged]);
    let [over, other] = [over, other].map(|tie| format!("\"over\":\"{}\"", tally_of(tie)));
    assert!(part.state.contains(&over), "{}", part.state);
    damage(&land, 2, part, part.state.replace(&over, &other)).await;
    let whole = &asked[1 - damaged];
    for _ in 0..40 {
        land.breathe(50).await;
        tokio::task::yield_now().await;
    }
    assert!(whole.is_finished(), "two seconds are enough for it");
    let [first, second] = asked;
    let (whole, stuck) = if damaged == 0 { (second, first) } else { (first, second) };
    assert!(whole.await.unwrap().is_ok());
    assert!(!stuck.is_finished());
    stuck.abort();
}

/// Each site has users between who are partners of each other, and they charge.
#[tokio::test]
async fn users_between_inside_each_site_are_paid_what_they_ask() {
    let land = chain().await;
    land.charge(1, Side::Foil, 1, [20_000, 0]).await;
    land.charge(3, Side::Stock, 1, [0, 10_000]).await;
    let dear = land.pays(1, ["ann", "cyd"], [10_000, 10_100]).await.unwrap_err();
    assert_eq!(dear.class(), Class::Conflict, "{dear}");
    let paid = land.pays(2, ["ann", "cyd"], [10_000, 11_000]).await.unwrap();
    let cost = paid.given.milli() - 10_000;
    assert!((290..320).contains(&cost), "two and one in a hundred: {cost}");
    land.calms().await;
    assert_eq!(land.balances(4).await, [-10_000, 10_000]);
    assert_eq!(land.balances(0).await, [-paid.given.milli(), paid.given.milli()]);
    land.assert_sound().await;
}

#[tokio::test]
async fn four_referees_decide_though_one_is_gone_or_two_are_those_between() {
    let users = [("ann", 0), ("bob", 1), ("cat", 2)];
    for gone in [None, Some(5)] {
        let mut land = Land::new(7, &users, &[tie("ann", "bob"), tie("bob", "cat")]).await;
        land.referees_at(&[1, 3, 4, 5]).await;
        land.gone.extend(gone.map(agent));
        land.pays(1, ["ann", "cat"], [5_000, 5_000]).await.unwrap();
        land.calms().await;
        assert_eq!(land.balances(1).await, [-5_000, 5_000]);
        land.assert_sound().await;
    }
}

/// A referee that is gone locks what was promised, and nothing more is promised than that; when it is back it decides.
#[tokio::test]
async fn a_referee_that_was_gone_decides_when_it_is_back() {
    let mut land = three().await;
    land.gone.insert(agent(3));
    let undecided = land.pays(1, ["ann", "cat"], [5_000, 5_000]).await.unwrap_err();
    assert!(matches!(undecided, SiteError::Undecided { .. }), "{undecided}");
    assert_eq!((undecided.class(), undecided.word()), (Class::Passing, "undecided"));
    assert_eq!(land.balances(0).await, [0, 0]);
    land.gone.clear();
    land.calms().await;
    land.assert_sound().await;
    // Its deadline is over: nobody has paid, and the room is free.
    assert_eq!(land.balances(1).await, [0, 0]);
    land.pays(2, ["ann", "cat"], [100_000, 100_000]).await.unwrap();
}

/// A payment that nobody decides may stay open for days: its payee's site is told of it less and less often, and only as
/// long as it can promise.
#[tokio::test]
async fn a_payees_site_is_told_again_until_the_deadline_and_not_after() {
    let mut land = three().await;
    land.gone.insert(agent(3));
    let _waits = land.asks("pay", Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000])));
    for _ in 0..100 {
        land.breathe(50).await;
        tokio::task::yield_now().await;
    }
    for (later_ms, told) in
        [(8_000, true), (2_000, false), (8_000, true), (600_000, false), (1_500, false)]
    {
        land.sites[0].take_errands().await.unwrap();
        land.world.pass(later_ms);
        land.sites[0].tend_lifts(land.now()).await.unwrap();
        let said = land.sites[0].take_errands().await.unwrap();
        let tells = |said: &Outgoing| matches!(said.errand, Errand::Authorisation(_));
        assert_eq!(said.iter().any(tells), told, "{said:?}");
    }
}

/// What a referee that decides alone can lock is bounded, where an administrator says nothing and where it does.
#[tokio::test]
async fn more_than_a_sole_referee_is_trusted_with_is_refused() {
    let users = [("ann", 0), ("bob", 1), ("cat", 2)];
    let wide = |stock, foil| Tie { stock, foil, limits: [5_000_000, 5_000_000] };
    let mut land = Land::new(4, &users, &[wide("ann", "bob"), wide("bob", "cat")]).await;
    land.referees_at(&[3]).await;
    // Of what is trusted, three quarters for those who only pass through.
    land.pays(1, ["ann", "cat"], [750_000, 750_000]).await.unwrap();
    let refused = land.pays(2, ["ann", "cat"], [750_001, 750_001]).await.unwrap_err();
    assert!(matches!(refused, SiteError::NotLifted { why: WhyVoid::Referees }), "{refused}");
    // The site between trusts it with more, but not the others; then all do.
    for site in [1, 0, 2] {
        let most = Some(units(2_400_000));
        let accept = Command::AcceptReferee { agent: agent(3), endpoint: None, most };
        land.ask(site, &Caller::Administrator, accept).await.unwrap();
    }
    land.pays(3, ["ann", "cat"], [1_500_000, 1_500_000]).await.unwrap();
    // What is open counts: while nobody decides, no more than that is promised.
    land.gone.insert(agent(3));
    let first = land.pays(4, ["ann", "cat"], [1_200_000, 1_200_000]).await.unwrap_err();
    assert!(matches!(first, SiteError::Undecided { .. }), "{first}");
    let more = land.pays(5, ["ann", "cat"], [1_300_000, 1_300_000]).await.unwrap_err();
    assert!(matches!(more, SiteError::NotLifted { why: WhyVoid::Referees }), "{more}");
    land.gone.clear();
    land.calms().await;
    land.assert_sound().await;
    land.pays(6, ["ann", "cat"], [900_000, 900_000]).await.unwrap();
}

#[tokio::test]
async fn the_same_payment_asked_twice_at_once_is_made_once() {
    let land = three().await;
    let signed = Box::new(land.signed(1, ["ann", "cat"], [5_000, 5_000]));
    let (one, other) =
        tokio::join!(land.pays_as("a", signed.clone()), land.pays_as("b", signed.clone()));
    assert_eq!(one.unwrap().lift, other.unwrap().lift);
    let again = land.pays_as("c", signed).await.unwrap();
    land.calms().await;
    assert_eq!(land.balances(1).await, [-5_000, 5_000]);
    assert_eq!(again.given.milli(), 5_000);
    // Signed anew at another time, in the same words, it is the same; and who asks by its name is told.
    let mut anew = land.signed(1, ["ann", "cat"], [5_000, 5_000]);
    anew.date = anew.date.plus_ms(1_000).unwrap();
    anew.expires = anew.expires.plus_ms(1_000).unwrap();
    let anew = Box::new(anew.signed(&crate::seek::land::key("ann")).unwrap());
    assert_eq!(land.pays_as("e", anew).await.unwrap().lift, again.lift);
    // The same name for something else is refused.
    let other = Box::new(land.signed(1, ["ann", "cat"], [6_000, 6_000]));
    let taken = land.pays_as("d", other).await.unwrap_err();
    assert!(matches!(taken, SiteError::PaymentTaken(_)), "{taken}");
}

#[tokio::test]
async fn what_nobody_accepts_or_knows_is_refused_in_words() {
    let land = three().await;
    let nobody = land.pays(1, ["ann", "bob"], [5_000, 5_000]).await.unwrap();
    assert_eq!(nobody.units.milli(), 5_000, "a partner is paid by a lift too");
    let mut signed = land.signed(2, ["ann", "cat"], [5_000, 5_000]);
    signed.payee.endpoint = None;
    let signed = signed.signed(&crate::seek::land::key("ann")).unwrap();
    let unknown = land.pays_by(Box::new(signed)).await.unwrap_err();
    assert_eq!((unknown.class(), unknown.word()), (Class::Refused, "no_place"));
    // Signed by somebody else.
    let forged = land.signed(3, ["ann", "cat"], [5_000, 5_000]);
    let forged = forged.signed(&crate::seek::land::key("bob")).unwrap();
    let refused = land.pays_by(Box::new(forged)).await.unwrap_err();
    assert_eq!(refused.word(), "signature");
    // Too much for the tallies between.
    let much = land.pays(4, ["ann", "cat"], [300_000, 300_000]).await.unwrap_err();
    assert_eq!(much.word(), "too_little", "{much}");
    land.calms().await;
    assert_eq!(land.balances(1).await, [0, 0]);
    land.assert_sound().await;
}

#[tokio::test]
async fn a_payee_who_may_not_act_is_not_paid_and_the_room_is_free_at_once() {
    let land = three().await;
    land.suspend("cat", 2).await;
    let refused = land.pays(1, ["ann", "cat"], [5_000, 5_000]).await.unwrap_err();
    assert_eq!((refused.class(), refused.word()), (Class::Conflict, "not_lifted"), "{refused}");
    land.calms().await;
    land.assert_sound().await;
    assert_eq!(
        land.site_of("bob").tally(&cuid("bob"), tally_of(0)).await.unwrap().balance_milli,
        0
    );
}
