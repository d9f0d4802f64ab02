//! Every reason for which a ledger takes nothing: named, and nothing has changed.

use protocol::chit::Chit;
use protocol::ledger::{Good, Link, Links, Stop};
use protocol::ledger::{Head, Input, MAX_CHITS_IN_UPD, MAX_LOCATOR, Message, Missing, Refusal};
use protocol::{ChitId, Hash, Side, TallyId, Units};

use super::world::{World, id, payment, signed_tally};

fn upd(world: &World, base: Head, chits: &[&Chit], head: Head) -> Input {
    let chits = chits.iter().map(|chit| world.sign((*chit).clone())).collect();
    Input::Receive(Message::Upd { base, chits, head })
}

fn refused(world: &World, side: Side, input: Input) -> Refusal {
    world.decide(side, input).expect_err("should be refused")
}

fn write(world: &World, chit: Chit) -> Input {
    Input::Write { chit: world.sign(chit), over_limit: true }
}

#[test]
fn a_user_writes_only_what_it_gives_itself() {
    let world = World::new();
    let chit = payment(Side::Foil, id(1), 5);
    let reason = refused(&world, Side::Stock, write(&world, chit));
    let expected = Refusal::NotByHolder { chit: id(1), by: Side::Foil, holder: Side::Stock };
    assert_eq!(reason, expected);
}

#[test]
fn the_same_chit_again_changes_nothing_and_another_of_its_name_is_refused() {
    let mut world = World::new();
    world.write(payment(Side::Foil, id(1), 5)).unwrap();
    let again = write(&world, payment(Side::Foil, id(1), 5));
    assert_eq!(refused(&world, Side::Foil, again), Refusal::Known { chit: id(1) });
    let other = write(&world, payment(Side::Foil, id(1), 6));
    assert_eq!(refused(&world, Side::Foil, other), Refusal::NameTaken { chit: id(1) });
}

#[test]
fn a_chit_of_another_tally_is_refused_however_it_comes() {
    let world = World::new();
    let (ours, named) = (world.foil.ledger.tally(), TallyId::random([9; 16]));
    let mut chit = payment(Side::Foil, id(1), 5);
    chit.tally = named;
    let chit = crate::ledger::world::resigned(chit);
    let reason = Refusal::OtherTally { chit: id(1), named, tally: ours };
    let genesis = world.foil.ledger.head();
    let head = genesis.then(named, world.sign(chit.clone()).hash());
    assert_eq!(refused(&world, Side::Foil, write(&world, chit.clone())), reason);
    assert_eq!(refused(&world, Side::Foil, upd(&world, genesis, &[&chit], head)), reason);
    assert_eq!(refused(&world, Side::Stock, upd(&world, genesis, &[&chit], head)), reason);
    let recover = Input::Recover(vec![world.sign(chit)]);
    assert_eq!(refused(&world, Side::Stock, recover), reason);
}

#[test]
fn more_than_any_record_can_hold_is_refused() {
    let mut world = World::new();
    world.write(payment(Side::Foil, id(1), Units::MAX.milli())).unwrap();
    let reason = refused(&world, Side::Foil, write(&world, payment(Side::Foil, id(2), 1)));
    assert_eq!(reason, Refusal::OutOfRange { chit: id(2) });
}

/// Each chit is good; together they are more than a database keeps.
#[test]
fn more_than_any_site_counts_is_refused_and_nothing_of_it_is_taken() {
    for (to, by) in [(Side::Stock, Side::Foil), (Side::Foil, Side::Stock)] {
        let mut world = World::new();
        let fits = i64::MAX.unsigned_abs() / Units::MAX.milli().unsigned_abs();
        let (mut said, mut head) = (0, world.half(to).ledger.head());
        let mut says = |world: &World, many: u64, milli| {
            let chits = (said..said + many).map(|name| payment(by, id(name), milli));
            let base = head;
            let goods: Vec<_> = chits.map(|chit| world.sign(chit)).collect();
            said += many;
            for good in &goods {
                head = head.then(world.half(to).ledger.tally(), good.hash());
            }
            Input::Receive(Message::Upd { base, chits: goods, head })
        };
        let mut left = fits;
        while left > 0 {
            let many = left.min(u64::try_from(MAX_CHITS_IN_UPD).unwrap());
            let input = says(&world, many, Units::MAX.milli());
            world.input(to, input).unwrap();
            left -= many;
        }
        let before = world.half(to).clone();
        assert_eq!(before.links.len(), usize::try_from(fits).unwrap());
        let reason = refused(&world, to, says(&world, 3, Units::MAX.milli()));
        assert_eq!(reason, Refusal::Uncountable { chit: id(fits) });
        assert!(*world.half(to) == before, "as if it had not been said");
        // What it gave back the holder may still give back.
        let back = payment(to, id(3_000), 7);
        world.write(back).unwrap();
        assert_eq!(world.half(to).ledger.balance_milli(), before.ledger.balance_milli() - 7);
    }
}

