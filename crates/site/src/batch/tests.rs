//! What a batch leaves behind: what it committed, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use protocol::bounded::List;
use protocol::cert::{Identity, Names, Type};
use protocol::negotiation::{self, Draft};
use protocol::tally::Agree;
use protocol::{
    AgentId, Cert, ChipAddress, ContractId, SecretKey, Side, Signer, Terms, Units, Verified,
};
use store::{HalfFilter, UserKind, UserStatus};

use super::*;

const TALLY: [u8; 16] = [7; 16];

fn now() -> Timestamp {
    "2026-11-22T09:00:00.000Z".parse().unwrap()
}

fn anne() -> User {
    User {
        cuid: "anne".parse().unwrap(),
        kind: UserKind::Person,
        name: "Anne".to_owned(),
        cert: None,
        key: None,
        status: UserStatus::Active,
        created: now(),
        groups: BTreeSet::new(),
    }
}

/// A draft by which Anne grants so much.
fn state(limit: i64) -> HalfTally {
    let key = SecretKey::ed25519(&[1; 32]);
    let agent = AgentId::of(&SecretKey::ed25519(&[9; 32]).public_key()).unwrap();
    let cert = Cert {
        chad: ChipAddress { cuid: anne().cuid, agent, endpoint: None },
        r#type: Type::Person,
        name: Names::try_from(List::new(vec!["Anne".parse().unwrap()]).unwrap()).unwrap(),
        connect: List::default(),
        place: List::default(),
        identity: Identity::default(),
        public: key.public_key(),
        date: now(),
        sign: None,
    };
    let cert = Verified::check(cert.signed(&key).unwrap(), &()).unwrap();
    let terms = |milli| Terms::new(Units::new(milli).unwrap(), BTreeMap::new()).unwrap();
    let agree = Agree {
        host: "mychips.org".parse().unwrap(),
        name: "neighbours".parse().unwrap(),
        rid: ContractId::from_bytes([4; 32]),
    };
    let draft = Draft { expires: None, memo: None, agree, holder: terms(limit), partner: terms(0) };
    let tally = TallyId::random(TALLY);
    HalfTally::new(negotiation::Negotiation::invite(tally, Side::Stock, cert, draft))
}

async fn kept(store: &Store) -> Half {
    let mut view = store.read().await.unwrap();
    view.halves(&HalfFilter::default(), None, 9).await.unwrap().remove(0)
}

/// Anne's half with another draft, in a batch that was not ended yet.
async fn changed(store: &Store, known: &Arc<Known>, limit: i64) -> Batch {
    let mut batch = Batch::begin(store, known).await.unwrap();
    let (held, work) = batch.hold(&anne().cuid, TallyId::random(TALLY)).await.unwrap();
    held.put(work, state(limit), now());
    batch
}

#[tokio::test]
async fn only_what_was_committed_is_remembered() {
    let (store, known) = (Store::memory(), Arc::new(Known::default()));
    let remembered = |half: &Half| known.half(half).map(|found| (*found.state).clone());
    let mut batch = Batch::begin(&store, &known).await.unwrap();
    batch.put_user(anne()).await.unwrap();
    batch.add(&anne().cuid, state(1), now()).await.unwrap();
    batch.commit(&[]).await.unwrap();
    let first = kept(&store).await;
    assert_eq!(remembered(&first), Some(state(1)));

    // Dropped on its way.
    drop(changed(&store, &known, 2).await);
    assert_eq!(kept(&store).await, first);
    assert_eq!(remembered(&first), Some(state(1)));

    // Broken on its way.
    let mut batch = changed(&store, &known, 3).await;
    assert!(batch.work.tx().add_users(&[anne()]).await.is_err());
    assert!(batch.commit(&[]).await.is_err());
    assert_eq!(kept(&store).await, first);
    assert_eq!(remembered(&first), Some(state(1)));

    changed(&store, &known, 4).await.commit(&[]).await.unwrap();
    let second = kept(&store).await;
    assert_eq!(second.version, 2);
    assert_eq!(remembered(&second), Some(state(4)));
    assert_eq!(remembered(&first), None, "an older row is not the one remembered");
    let other_hands = Half { row: first.row, ..second };
    assert_eq!(remembered(&other_hands), None, "same version, another row");
}

#[tokio::test]
async fn what_others_changed_is_read_again() {
    let (store, known) = (Store::memory(), Arc::new(Known::default()));
    let elsewhere = Arc::new(Known::default());
    let mut batch = Batch::begin(&store, &known).await.unwrap();
    batch.put_user(anne()).await.unwrap();
    batch.add(&anne().cuid, state(1), now()).await.unwrap();
    batch.commit(&[]).await.unwrap();
    changed(&store, &elsewhere, 2).await.commit(&[]).await.unwrap();
    let mut batch = Batch::begin(&store, &known).await.unwrap();
    let (held, _) = batch.hold(&anne().cuid, TallyId::random(TALLY)).await.unwrap();
    assert_eq!(*held.state, state(2));
}
