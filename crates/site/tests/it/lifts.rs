//! Clearing among three neighbours: Bob owes Suzie, Suzie owes Eve, Eve owes Bob.

use std::sync::Arc;

use protocol::bounded::List;
use protocol::cert::Type;
use protocol::chit::{Chit, Entry, Set, Written};
use protocol::lift::{Certificate, Evidence, Late};
use protocol::record::Record;
use protocol::{Lift, SecretKey, Settings, Side, TallyId};
use site::{
    Answer, Caller, Cleared, Command, CommandId, Found, LiftFound, Query, Schedule, SignedSettings,
    Site, SiteError, Wish,
};
use store::Store;

use crate::town::{START, Town, chit_id, cuid, draft, on_every_store, units, user};

on_every_store! {
    a_circle_is_cleared_at_once,
    the_same_clearing_asked_twice_is_done_once,
    what_is_on_its_way_is_not_counted_on,
    clearing_while_others_pay_loses_nothing,
    a_tally_in_conflict_or_closed_takes_no_part,
    only_an_administrator_clears_and_only_with_the_agents_key,
    a_lifts_chit_is_taken_only_as_the_lift_says,
    doctor_finds_a_lift_that_is_not_whole,
    each_caller_sees_the_lifts_that_touched_it,
    who_was_cleared_is_told_by_which_settings,
    a_site_clears_by_itself_when_something_changed,
}

/// Who holds the stock, and who the foil: the foil owes.
const TALLIES: [(&str, &str); 3] = [("suzie", "bob"), ("eve", "suzie"), ("bob", "eve")];

fn id(number: usize) -> TallyId {
    TallyId::random([u8::try_from(number + 40).unwrap(); 16])
}

async fn triangle(store: Store) -> Town {
    let mut town = Town::new(store).await;
    town.add("eve", Type::Person).await.unwrap();
    let agent = Arc::new(SecretKey::ed25519(&[9; 32]));
    town.site = town.site.clone().signing_with(agent).unwrap();
    for number in 0..TALLIES.len() {
        open(&town, number).await;
    }
    town
}

async fn open(town: &Town, number: usize) {
    let ((stock, foil), tally) = (TALLIES[number], id(number));
    let expires = "2026-12-01T00:00:00.000Z".parse().unwrap();
    let command = Command::Invite { tally, side: Side::Stock, draft: Box::new(draft()), expires };
    let Answer::Invited(invitation) = town.ask(&user(stock), command).await.unwrap() else {
        panic!("no invitation")
    };
    town.ask(&user(foil), Command::Answer { invitation }).await.unwrap();
    town.deliver().await;
    let query = Query::ToOffer { user: cuid(stock), tally, draft: Box::new(draft()) };
    let Found::ToOffer(offer) = town.site.query(&user(stock), query).await.unwrap() else {
        panic!("nothing to offer")
    };
    let offer = offer.signed(Side::Stock, town.key(stock)).unwrap();
    wish(town, stock, number, Wish::Offer(Box::new(offer))).await.unwrap();
    town.deliver().await;
    let seen = town.site.tally(&cuid(foil), tally).await.unwrap();
    let offer = seen.offer.unwrap().0.signed(Side::Foil, town.key(foil)).unwrap();
    wish(town, foil, number, Wish::Accept(Box::new(offer))).await.unwrap();
    town.deliver().await;
}

async fn wish(town: &Town, name: &str, number: usize, wish: Wish) -> Result<Answer, SiteError> {
    town.ask(&user(name), Command::Tally { tally: id(number), wish }).await
}

/// The foil of a tally pays; nothing is delivered.
async fn owe(town: &Town, number: usize, chit: u8, milli: i64) {
    let foil = TALLIES[number].1;
    let entry =
        Entry::Tran { units: units(milli).try_into().unwrap(), written: Written::default() };
    let (tally, date) = (id(number), START.parse().unwrap());
    let chit = Chit { uuid: chit_id(chit), tally, by: Side::Foil, date, entry };
    let chit = Box::new(chit.signed(town.key(foil)).unwrap());
    wish(town, foil, number, Wish::Write { chit, over_limit: false }).await.unwrap();
}

