//! Payments by lifts among neighbours: Ann pays Dan, whom only others know.

use std::sync::Arc;

use protocol::chit::{Entry, Set, Written};
use protocol::{Settings, Side};
use site::{Caller, Class, Command, CommandId, Found, Part, Query, Site, SiteError, WhyNot, Wish};
use store::Store;

use crate::street::{Street, Tie, address, payment_of, tally_of, tie};
use crate::town::{cuid, on_every_store, units, user};

on_every_store! {
    a_stranger_is_paid_over_the_cheapest_chain,
    the_same_payment_is_made_once,
    a_refused_payment_leaves_nothing_behind,
    two_payments_over_one_narrow_tally,
    many_at_once_are_made_as_one_by_one,
    another_programs_changes_are_found_out,
    a_way_that_became_dearer_is_left_for_a_cheaper_one,
    a_tally_has_no_name_of_others_and_a_lift_is_brought_back_once,
}

fn rates(bound: i64, reward: i32, clutch: i32) -> Option<Settings> {
    let rate = |ppm| protocol::Rate::new(ppm).unwrap();
    Some(Settings::new(units(0), units(bound), rate(reward), rate(clutch)).unwrap())
}

/// Ann may owe Bob, Bob Cleo, Cleo Dan; Cleo charges 1 % for taking in, Bob nothing. There is a dearer way
/// by Eve, who charges 5 %.
fn chain() -> Vec<Tie> {
    let charging = |tie: Tie, ppm| Tie { settings: [rates(100_000, ppm, 0), None], ..tie };
    vec![
        tie("bob", "ann", 100_000),
        charging(tie("cleo", "bob", 90_000), 10_000),
        tie("dan", "cleo", 100_000),
        tie("eve", "ann", 100_000),
        charging(tie("eve", "ann", 100_000), 50_000),
        tie("dan", "eve", 100_000),
    ]
}

async fn street(store: Store) -> Street {
    let mut ties = chain();
    ties.remove(3);
    Street::new(store, ties).await
}

