//! Tallies: who signed, whether rightly, and what follows from the signatures for each half.

use proptest::prelude::*;
use protocol::cert::Type;
use protocol::chit::{Entry, Owe, Set};
use protocol::lading::{Lading, Position};
use protocol::record::Record;
use protocol::settings::Settings;
use protocol::tally::{Members, SignedBy, Tally, TallyError};
use protocol::{Side, SignError, SignatureFault, Units};

use crate::given::units;
use crate::people::{any_entry, bob, bobs_key, cert, members, suzie, suzies_key, tally};

fn by_both() -> Tally {
    tally().signed(Side::Stock, &suzies_key()).unwrap().signed(Side::Foil, &bobs_key()).unwrap()
}

/// The tally with something changed after it was signed.
fn tampered(change: impl FnOnce(&mut Members)) -> Tally {
    let mut members = by_both().into_members();
    change(&mut members);
    Tally::new(members).unwrap()
}

#[test]
fn a_draft_binds_nobody_an_offer_one_and_a_tally_both() {
    assert_eq!(SignedBy::check(tally()), Ok(SignedBy::Nobody(tally())));
    let offer = tally().signed(Side::Foil, &bobs_key()).unwrap();
    let Ok(SignedBy::One(offer)) = SignedBy::check(offer) else { panic!("an offer") };
    assert_eq!(offer.by(), Side::Foil);
    let Ok(SignedBy::Both(open)) = SignedBy::check(by_both()) else { panic!("an open tally") };
    assert_eq!(*open, by_both());
}

#[test]
fn the_order_of_signing_does_not_matter() {
    let other_way = tally().signed(Side::Foil, &bobs_key()).unwrap();
    assert_eq!(other_way.signed(Side::Stock, &suzies_key()).unwrap(), by_both());
}

#[test]
fn nobody_signs_for_the_other() {
    assert!(matches!(tally().signed(Side::Stock, &bobs_key()), Err(SignError::Refused { .. })));
    let swapped = tampered(|t| {
        let sign = t.sign.as_mut().unwrap();
        std::mem::swap(&mut sign.stock, &mut sign.foil);
    });
    assert_eq!(SignedBy::check(swapped), Err(SignatureFault::Wrong { by: "stock" }));
    let twice = tampered(|t| {
        let sign = t.sign.as_mut().unwrap();
        sign.foil = sign.stock;
    });
    assert_eq!(SignedBy::check(twice), Err(SignatureFault::Wrong { by: "foil" }));
}

#[test]
fn whatever_changes_after_signing_is_seen() {
    let hash = Err(SignatureFault::Hash { member: "sign.hash" });
    let wrong = Err(SignatureFault::Wrong { by: "stock" });
    let generous = |t: &mut Members| t.stock.terms = crate::people::limit(999_000);
    assert_eq!(SignedBy::check(tampered(generous)), hash);
    let with_new_hash = tampered(|t| {
        generous(t);
        let hash = Tally::new(t.clone()).unwrap().hash().unwrap();
        t.sign.as_mut().unwrap().hash = hash;
    });
    assert_eq!(SignedBy::check(with_new_hash), wrong);
    let by = "the cert's user";
    let unsigned_cert = tampered(|t| t.foil.cert.sign = None);
    assert_eq!(SignedBy::check(unsigned_cert), Err(SignatureFault::Missing { by }));
    let renamed = tampered(|t| t.foil.cert.chad.cuid = "robert".parse().unwrap());
    assert_eq!(SignedBy::check(renamed), Err(SignatureFault::Wrong { by }));
}

#[test]
fn a_signature_over_the_old_revision_does_not_stay_under_the_new_one() {
    let mut next = by_both().into_members();
    next.revision = 2.try_into().unwrap();
    let next = Tally::new(next).unwrap().signed(Side::Foil, &bobs_key()).unwrap();
    let Ok(SignedBy::One(offer)) = SignedBy::check(next) else { panic!("an offer") };
    assert_eq!(offer.by(), Side::Foil);
}