/// Debts of 30, 20 and 50: a circle of 20.
async fn indebted(store: Store) -> Town {
    let town = triangle(store).await;
    for (number, milli) in [(0, 30_000), (1, 20_000), (2, 50_000)] {
        owe(&town, number, u8::try_from(number).unwrap(), milli).await;
    }
    town.deliver().await;
    town
}

async fn clear(town: &Town) -> Result<Cleared, SiteError> {
    match town.ask(&Caller::Administrator, Command::Clear).await? {
        Answer::Cleared(cleared) => Ok(cleared),
        other => panic!("{other:?}"),
    }
}

/// What the foil of each tally owes, by the foil's half; the stock's must say the same.
async fn owed(town: &Town) -> [i128; 3] {
    let mut owed = [0; 3];
    for (number, owed) in owed.iter_mut().enumerate() {
        let (stock, foil) = TALLIES[number];
        *owed = -town.site.tally(&cuid(foil), id(number)).await.unwrap().balance_milli;
        let other = town.site.tally(&cuid(stock), id(number)).await.unwrap();
        assert_eq!(other.balance_milli, *owed, "tally {number}");
        assert_eq!(other.agreed, other.chits, "tally {number}: nothing is left to say");
    }
    owed
}

async fn found(
    town: &Town,
    caller: &Caller,
    lift: protocol::LiftId,
) -> Result<LiftFound, SiteError> {
    match town.site.query(caller, Query::Lift { lift, user: None, after: None, limit: 100 }).await?
    {
        Found::Lift(found) => Ok(*found),
        other => panic!("{other:?}"),
    }
}

async fn a_circle_is_cleared_at_once(store: Store) {
    let town = indebted(store.clone()).await;
    let cleared = clear(&town).await.unwrap();
    let lift = cleared.lift.unwrap();
    let all =
        Cleared { lift: Some(lift), cleared: 60_000, total_debt: 100_000, tallies: 3, users: 3 };
    assert_eq!(cleared, all);
    // Without a letter: both halves know it, and know that the other does.
    assert_eq!(owed(&town).await, [10_000, 0, 30_000]);
    assert_eq!(store.read().await.unwrap().letters(None, 10).await.unwrap(), []);
    let found = found(&town, &Caller::Administrator, lift).await.unwrap();
    assert_eq!(found.record.id().unwrap(), lift);
    assert_eq!(found.certificate.unwrap().check(&found.record), Ok(()));
    assert_eq!((found.line.legs, found.line.moved), (6, 60_000));
    assert!(found.legs.iter().all(|leg| leg.effect.milli().abs() == 20_000));
    // What is left runs in no circle: nothing is written for it.
    let events = store.read().await.unwrap().last_event().await.unwrap();
    let nothing = Cleared { lift: None, cleared: 0, total_debt: 40_000, tallies: 0, users: 0 };
    assert_eq!(clear(&town).await.unwrap(), nothing);
    assert_eq!(store.read().await.unwrap().last_event().await.unwrap(), events);
    // And trade goes on.
    owe(&town, 1, 9, 5_000).await;
    town.deliver().await;
    assert_eq!(clear(&town).await.unwrap().cleared, 15_000);
    assert_eq!(owed(&town).await, [5_000, 0, 25_000]);
    town.assert_sound().await;
}

async fn the_same_clearing_asked_twice_is_done_once(store: Store) {
    let town = indebted(store).await;
    let name = CommandId::new("monday").unwrap();
    let ask = || town.site.command(&Caller::Administrator, &name, Command::Clear);
    let (first, second) = tokio::join!(ask(), ask());
    let first = first.unwrap();
    assert_eq!(first, second.unwrap());
    owe(&town, 1, 9, 5_000).await;
    town.deliver().await;
    assert_eq!(ask().await.unwrap(), first);
    assert_eq!(owed(&town).await, [10_000, 5_000, 30_000]);
    town.assert_sound().await;
}