async fn a_stranger_is_paid_over_the_cheapest_chain(store: Store) {
    let street = street(store).await;
    let route = street.route("ann", "dan", 50_000).await.unwrap();
    let quote = route.quote.unwrap();
    // Whoever must be left with 50 after 1 % must get 50.506.
    assert_eq!((quote.given, quote.cost, quote.tallies), (units(50_506), units(506), 3));
    assert_eq!((quote.first, route.proved), (tally_of(0), true));
    let shares: Vec<_> =
        quote.shares.iter().map(|share| (share.user.clone(), share.units)).collect();
    assert_eq!(shares, [(Some(cuid("bob")), units(0)), (None, units(506))]);
    assert_eq!((route.most, route.why_not), (units(95_000), None), "95 of 100 by way of Eve");

    let paid = street.pay(1, "ann", "dan", 50_000, 50_506).await.unwrap();
    assert_eq!(
        (paid.units, paid.given, paid.payment),
        (units(50_000), units(50_506), payment_of(1))
    );
    assert_eq!(street.balances().await, [50_506, 50_506, 50_000, 0, 0]);
    for (name, worth) in [("ann", -50_506), ("bob", 0), ("cleo", 506), ("dan", 50_000), ("eve", 0)]
    {
        assert_eq!(street.worth(name).await, worth, "{name}");
    }
    assert_eq!(street.store.read().await.unwrap().letters(None, 9).await.unwrap(), []);

    // Everybody is told what happened to it, and who allowed it.
    let [ann] = &street.told("ann", "lift_").await[..] else { panic!("once") };
    assert_eq!((&ann["given"], &ann["memo"]), (&50_506.into(), &"a cart".into()));
    assert!(ann["allowed_by"]["authorisation"].is_string(), "{ann}");
    let [cleo] = &street.told("cleo", "lift_").await[..] else { panic!("once") };
    assert_eq!((&cleo["earned"], &cleo["allowed_by"]), (&506.into(), &"settings".into()));
    assert_eq!(cleo["legs"][0]["settings"], 1, "the counter of what she signed: {cleo}");
    assert_eq!(cleo["legs"][0]["partner_settings"], 0, "Bob never wrote any: {cleo}");
    assert!(cleo.get("memo").is_none() && cleo.get("payment").is_none(), "{cleo}");
    let [dan] = &street.told("dan", "lift_").await[..] else { panic!("once") };
    assert_eq!((&dan["amount"], &dan["ref"]), (&50_000.into(), &"B-17".into()));
    assert!(dan.get("given").is_none(), "{dan}");
    assert_eq!(street.told("eve", "lift_").await, [""; 0]);

    // And sees of it what it may know.
    let part = async |name: &str| {
        let query = Query::Lift { lift: paid.lift, user: None, after: None, limit: 9 };
        let Found::Lift(found) = street.town.site.query(&user(name), query).await.unwrap() else {
            panic!("another answer")
        };
        assert_eq!(found.record.id().unwrap(), paid.lift);
        assert_eq!(found.authorisation.is_some(), name == "ann", "{name}");
        for leg in &found.legs {
            let by = &leg.allowed_by;
            let signed = by.authorisation.as_ref().map(|signed| signed.payment);
            assert_eq!(signed, (name == "ann").then_some(payment_of(1)), "{name}");
            let counter = |signed: &Option<site::SignedSettings>| signed.as_ref().unwrap().counter;
            let hers = u32::from(name == "cleo" && leg.tally == tally_of(1));
            assert_eq!((counter(&by.holder), counter(&by.partner)), (hers, 0), "{name}");
        }
        (found.line.part, found.line.legs, found.line.moved, found.legs.len())
    };
    let (Part::Paid(of_ann), legs, moved, _) = part("ann").await else { panic!("she paid") };
    assert_eq!((of_ann.given, of_ann.most), (Some(units(50_506)), Some(units(50_506))));
    assert_eq!((legs, moved, of_ann.payee), (1, 50_506, address("dan")));
    let (Part::Received(of_dan), ..) = part("dan").await else { panic!("he was paid") };
    assert_eq!((of_dan.payer, of_dan.units), (address("ann"), units(50_000)));
    assert_eq!((of_dan.given, of_dan.most), (None, None));
    let earned = Part::PassedOn { earned: units(506) };
    assert_eq!(part("cleo").await, (earned.clone(), 2, 50_506, 2));
    let query = Query::Lift { lift: paid.lift, user: None, after: None, limit: 9 };
    let error = street.town.site.query(&user("eve"), query).await.unwrap_err();
    assert!(matches!(error, SiteError::NoLift(_)), "{error}");
    let history = street.town.site.history(&cuid("cleo"), tally_of(1), None, 1).await.unwrap();
    assert_eq!(history[0].part, Some(earned));
    street.town.assert_sound().await;
}

async fn the_same_payment_is_made_once(store: Store) {
    let street = street(store.clone()).await;
    let signed =
        street.unsigned(1, "ann", "dan", 10_000, 11_000).signed(street.key("ann")).unwrap();
    let first = street.send("ann", signed.clone()).await.unwrap();
    let balances = street.balances().await;
    // Under another command's name, after a restart, with another signature, too late, or with no room.
    assert_eq!(street.send("ann", signed.clone()).await.unwrap(), first);
    let world = Arc::clone(&street.town.world);
    let again = street.another(world).await;
    assert_eq!(again.send("ann", signed.clone()).await.unwrap(), first);
    street.town.world.pass(7_200_000);
    assert_eq!(street.send("ann", signed.clone()).await.unwrap(), first);
    let query = Query::Payment { user: cuid("ann"), payment: payment_of(1) };
    let found = street.town.site.query(&user("ann"), query.clone()).await.unwrap();
    assert_eq!(found, Found::Payment(Some(first.clone())));
    let error = street.town.site.query(&user("dan"), query).await.unwrap_err();
    assert!(matches!(error, SiteError::NotAllowed { .. }), "{error}");
    // Its name is used up for anything else, for this payer.
    let mut other = signed;
    other.most = units(12_000).try_into().unwrap();
    let error = street.send("ann", other.signed(street.key("ann")).unwrap()).await.unwrap_err();
    assert!(matches!(error, SiteError::PaymentTaken(name) if name == payment_of(1)), "{error}");
    assert_eq!(street.balances().await, balances);
    street.town.assert_sound().await;
}

