//! Random sequences of transactions do the same on memory, SQLite and PostgreSQL.

use proptest::prelude::*;
use protocol::{Side, Timestamp};
use store::{
    Audience, Claim, CommandResult, Half, HalfFilter, HalfId, InvoiceRow, LetterId, Lift, LiftLeg,
    LinkRow, Negotiation, Store, StoreKind, Tx, View, Whom,
};

use crate::places::{Home, wait};
use crate::world::{
    agent, at, chit, cuid, event, hash, letter, lift, link, new_half, payment, payment_id, row,
    tally, units, user,
};

/// A step of a transaction, by small numbers, so that names meet again.
#[derive(Clone, Debug)]
enum Step {
    AddUser(u8),
    AddHalf(u8, u8),
    PutHalf { half: u8, version: u8, balance: i64 },
    PutNegotiation(u8, u8),
    PutInvoice(u8, u8, u8),
    DropInvoice(u8, u8),
    Append { half: u8, from: u8, many: u8, effect: i64 },
    Relink { half: u8, keep: u8, many: u8, effect: i64 },
    Post { half: Option<u8>, key: u8, due: u8 },
    Claim { owner: u8, now: u8, limit: u8 },
    Done(u8),
    Failed { owner: u8, letter: u8, due: u8 },
    Hasten(u8),
    Release(u8),
    Recall(u8, u8),
    Tell(Option<u8>),
    Prune(u8),
    Result(u8, u8),
    PutLift(u8, u8),
    AddLeg(u8, u8, u8),
    AddPayment { payment: u8, payer: u8, lift: u8 },
    Set(u8, Option<u8>),
}

fn step() -> impl Strategy<Value = Step> {
    let small = || 0..4_u8;
    let effect = || -9..9_i64;
    prop_oneof![
        small().prop_map(Step::AddUser),
        (small(), small()).prop_map(|(user, tally)| Step::AddHalf(user, tally)),
        (small(), 1..4_u8, effect()).prop_map(|(half, version, balance)| Step::PutHalf {
            half,
            version,
            balance
        }),
        (small(), small()).prop_map(|(half, text)| Step::PutNegotiation(half, text)),
        (small(), small(), small())
            .prop_map(|(half, chit, text)| Step::PutInvoice(half, chit, text)),
        (small(), small()).prop_map(|(half, chit)| Step::DropInvoice(half, chit)),
        (small(), small(), 0..6_u8, effect()).prop_map(|(half, from, many, effect)| Step::Append {
            half,
            from,
            many,
            effect
        }),
        (small(), small(), 0..6_u8, effect()).prop_map(|(half, keep, many, effect)| Step::Relink {
            half,
            keep,
            many,
            effect
        }),
        (prop::option::of(small()), small(), small()).prop_map(|(half, key, due)| Step::Post {
            half,
            key,
            due
        }),
        (small(), small(), small()).prop_map(|(owner, now, limit)| Step::Claim {
            owner,
            now,
            limit
        }),
        (0..9_u8).prop_map(Step::Done),
        (small(), 0..9_u8, small()).prop_map(|(owner, letter, due)| Step::Failed {
            owner,
            letter,
            due
        }),
        small().prop_map(Step::Hasten),
        small().prop_map(Step::Release),
        (small(), small()).prop_map(|(beyond, due)| Step::Recall(beyond, due)),
        prop::option::of(small()).prop_map(Step::Tell),
        small().prop_map(Step::Prune),
        (small(), small()).prop_map(|(id, date)| Step::Result(id, date)),
        (small(), small()).prop_map(|(id, date)| Step::PutLift(id, date)),
        (small(), small(), small()).prop_map(|(lift, half, chit)| Step::AddLeg(lift, half, chit)),
        (small(), small(), small()).prop_map(|(payment, payer, lift)| Step::AddPayment {
            payment,
            payer,
            lift
        }),
        (small(), prop::option::of(small())).prop_map(|(key, value)| Step::Set(key, value)),
    ]
}

fn name(user: u8) -> String {
    format!("user{user}")
}

fn id(half: u8) -> HalfId {
    HalfId::new(i64::from(half))
}

fn date(ms: u8) -> Timestamp {
    at(i64::from(ms))
}

fn chain(half: u8, after: u8, many: u8, effect: i64) -> Vec<LinkRow> {
    let indexes = (u64::from(after) + 1)..=u64::from(after + many);
    indexes
        .map(|index| LinkRow { uuid: chit(index % 3), ..link(id(half), index, effect) })
        .collect()
}

fn a_lift(number: u8, when: u8) -> Lift {
    let status = format!("status {}", when % 2);
    Lift { status, changed: date(when), ..lift(&format!("lift {number}"), i64::from(when)) }
}

