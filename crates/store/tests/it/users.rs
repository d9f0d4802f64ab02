//! Users: added once, changed, listed in pages.

use store::{Kind, StoreError, User, UserStatus};

use crate::places::{Home, everywhere};
use crate::world::{cuid, user};

async fn come_back_as_written(home: &Home) {
    let full = User {
        name: "Änne \"O'Brien\" 🌾\n".to_owned(),
        cert: Some("{\"kind\":\"cert\"}".to_owned()),
        key: Some("{\"kty\":\"EC\"}".to_owned()),
        groups: [cuid("bakers"), cuid("admin")].into(),
        ..user("anne")
    };
    let mut tx = home.store.begin().await.unwrap();
    tx.add_users(&[full.clone(), user("bert")]).await.unwrap();
    tx.commit().await.unwrap();

    let store = home.reopened().await;
    let mut view = store.read().await.unwrap();
    assert_eq!(view.user(&cuid("anne")).await.unwrap(), Some(full));
    assert_eq!(view.user(&cuid("bert")).await.unwrap(), Some(user("bert")));
    assert_eq!(view.user(&cuid("cleo")).await.unwrap(), None);
}

async fn change_but_do_not_appear(home: &Home) {
    let mut tx = home.store.begin().await.unwrap();
    tx.add_users(&[user("anne")]).await.unwrap();
    let suspended = User { status: UserStatus::Suspended, ..user("anne") };
    tx.put_user(&suspended).await.unwrap();
    assert_eq!(tx.user(&cuid("anne")).await.unwrap(), Some(suspended));
    let missing = StoreError::Missing { kind: Kind::User, which: "bert".to_owned() };
    assert_eq!(tx.put_user(&user("bert")).await, Err(missing));
}

async fn names_are_taken_once(home: &Home) {
    let mut tx = home.store.begin().await.unwrap();
    tx.add_users(&[user("anne")]).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = home.store.begin().await.unwrap();
    tx.add_users(&[user("bert")]).await.unwrap();
    let taken = StoreError::Duplicate { kind: Kind::User, which: "cleo, anne".to_owned() };
    assert_eq!(tx.add_users(&[user("cleo"), user("anne")]).await, Err(taken));
    assert_eq!(tx.commit().await, Err(StoreError::Broken));
    let mut view = home.store.read().await.unwrap();
    assert_eq!(view.users(None, 10).await.unwrap(), [user("anne")]);
}

/// By bytes: a database's language must not move `-` and `.` about.
async fn are_listed_by_name_in_pages(home: &Home) {
    let names = ["0", "a", "a-b", "a.b", "a0", "a_b", "aa", "b", "zoe"];
    let mut tx = home.store.begin().await.unwrap();
    for name in names.iter().rev() {
        tx.add_users(&[user(name)]).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut view = home.store.read().await.unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = view.users(after.as_ref(), 4).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.cuid.clone());
        seen.extend(page.into_iter().map(|user| user.cuid.to_string()));
    }
    assert_eq!(seen, names);
}

async fn no_nul_in_any_text(home: &Home) {
    let mut tx = home.store.begin().await.unwrap();
    let odd = User { name: "an\0ne".to_owned(), ..user("anne") };
    let error = tx.add_users(&[odd]).await.unwrap_err();
    assert_eq!(error.to_string(), "user anne: a text holds a NUL character");
    assert_eq!(tx.commit().await, Err(StoreError::Broken));
}

everywhere!(
    come_back_as_written,
    change_but_do_not_appear,
    names_are_taken_once,
    are_listed_by_name_in_pages,
    no_nul_in_any_text,
);