async fn a_refused_payment_leaves_nothing_behind(store: Store) {
    let street = street(store).await;
    let before = street.kept().await;
    let error = street.pay(1, "ann", "dan", 50_000, 50_505).await.unwrap_err();
    assert!(matches!(error, SiteError::TooDear { .. }), "{error}");
    assert!(error.to_string().contains("takes 50.506") && error.to_string().contains("50.505"));
    let error = street.pay(1, "ann", "dan", 100_001, 200_000).await.unwrap_err();
    assert!(
        error.to_string().contains("dan takes in no more over one tally of its own"),
        "{error}"
    );
    let error = street.pay(1, "ann", "dan", 95_001, 200_000).await.unwrap_err();
    assert!(error.to_string().contains("at most 95.000"), "{error}");
    assert_eq!(street.kept().await, before, "no row, no event");
    let query = Query::Payment { user: cuid("ann"), payment: payment_of(1) };
    let found = street.town.site.query(&user("ann"), query).await.unwrap();
    assert_eq!(found, Found::Payment(None));
    // Its name is free.
    street.pay(1, "ann", "dan", 50_000, 50_506).await.unwrap();
    street.town.assert_sound().await;
}

async fn two_payments_over_one_narrow_tally(store: Store) {
    let ties = vec![
        tie("cleo", "ann", 100_000),
        tie("cleo", "bob", 100_000),
        tie("dan", "cleo", 10_000),
        tie("eve", "cleo", 100_000),
    ];
    let street = Street::new(store, ties).await;
    let (one, two) = tokio::join!(
        street.pay(1, "ann", "dan", 6_000, 6_000),
        street.pay(1, "bob", "dan", 6_000, 6_000)
    );
    let refused = [&one, &two].into_iter().filter_map(|paid| paid.as_ref().err());
    let refused: Vec<String> = refused.map(ToString::to_string).collect();
    let [refused] = &refused[..] else { panic!("one of them: {one:?} {two:?}") };
    assert!(refused.contains("at most 4.000"), "{refused}");
    assert_eq!(street.balances().await[2..], [6_000, 0]);
    assert_eq!(street.worth("cleo").await, 0);
    street.town.assert_sound().await;
}

async fn many_at_once_are_made_as_one_by_one(store: Store) {
    let street = Arc::new(street(store).await);
    let mut all = Vec::new();
    for number in 0..40_u8 {
        // Every third is sent twice.
        for _ in 0..1 + u8::from(number % 3 == 0) {
            let street = Arc::clone(&street);
            all.push(tokio::spawn(
                async move { street.pay(number, "ann", "dan", 1_000, 2_000).await },
            ));
        }
    }
    let mut lifts = std::collections::BTreeSet::new();
    for one in all {
        lifts.insert(one.await.unwrap().unwrap().lift);
    }
    assert_eq!(lifts.len(), 40);
    assert_eq!(street.worth("dan").await, 40_000);
    assert_eq!(street.worth("ann").await + street.worth("cleo").await, -40_000);
    assert_eq!(street.worth("bob").await, 0);
    street.town.assert_sound().await;
}