#[test]
fn an_order_that_does_not_lead_where_it_says_is_refused() {
    let world = World::new();
    let genesis = world.stock.ledger.head();
    let chit = payment(Side::Foil, id(1), 5);
    let wrong = upd(&world, genesis, &[&chit], genesis);
    assert_eq!(refused(&world, Side::Stock, wrong), Refusal::WrongHead { base: 0 });
}

#[test]
fn an_order_that_names_a_chit_twice_is_refused() {
    let mut world = World::new();
    let genesis = world.stock.ledger.head();
    let (first, second) = (payment(Side::Foil, id(1), 5), payment(Side::Foil, id(2), 7));
    let hash = |chit: &Chit| world.sign(chit.clone()).hash();
    let tally = first.tally;
    let one = genesis.then(tally, hash(&first));
    let again = one.then(tally, hash(&first));
    let in_one = upd(&world, genesis, &[&first, &first], again);
    assert_eq!(refused(&world, Side::Stock, in_one), Refusal::Twice { chit: id(1) });
    // The second time in a later message.
    let then = one.then(tally, hash(&second)).then(tally, hash(&first));
    let later = upd(&world, one, &[&second, &first], then);
    world.input(Side::Stock, upd(&world, genesis, &[&first], one)).unwrap();
    assert_eq!(refused(&world, Side::Stock, later), Refusal::Twice { chit: id(1) });
}

#[test]
fn messages_longer_than_honest_ones_are_refused() {
    let world = World::new();
    let genesis = world.stock.ledger.head();
    let chit = payment(Side::Foil, id(1), 5);
    let many = vec![&chit; MAX_CHITS_IN_UPD + 1];
    for side in Side::BOTH {
        let long = upd(&world, genesis, &many, genesis);
        assert_eq!(refused(&world, side, long), Refusal::TooLong);
        let long = Message::Req { locator: vec![genesis; MAX_LOCATOR + 1] };
        assert_eq!(refused(&world, side, Input::Receive(long)), Refusal::TooLong);
    }
}

#[test]
fn what_only_the_stock_sends_is_refused_from_the_foil() {
    let world = World::new();
    let head = world.stock.ledger.head();
    for message in [Message::Ack { head }, Message::Nak { locator: vec![head] }] {
        let reason = refused(&world, Side::Stock, Input::Receive(message));
        assert_eq!(reason, Refusal::NotFrom { from: Side::Foil });
    }
}

#[test]
fn a_partner_with_another_signed_tally_is_told_so() {
    let world = World::new();
    let locator = vec![Head { index: 0, hash: Hash::from_bytes([1; 32]) }];
    for side in Side::BOTH {
        let request = Message::Req { locator: locator.clone() };
        let reason = refused(&world, side, Input::Receive(request));
        assert_eq!(reason, Refusal::OtherGenesis);
    }
}

/// A history of which nothing is at hand.
struct Away;

impl Links for Away {
    fn link(&self, index: u64) -> Result<Link, Missing> {
        Err(Missing::Links { first: index, last: index })
    }

    fn place(&self, chit: &Hash) -> Result<Option<u64>, Missing> {
        Err(Missing::Place(*chit))
    }

    fn named(&self, uuid: &ChitId) -> Result<Vec<Hash>, Missing> {
        Err(Missing::Named(*uuid))
    }
}

#[test]
fn what_is_needed_of_the_history_is_named_before_anything_is_decided() {
    let mut world = World::new();
    let chit = payment(Side::Foil, id(1), 5);
    let good: Good = world.sign(chit.clone());
    let missing = |world: &World, side, input| match world.half(side).ledger.step(input, &Away) {
        Err(Stop::Missing(missing)) => missing,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing(&world, Side::Foil, write(&world, chit.clone())), Missing::Named(id(1)));
    let recover = Input::Recover(vec![good.clone()]);
    assert_eq!(missing(&world, Side::Stock, recover), Missing::Place(good.hash()));
    world.write(chit).unwrap();
    let first = Missing::Links { first: 1, last: 1 };
    assert_eq!(missing(&world, Side::Foil, Input::Remind), first);
    // Long parts are named whole, so that nobody fetches them link by link.
    for number in 2..=100 {
        world.write(payment(Side::Foil, id(number), 5)).unwrap();
        world.write(payment(Side::Stock, id(1_000 + number), 5)).unwrap();
    }
    let (first, last) = (1, u64::try_from(MAX_CHITS_IN_UPD).unwrap());
    assert_eq!(missing(&world, Side::Foil, Input::Remind), Missing::Links { first, last });
    let rebased = world.stock.ledger.rebase(&signed_tally(), &Away);
    assert_eq!(rebased, Err(Stop::Missing(Missing::Links { first, last: 99 })));
}