/// Does a step; what it gave, in words. An error is an error: which of two is found first may differ.
async fn act(tx: &mut Tx, step: &Step) -> Result<String, ()> {
    let done = match step.clone() {
        Step::AddUser(number) => tx.add_users(&[user(&name(number))]).await.map(|()| String::new()),
        Step::AddHalf(holder, number) => {
            let ids = tx.add_halves(&[new_half(&name(holder), number)]).await;
            ids.map(|ids| format!("{ids:?}"))
        }
        Step::PutHalf { half, version, balance } => {
            let found = tx.half(id(half)).await.unwrap();
            let half = found.map(|found| Half {
                version: version.into(),
                row: row("open", balance.into()),
                ..found
            });
            tx.put_halves(half.as_slice()).await.map(|()| String::new())
        }
        Step::PutNegotiation(half, text) => {
            let negotiation = Negotiation { half: id(half), text: text.to_string() };
            tx.put_negotiations(&[negotiation]).await.map(|()| String::new())
        }
        Step::PutInvoice(half, number, text) => {
            let (half, chit, text) = (id(half), chit(number.into()), text.to_string());
            let row = InvoiceRow { half, chit, text };
            tx.put_invoices(&[row]).await.map(|()| String::new())
        }
        Step::DropInvoice(half, number) => {
            let name = (id(half), chit(number.into()));
            tx.drop_invoices(&[name]).await.map(|()| String::new())
        }
        Step::Append { half, from, many, effect } => {
            tx.append(&chain(half, from, many, effect)).await.map(|()| String::new())
        }
        Step::Relink { half, keep, many, effect } => {
            let links = chain(half, keep, many, effect);
            tx.relink(id(half), keep.into(), &links).await.map(|()| String::new())
        }
        Step::Post { half, key, due } => {
            let letters = [letter(half.map(id), &format!("key {key}"), due.into())];
            tx.post(&letters).await.map(|()| String::new())
        }
        Step::Claim { owner, now, limit } => {
            let claim = Claim {
                owner: name(owner),
                to: if limit % 3 == 0 {
                    Whom::Only(agent(1))
                } else {
                    Whom::AllBut(vec![agent(9)])
                },
                now: date(now),
                lease: date(now + 1),
                limit: limit.into(),
            };
            tx.claim(&claim).await.map(|letters| format!("{letters:?}"))
        }
        Step::Done(letter) => {
            tx.done(&[LetterId::new(letter.into())]).await.map(|()| String::new())
        }
        Step::Failed { owner, letter, due } => {
            let letters = [LetterId::new(letter.into())];
            tx.failed(&name(owner), &letters, date(due)).await.map(|()| String::new())
        }
        Step::Hasten(due) => tx.hasten(&agent(1), date(due)).await.map(|()| String::new()),
        Step::Release(due) => tx.release(date(due)).await.map(|()| String::new()),
        Step::Recall(beyond, due) => {
            tx.recall(date(beyond), date(due)).await.map(|()| String::new())
        }
        Step::Tell(whom) => {
            tx.tell([event(whom.map(name).as_deref(), "told")]);
            Ok(String::new())
        }
        Step::Prune(before) => tx.prune_results(date(before)).await.map(|many| many.to_string()),
        Step::Result(number, when) => {
            let id = number.to_string();
            let result = CommandResult { id, text: String::new(), at: date(when) };
            tx.add_results(&[result]).await.map(|()| String::new())
        }
        Step::PutLift(number, when) => {
            tx.put_lift(&a_lift(number, when)).await.map(|()| String::new())
        }
        Step::AddLeg(number, half, chit) => {
            let leg = LiftLeg {
                lift: a_lift(number, 0).id,
                half: id(half),
                chit: hash(&format!("leg {chit}")),
                effect: units(chit.into()),
            };
            tx.add_legs(&[leg]).await.map(|()| String::new())
        }
        Step::AddPayment { payment: number, payer, lift } => {
            let row = payment(number, &name(payer), a_lift(lift, 0).id);
            tx.add_payments(&[row]).await.map(|()| String::new())
        }
        Step::Set(key, value) => {
            let value = value.map(|value| value.to_string());
            tx.set(&key.to_string(), value.as_deref()).await.map(|()| String::new())
        }
    };
    done.map_err(|_| ())
}