async fn another_programs_changes_are_found_out(store: Store) {
    let mut street = street(store).await;
    let other = street.another(Arc::clone(&street.town.world)).await;
    // Both have looked at all tallies.
    assert_eq!(other.route("ann", "dan", 1).await.unwrap().most, units(95_000));
    street.pay(1, "ann", "dan", 80_000, 90_000).await.unwrap();
    // What the other remembers of Bob's tally is wrong; it finds out, and goes by Eve.
    let paid = other.pay(2, "ann", "dan", 30_000, 60_000).await.unwrap();
    assert_eq!(paid.given, units(31_579));
    assert_eq!(street.balances().await[3..], [31_579, 30_000]);
    // It does not know of a tally that came in at the first.
    street.bring(vec![tie("hal", "ann", 50_000)]).await;
    other.town.world.pass(10_000);
    let paid = other.pay(3, "ann", "hal", 50_000, 50_000).await.unwrap();
    assert_eq!(paid.given, units(50_000));
    let why = other.route("ann", "gus", 1).await.unwrap().why_not;
    assert_eq!(why, Some(WhyNot::NotConnected));
    street.town.assert_sound().await;
}

async fn a_way_that_became_dearer_is_left_for_a_cheaper_one(store: Store) {
    let street = street(store).await;
    let other = street.another(Arc::clone(&street.town.world)).await;
    assert_eq!(other.route("ann", "dan", 1_000).await.unwrap().quote.unwrap().tallies, 3);
    // Cleo charges 10 % from now on, which the other has not heard.
    let (settings, counter) = (rates(100_000, 100_000, 0).unwrap(), 2.try_into().unwrap());
    let set = Set { settings, counter, owe: None, close: false };
    street.write(1, Side::Stock, 9, Entry::Set { set, written: Written::default() }).await;
    let paid = other.pay(1, "ann", "dan", 1_000, 2_000).await.unwrap();
    assert_eq!(paid.given, units(1_053), "5 % by way of Eve");
    assert_eq!(other.balances().await, [0, 0, 0, 1_053, 1_000]);
    street.town.assert_sound().await;
}

/// Only the agent's key decides.
#[tokio::test]
async fn a_site_without_its_key_pays_nobody() {
    let street = street(Store::memory()).await;
    let world = Arc::clone(&street.town.world);
    let agent = street.town.site.agent();
    let keyless = Site::open(street.store.clone(), agent, world.clone(), world).await.unwrap();
    let authorisation = street.unsigned(1, "ann", "dan", 5, 6).signed(street.key("ann")).unwrap();
    let command = Command::PayByLift { authorisation: Box::new(authorisation), hint: None };
    let id = CommandId::new("one").unwrap();
    let error = keyless.command(&user("ann"), &id, command.clone()).await.unwrap_err();
    assert!(matches!(error, SiteError::NoAgentKey), "{error}");
    let error = street.town.site.command(&Caller::Administrator, &id, command).await.unwrap_err();
    assert!(matches!(error, SiteError::NotAllowed { .. }), "{error}");
    assert_eq!(street.balances().await, [0; 5]);
}

/// The id of a tally is chosen by whoever invites: not as that of others, whose lifts could be shown on it.
async fn a_tally_has_no_name_of_others_and_a_lift_is_brought_back_once(store: Store) {
    let street = street(store).await;
    street.pay(1, "ann", "dan", 50_000, 50_506).await.unwrap();
    let history = street.town.site.history(&cuid("ann"), tally_of(0), None, 1).await.unwrap();
    let lifted = history[0].link.chit.clone();
    assert!(matches!(lifted.entry, Entry::Lift { .. }));
    let (tally, expires) = (tally_of(0), "2099-01-01T00:00:00.000Z".parse().unwrap());
    for name in ["flo", "ann"] {
        let draft = Box::new(crate::town::draft());
        let invite = Command::Invite { tally, side: Side::Stock, draft, expires };
        let refused = street.town.ask(&user(name), invite).await.unwrap_err();
        assert_eq!((refused.class(), refused.word()), (Class::Conflict, "tally_exists"));
        assert_eq!(refused.to_string().contains("ann"), name == "ann", "{refused}");
    }
    let before = street.worth("ann").await;
    let again = Wish::Recover(vec![lifted]);
    let again = Command::Tally { tally, wish: again };
    street.town.ask(&user("ann"), again).await.unwrap();
    assert_eq!(street.worth("ann").await, before);
    street.town.assert_sound().await;
}