async fn what_is_on_its_way_is_not_counted_on(store: Store) {
    let town = indebted(store).await.by_post();
    // Suzie owes Eve 25 by her own half, 20 by Eve's: the letter has not come.
    owe(&town, 1, 9, 5_000).await;
    let cleared = clear(&town).await.unwrap();
    assert_eq!((cleared.cleared, cleared.total_debt), (60_000, 100_000));
    town.deliver().await;
    assert_eq!(owed(&town).await, [10_000, 5_000, 30_000]);
    assert_eq!(clear(&town).await.unwrap().cleared, 15_000);
    assert_eq!(owed(&town).await, [5_000, 0, 25_000]);
    town.assert_sound().await;
}

async fn clearing_while_others_pay_loses_nothing(store: Store) {
    let town = indebted(store).await;
    let pay = async {
        for number in 0..3_u8 {
            owe(&town, 1, 20 + number, 1_000).await;
        }
    };
    let (cleared, ()) = tokio::join!(clear(&town), pay);
    let first = cleared.unwrap().cleared;
    town.deliver().await;
    let second = clear(&town).await.unwrap().cleared;
    assert_eq!(first + second, 69_000, "{first} and {second}");
    assert_eq!(owed(&town).await, [7_000, 0, 27_000]);
    town.assert_sound().await;
}

async fn a_tally_in_conflict_or_closed_takes_no_part(store: Store) {
    let town = indebted(store).await;
    // Suzie's device signs two chits under one name, and brings both.
    let chit = |milli| {
        let units = units(milli).try_into().unwrap();
        let entry = Entry::Tran { units, written: Written::default() };
        let (tally, date) = (id(1), START.parse().unwrap());
        let chit = Chit { uuid: chit_id(70), tally, by: Side::Foil, date, entry };
        chit.signed(town.key("suzie")).unwrap()
    };
    wish(&town, "suzie", 1, Wish::Recover(vec![chit(1), chit(2)])).await.unwrap();
    town.deliver().await;
    let cleared = clear(&town).await.unwrap();
    assert_eq!((cleared.lift, cleared.total_debt), (None, 80_000));
    town.assert_sound().await;
}

async fn only_an_administrator_clears_and_only_with_the_agents_key(store: Store) {
    let town = indebted(store.clone()).await;
    let error = town.ask(&user("bob"), Command::Clear).await.unwrap_err();
    assert!(matches!(error, SiteError::NotAllowed { .. }), "{error}");
    let world = Arc::clone(&town.world);
    let other = Arc::new(SecretKey::ed25519(&[8; 32]));
    let keyless = Site::open(store, town.site.agent(), world.clone(), world).await.unwrap();
    let error = keyless.clone().signing_with(other).err().unwrap();
    assert!(matches!(error, SiteError::OtherSite { .. }), "{error}");
    let name = CommandId::new("keyless").unwrap();
    let error = keyless.command(&Caller::Administrator, &name, Command::Clear).await.unwrap_err();
    assert!(matches!(error, SiteError::NoAgentKey), "{error}");
    assert_eq!(owed(&town).await, [30_000, 20_000, 50_000]);
    town.assert_sound().await;
}

async fn a_lifts_chit_is_taken_only_as_the_lift_says(store: Store) {
    let town = indebted(store).await;
    clear(&town).await.unwrap();
    let history = town.site.history(&cuid("bob"), id(0), None, 1).await.unwrap();
    let chit = history[0].link.chit.clone();
    let Entry::Lift { units, lift } = chit.entry else { panic!("{chit:?}") };
    // The very chit is known, and changes nothing.
    wish(&town, "bob", 0, Wish::Recover(vec![chit.clone()])).await.unwrap();
    let more = Entry::Lift { units: crate::town::units(20_001).try_into().unwrap(), lift };
    let another = Entry::Lift { units, lift: protocol::LiftId::from_bytes([1; 32]) };
    for (entry, known) in [(more, true), (another, false)] {
        let forged = Chit { entry, ..chit.clone() };
        let error = wish(&town, "bob", 0, Wish::Recover(vec![forged])).await.unwrap_err();
        match error {
            SiteError::Lift(_) => assert!(known),
            SiteError::NoLift(_) => assert!(!known),
            other => panic!("{other}"),
        }
    }
    let elsewhere = Chit { tally: id(7), ..chit };
    let error = wish(&town, "bob", 0, Wish::Recover(vec![elsewhere])).await.unwrap_err();
    assert!(matches!(error, SiteError::Lift(_)), "{error}");
    assert_eq!(owed(&town).await, [10_000, 0, 30_000]);
    town.assert_sound().await;
}