/// All that a store holds, in words.
async fn all(view: &mut View) -> String {
    let mut all = Vec::new();
    all.push(format!("{:?}", view.users(None, 99).await.unwrap()));
    let named: Vec<_> = (0..4).rev().map(|number| cuid(&name(number))).collect();
    all.push(format!("{:?}", view.users_named(&named).await.unwrap()));
    let halves = view.halves(&HalfFilter::default(), None, 99).await.unwrap();
    all.push(format!("{halves:?}"));
    let ids: Vec<_> = (0..4).rev().map(id).collect();
    all.push(format!("{:?}", view.negotiations(&ids).await.unwrap()));
    for half in &halves {
        all.push(format!("{:?}", view.half_of(&half.holder, &half.tally).await.unwrap()));
        all.push(format!("{:?}", view.links(half.id, 0, 99).await.unwrap()));
        all.push(format!("{:?}", view.history(half.id, Some(4), 3).await.unwrap()));
        for side in Side::BOTH {
            all.push(format!("{:?}", view.sets(half.id, side, Some(9), 3).await.unwrap()));
        }
        all.push(format!("{:?}", view.period(half.id, at(2000)..at(5000), 1, 9).await.unwrap()));
        all.push(format!(
            "{:?}",
            view.links_by_uuid(&[(half.id, chit(1)), (id(1), chit(2))]).await.unwrap()
        ));
        all.push(format!("{:?}", view.invoices(half.id).await.unwrap()));
        all.push(format!("{:?}", view.waiting(half.id).await.unwrap()));
        all.push(format!("{:?}", view.derived(half.id).await.unwrap()));
        all.push(format!("{:?}", view.balance_before(half.id, at(3500)).await.unwrap()));
    }
    for number in 0..4 {
        all.push(format!("{:?}", view.halves_of_tallies(&[tally(number)]).await.unwrap()));
    }
    all.push(format!("{:?}", view.letters(None, 99).await.unwrap()));
    all.push(format!("{:?}", view.next_due().await.unwrap()));
    all.push(format!("{:?}", view.events(Audience::Site, 0, 99).await.unwrap()));
    let own = cuid(&name(1));
    all.push(format!("{:?}", view.events(Audience::User(&own), 2, 99).await.unwrap()));
    let ids: Vec<_> = (0..4).map(|id| id.to_string()).collect();
    all.push(format!("{:?}", view.results(&ids).await.unwrap()));
    let lifts: Vec<_> = (0..4).map(|number| a_lift(number, 0).id).collect();
    all.push(format!("{:?}", view.payments_by_lift(&lifts).await.unwrap()));
    all.push(format!("{:?}", view.lifts_named(&lifts).await.unwrap()));
    let names: Vec<_> = (0..4).rev().map(payment_id).collect();
    all.push(format!("{:?}", view.payments(&names).await.unwrap()));
    all.push(format!("{:?}", view.legs_of_holder(&cuid(&name(1)), &lifts).await.unwrap()));
    for lift in view.lifts(None, 99).await.unwrap() {
        all.push(format!("{lift:?} {:?}", view.legs(&lift.id).await.unwrap()));
    }
    all.push(format!("{:?}", view.settings().await.unwrap()));
    all.push(format!("{:?}", view.totals().await.unwrap()));
    all.join("\n")
}

/// Plays transactions, each to be committed or dropped; what was seen on the way.
async fn play(store: &Store, transactions: &[(Vec<Step>, bool)]) -> Vec<String> {
    let mut seen = Vec::new();
    for (steps, keep) in transactions {
        let mut tx = store.begin().await.unwrap();
        let mut sound = true;
        for step in steps {
            let done = act(&mut tx, step).await;
            sound = done.is_ok();
            seen.push(format!("{done:?}"));
            if !sound {
                break;
            }
        }
        if sound && *keep {
            seen.push(all(&mut tx).await);
            seen.push(format!("{:?}", tx.commit().await));
        } else {
            drop(tx);
        }
        seen.push(all(&mut store.read().await.unwrap()).await);
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_same_on_all_three(
        transactions in prop::collection::vec(
            (prop::collection::vec(step(), 1..6), prop::bool::weighted(0.8)),
            1..16,
        ),
    ) {
        wait(async {
            // Something to begin with, so that most steps find what they name.
            let begin = [Step::AddUser(1), Step::AddUser(2), Step::AddHalf(1, 1)];
            let more = [Step::AddHalf(2, 1), Step::AddHalf(1, 2), Step::PutLift(1, 1)];
            let begin = [begin, more].concat();
            let played = [vec![(begin, true)], transactions].concat();
            let memory = play(&Store::memory(), &played).await;
            for kind in [StoreKind::Sqlite, StoreKind::Postgres] {
                let home = Home::fresh(kind).await;
                let seen = play(&home.store, &played).await;
                for (seen, memory) in seen.iter().zip(&memory) {
                    prop_assert_eq!(seen, memory, "{}", kind);
                }
                home.store.close().await;
            }
            Ok(())
        })?;
    }
}
