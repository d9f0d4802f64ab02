//! Lifts that are decided here: kept once, changed by whoever saw the last of them, listed and counted.

use protocol::{LiftId, Timestamp};
use store::{Case, CaseCount, CaseCounts, Kind, Store, StoreError, StoreKind};

use crate::places::{Home, everywhere, wait};
use crate::world::{agent, at, case};

async fn add(store: &Store, cases: &[Case]) {
    let mut tx = store.begin().await.unwrap();
    for case in cases {
        tx.add_case(case).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn decided(case: &Case, version: u64) -> Case {
    let (text, status) = ("{\"over\":true}".to_owned(), "commit".to_owned());
    Case { text, status, changed: at(99), version, ..case.clone() }
}

async fn a_case_is_kept_once_and_changed_by_who_saw_it_last(home: &Home) {
    let one = case("one", 1, 20);
    add(&home.store, std::slice::from_ref(&one)).await;
    let mut tx = home.store.begin().await.unwrap();
    let error = tx.add_case(&case("one", 2, 30)).await.unwrap_err();
    assert!(matches!(error, StoreError::Duplicate { kind: Kind::Case, .. }), "{error}");
    drop(tx);

    let mut tx = home.store.begin().await.unwrap();
    // What never changes does not, whatever is said of it.
    let told =
        Case { asked_by: agent(7), known: false, asked: at(1), deadline: at(2), ..one.clone() };
    tx.put_case(&decided(&told, 1)).await.unwrap();
    tx.commit().await.unwrap();
    let store = home.reopened().await;
    let kept = store.read().await.unwrap().case(&one.lift).await.unwrap();
    assert_eq!(kept, Some(decided(&one, 2)));

    let mut tx = store.begin().await.unwrap();
    let error = tx.put_case(&decided(&one, 1)).await.unwrap_err();
    assert!(error.is_again(), "{error}");
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    assert!(tx.put_case(&case("unknown", 1, 9)).await.unwrap_err().is_again());
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    let error =
        tx.add_case(&Case { text: "\0".to_owned(), ..case("two", 1, 9) }).await.unwrap_err();
    assert!(matches!(error, StoreError::Unfit { kind: Kind::Case, .. }), "{error}");
    drop(tx);
    let unknown = store.read().await.unwrap().case(&case("two", 1, 9).lift).await.unwrap();
    assert_eq!(unknown, None);
}

async fn open_cases_are_listed_by_deadline_and_counted(home: &Home) {
    let cases = [
        case("late", 2, 10),
        case("a", 1, 20),
        case("b", 2, 20),
        case("c", 3, 30),
        case("over", 2, 40),
    ];
    add(&home.store, &cases).await;
    let mut tx = home.store.begin().await.unwrap();
    tx.put_case(&decided(&cases[4], 1)).await.unwrap();
    tx.commit().await.unwrap();

    let store = home.reopened().await;
    let mut view = store.read().await.unwrap();
    let mut expected: Vec<&Case> = cases[1..4].iter().collect();
    expected.sort_by_key(|case| (case.deadline, case.lift.to_string()));
    let expected: Vec<LiftId> = expected.iter().map(|case| case.lift).collect();
    let names = |page: &[Case]| page.iter().map(|case| case.lift).collect::<Vec<_>>();
    assert_eq!(names(&view.open_cases(at(11), None, 9).await.unwrap()), expected);
    assert_eq!(names(&view.open_cases(at(20), None, 2).await.unwrap()), expected[..2]);
    let after: Option<(Timestamp, LiftId)> = Some((at(20), expected[0]));
    assert_eq!(names(&view.open_cases(at(11), after, 9).await.unwrap()), expected[1..]);
    // One that is not due any more does not hide those that are.
    let long_gone = Some((at(1), expected[0]));
    assert_eq!(names(&view.open_cases(at(11), long_gone, 9).await.unwrap()), expected);
    assert_eq!(names(&view.open_cases(at(0), None, 9).await.unwrap()).len(), 4);

    let which = CaseCount { asked_by: agent(2), deadline: at(11), asked: at(19) };
    let counts = view.count_cases(&which).await.unwrap();
    // Of strangers' the decided ones count, too; agent 1 is none.
    let expected = CaseCounts { open: 3, open_of_one: 1, open_of_strangers: 2, of_strangers: 3 };
    assert_eq!(counts, expected);
    // Of one that is known all count since then.
    for (who, since, many) in [(1, 0, 1), (1, 19, 1), (1, 20, 0), (2, 0, 0)] {
        assert_eq!(view.cases_of_one(agent(who), at(since)).await.unwrap(), many, "{who} {since}");
    }
}

everywhere!(
    a_case_is_kept_once_and_changed_by_who_saw_it_last,
    open_cases_are_listed_by_deadline_and_counted,
);

#[test]
fn of_two_programs_that_decide_a_case_at_once_one_is_told_to_look_again() {
    wait(async {
        let home = Home::fresh(StoreKind::Postgres).await;
        let one = case("one", 1, 20);
        add(&home.store, std::slice::from_ref(&one)).await;
        let other = Store::postgres(home.url()).await.unwrap();
        let mut first = home.store.begin().await.unwrap();
        let mut second = other.begin().await.unwrap();
        first.put_case(&decided(&one, 1)).await.unwrap();
        // It waits for the first, and then does not find what it saw.
        let late =
            tokio::spawn(async move { second.put_case(&case("one", 1, 20)).await.unwrap_err() });
        first.commit().await.unwrap();
        assert!(late.await.unwrap().is_again());
        let kept = other.read().await.unwrap().case(&one.lift).await.unwrap();
        assert_eq!(kept, Some(decided(&one, 2)));
    });
}