async fn doctor_finds_a_lift_that_is_not_whole(store: Store) {
    let town = indebted(store.clone()).await;
    let lift = clear(&town).await.unwrap().lift.unwrap();
    town.assert_sound().await;
    let kept = store.read().await.unwrap().lift(&lift).await.unwrap().unwrap();
    let record = Lift::read(kept.record.as_bytes()).unwrap();
    let (lift_id, agent) = (record.id().unwrap(), SecretKey::ed25519(&[9; 32]));
    let late = Late { lift: lift_id, referee: record.referees[0], sign: None };
    let late = Evidence::Late(List::new(vec![late.signed(&agent).unwrap()]).unwrap());
    let void = Certificate::by_sole_referee(lift_id, late, &agent);
    let put = async |certificate: Option<String>| {
        let mut tx = store.begin().await.unwrap();
        tx.put_lift(&store::Lift { certificate, ..kept.clone() }).await.unwrap();
        tx.commit().await.unwrap();
        town.site.doctor(&mut |_| {}).await.unwrap()
    };
    let found = put(Some(void.unwrap().to_text().unwrap().to_string())).await;
    assert!(!found.ok && found.faults[0].what.contains("was decided to be void"), "{found:?}");
    assert!(!put(None).await.ok);
    assert!(put(kept.certificate.clone()).await.ok);
    // A leg that no chit stands for.
    let half = store.read().await.unwrap().half_of(&cuid("bob"), &id(0)).await.unwrap().unwrap();
    let (half, chit) = (half.id, protocol::Hash::of(b"no chit"));
    let mut tx = store.begin().await.unwrap();
    tx.add_legs(&[store::LiftLeg { lift, half, chit, effect: units(1) }]).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!town.site.doctor(&mut |_| {}).await.unwrap().ok);
}

async fn each_caller_sees_the_lifts_that_touched_it(store: Store) {
    let town = indebted(store).await;
    town.add("dora", Type::Person).await.unwrap();
    let lift = clear(&town).await.unwrap().lift.unwrap();
    let list = async |caller: &Caller| {
        let query = Query::Lifts { user: None, before: None, limit: 10 };
        match town.site.query(caller, query).await.unwrap() {
            Found::Lifts(lifts) => lifts,
            other => panic!("{other:?}"),
        }
    };
    let all = list(&Caller::Administrator).await;
    assert_eq!((all.len(), all[0].lift, all[0].status.as_str()), (1, lift, "commit"));
    assert_eq!(list(&user("bob")).await, all);
    assert_eq!(list(&user("dora")).await, []);
    let own = found(&town, &user("bob"), lift).await.unwrap();
    let mut effects: Vec<_> = own.legs.iter().map(|leg| leg.effect.milli()).collect();
    effects.sort_unstable();
    assert_eq!(effects, [-20_000, 20_000]);
    assert!(own.legs.iter().all(|leg| leg.holder == cuid("bob")));
    let error = found(&town, &user("dora"), lift).await.unwrap_err();
    assert!(matches!(error, SiteError::NoLift(_)), "{error}");
}

/// A user signs settings for a tally.
async fn set(town: &Town, name: &str, number: usize, (chit, counter): (u8, u32)) {
    let by = if TALLIES[number].0 == name { Side::Stock } else { Side::Foil };
    let settings = Settings::default_for(units(200_000));
    let set = Set { settings, counter: counter.try_into().unwrap(), owe: None, close: false };
    let entry = Entry::Set { set, written: Written::default() };
    let (tally, date) = (id(number), START.parse().unwrap());
    let chit = Chit { uuid: chit_id(chit), tally, by, date, entry };
    let chit = Box::new(chit.signed(town.key(name)).unwrap());
    wish(town, name, number, Wish::Write { chit, over_limit: false }).await.unwrap();
    town.deliver().await;
}