#[test]
fn two_users_two_keys_and_time_to_accept() {
    let mut alone = members();
    alone.foil.cert = suzie();
    assert!(matches!(Tally::new(alone), Err(TallyError::SameUser(_))));
    let mut one_key = members();
    one_key.foil.cert = cert("bob", Type::Person, "Bob", &suzies_key());
    assert_eq!(Tally::new(one_key), Err(TallyError::SameKey));
    let mut late = members();
    late.expires = Some(late.date);
    assert_eq!(
        Tally::new(late.clone()),
        Err(TallyError::Expired { expires: late.date, date: late.date })
    );
    let mut hash_only = by_both().into_members();
    hash_only.sign.as_mut().unwrap().stock = None;
    hash_only.sign.as_mut().unwrap().foil = None;
    assert_eq!(Tally::new(hash_only), Err(TallyError::EmptySign));
    let text = tally().to_text().unwrap().to_string();
    let text = text.replace("2026-12-01T00:00:00.000Z", "2026-11-22T09:30:00.000Z");
    let reason = Tally::read(text.as_bytes()).unwrap_err().to_string();
    assert!(reason.contains("which is not after its date"), "{reason}");
}

#[test]
fn each_half_knows_who_grants_what() {
    let tally = tally();
    let suzies = tally.half(Side::Stock);
    assert_eq!(suzies.holder().cert, suzie());
    assert_eq!(suzies.partner().cert, bob());
    assert_eq!(suzies.partner_may_owe(), units(100_000), "what Suzie grants Bob");
    assert_eq!(suzies.holder_may_owe(), units(20_000), "what Bob grants Suzie");
    let bobs = suzies.seen_by_partner();
    assert_eq!(bobs.side(), Side::Foil);
    assert_eq!(bobs.partner_may_owe(), suzies.holder_may_owe());
    assert_eq!(bobs.consent(None, None), suzies.consent(None, None).seen_by_partner());
}

fn set(bound: i64, owe: Option<i64>) -> Set {
    let settings =
        Settings::new(Units::ZERO, units(bound), Default::default(), Default::default()).unwrap();
    let owe = owe.map(|owe| Owe::try_from(units(owe)).unwrap());
    Set { settings, counter: 1.try_into().unwrap(), owe, close: false }
}

#[test]
fn more_moves_only_where_both_signed_for_more() {
    let tally = tally();
    let suzies = tally.half(Side::Stock);
    let here = Position::new(Units::ZERO, Units::ZERO, Units::ZERO).unwrap();
    let most = |suzie: Option<Set>, bob: Option<Set>| {
        Lading::inward(here, &suzies.consent(suzie.as_ref(), bob.as_ref())).most()
    };
    assert_eq!(most(None, None), units(100_000), "Bob owes up to what Suzie granted");
    let wants_more = Some(set(500_000, None));
    assert_eq!(most(wants_more, None), units(100_000), "Suzie alone cannot make him owe more");
    let owes_more = Some(set(20_000, Some(300_000)));
    assert_eq!(most(None, owes_more), units(100_000), "nor can Bob make her take more");
    assert_eq!(most(wants_more, owes_more), units(300_000));
    let owes_less = Some(set(20_000, Some(5_000)));
    assert_eq!(most(None, owes_less), units(100_000), "what he signed in the tally stands");
    assert_eq!(most(Some(set(7_000, None)), None), units(7_000), "she may take less");
}

proptest! {
    #[test]
    fn nobody_is_made_to_owe_beyond_its_own_signature(
        suzie in any_entry(), bob in any_entry(), balance in -500_000i64..500_000,
    ) {
        let of = |entry| match entry { Entry::Set { set, .. } => Some(set), _ => None };
        let (suzie, bob) = (of(suzie), of(bob));
        let tally = tally();
        let consent = tally.half(Side::Stock).consent(suzie.as_ref(), bob.as_ref());
        let here = Position::new(units(balance), Units::ZERO, Units::ZERO).unwrap();
        let signed = |limit: i64, set: Option<Set>| {
            limit.max(set.and_then(|set| set.owe).map_or(0, |owe| owe.get().milli()))
        };
        let after_in = balance + Lading::inward(here, &consent).most().milli();
        prop_assert!(after_in <= signed(100_000, bob).max(balance));
        let after_out = balance - Lading::outward(here, &consent).most().milli();
        prop_assert!(-after_out <= signed(20_000, suzie).max(-balance));
    }
}