async fn who_was_cleared_is_told_by_which_settings(store: Store) {
    let town = indebted(store.clone()).await;
    set(&town, "bob", 0, (60, 1)).await;
    set(&town, "bob", 0, (61, 2)).await;
    set(&town, "suzie", 1, (62, 1)).await;
    let lift = clear(&town).await.unwrap().lift.unwrap();
    // What is signed afterwards allowed nothing of it.
    set(&town, "bob", 0, (63, 3)).await;
    set(&town, "suzie", 0, (64, 1)).await;
    let own = found(&town, &user("bob"), lift).await.unwrap();
    let on = |number| own.legs.iter().find(|leg| leg.tally == id(number)).unwrap();
    let signed = |by: &Option<SignedSettings>| {
        let SignedSettings { counter, chit, date } = by.clone().unwrap();
        assert_eq!(chit.is_some(), counter > 0);
        assert_eq!(date, chit.map(|_| START.parse().unwrap()));
        (counter, chit)
    };
    assert_eq!(signed(&on(0).allowed_by.holder), (2, Some(chit_id(61))));
    assert_eq!(signed(&on(0).allowed_by.partner), (0, None), "suzie's are those of the tally");
    assert_eq!(signed(&on(2).allowed_by.holder), (0, None));
    assert!(own.legs.iter().all(|leg| leg.allowed_by.authorisation.is_none()));
    // Each sees both sides of its own tallies.
    let suzies = found(&town, &user("suzie"), lift).await.unwrap();
    let on = |number| suzies.legs.iter().find(|leg| leg.tally == id(number)).unwrap();
    assert_eq!(signed(&on(0).allowed_by.partner), (2, Some(chit_id(61))));
    assert_eq!(signed(&on(1).allowed_by.holder), (1, Some(chit_id(62))));
    // And hears of it once.
    for name in ["bob", "suzie", "eve"] {
        let told = town.told(&store, name).await;
        let told = told.into_iter().filter(|(kind, _)| kind.starts_with("lift"));
        let told: Vec<_> = told.collect();
        let [(kind, text)] = &told[..] else { panic!("once: {told:?}") };
        let told: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!((kind.as_str(), &told["cleared"]), ("lift_cleared", &20_000.into()));
        assert_eq!((&told["lift"], &told["tallies"]), (&lift.to_string().into(), &2.into()));
        let legs = told["legs"].as_array().unwrap();
        assert_eq!(legs.len(), 2, "its own, no more: {told}");
        let on = legs.iter().find(|leg| leg["tally"] == id(0).to_string());
        let counters = on.map(|leg| (&leg["settings"], &leg["partner_settings"]));
        match name {
            "bob" => assert_eq!(counters, Some((&2.into(), &0.into()))),
            "suzie" => assert_eq!(counters, Some((&0.into(), &2.into()))),
            _ => assert_eq!(counters, None),
        }
    }
}

async fn a_site_clears_by_itself_when_something_changed(store: Store) {
    let town = indebted(store).await;
    let at = |minutes: i64| START.parse::<protocol::Timestamp>().unwrap().plus_ms(minutes * 60_000);
    let schedule = Schedule { clear_every_ms: Some(600_000), remind_every_ms: 600_000 };
    let tend = async |minutes| {
        let tended = town.site.tend(at(minutes).unwrap(), &schedule).await.unwrap();
        tended.cleared.map(|cleared| cleared.cleared)
    };
    assert_eq!(tend(0).await, Some(60_000));
    owe(&town, 1, 9, 5_000).await;
    assert_eq!(tend(9).await, None, "not yet");
    assert_eq!(tend(10).await, Some(15_000));
    assert_eq!(tend(20).await, None);
    assert_eq!(tend(30).await, None);
    owe(&town, 1, 10, 1_000).await;
    let never = Schedule { clear_every_ms: None, ..schedule };
    let tended = town.site.tend(at(50).unwrap(), &never).await.unwrap();
    assert_eq!(tended.cleared, None);
    assert_eq!(tend(51).await, Some(3_000));
    assert_eq!(owed(&town).await, [4_000, 0, 24_000]);
    town.assert_sound().await;
}
