//! A chain whose order changes while the device reads it: the head that it was shown stands no more.

use protocol::bounded::{Line, List};
use protocol::cert::{Cert, Identity, Names, Type};
use protocol::chit::{Entry, Written};
use protocol::negotiation::Draft;
use protocol::tally::Agree;
use protocol::{ChipAddress, ChitId, ContractId, SecretKey, Side, Signer as _, Terms, Units};
use site::{Answer, Command, Wish};
use store::UserKind;

use super::*;

const DATE: &str = "2026-11-22T09:00:00.000Z";

fn key(user: &str) -> SecretKey {
    SecretKey::ed25519(&[user.as_bytes()[0]; 32])
}

fn cert(visit: &Visit, user: &Cuid) -> Cert {
    let name: Line<200> = user.as_str().parse().unwrap();
    let key = key(user.as_str());
    let cert = Cert {
        chad: ChipAddress { cuid: user.clone(), agent: visit.agent(), endpoint: None },
        r#type: Type::Person,
        name: Names::try_from(List::new(vec![name]).unwrap()).unwrap(),
        connect: List::default(),
        place: List::default(),
        identity: Identity::default(),
        public: key.public_key(),
        date: DATE.parse().unwrap(),
        sign: None,
    };
    cert.signed(&key).unwrap()
}

/// A tally of Ann's and Bob's at a site, on which Bob has paid so often.
fn tally_with(visit: &Visit, [ann, bob]: [&Cuid; 2], payments: u8) -> TallyId {
    for user in [ann, bob] {
        let (kind, cert) = (UserKind::Person, Box::new(cert(visit, user)));
        visit.administer(Command::AddUser { kind, cert }).unwrap();
    }
    let terms = || Terms::new(Units::new(100_000).unwrap(), Default::default()).unwrap();
    let rid = ContractId::from_bytes([4; 32]);
    let (host, name) = ("mychips.org".parse().unwrap(), "neighbours".parse().unwrap());
    let agree = Agree { host, name, rid };
    let draft = Draft { expires: None, memo: None, agree, holder: terms(), partner: terms() };
    let tally = TallyId::random([7; 16]);
    let expires = "9999-01-01T00:00:00.000Z".parse().unwrap();
    let (side, draft) = (Side::Stock, Box::new(draft));
    let invite = Command::Invite { tally, side, draft, expires };
    let Answer::Invited(invitation) = visit.ask(ann, invite).unwrap() else {
        panic!("no invitation")
    };
    visit.ask(bob, Command::Answer { invitation }).unwrap();
    let wish = |user, wish| visit.ask(user, Command::Tally { tally, wish }).unwrap();
    let draft = visit.tally(ann, tally).unwrap().draft;
    let offer = visit.to_offer(ann, tally, draft).unwrap();
    wish(ann, Wish::Offer(Box::new(offer.signed(Side::Stock, &key("ann")).unwrap())));
    let (offer, _) = visit.tally(bob, tally).unwrap().offer.unwrap();
    wish(bob, Wish::Accept(Box::new(offer.signed(Side::Foil, &key("bob")).unwrap())));
    for number in 0..payments {
        let units = Units::new(5).unwrap().try_into().unwrap();
        let entry = Entry::Tran { units, written: Written::default() };
        let (uuid, by, date) = (ChitId::random([number; 16]), Side::Foil, DATE.parse().unwrap());
        let chit = Chit { uuid, tally, by, date, entry }.signed(&key("bob")).unwrap();
        wish(bob, Wish::Write { chit: Box::new(chit), over_limit: false });
    }
    tally
}

#[test]
fn a_chain_that_changed_while_it_was_read_is_read_anew() {
    let room = tempfile::tempdir().unwrap();
    let (data, folder) = (room.path().join("site"), room.path().join("keys"));
    let visit = Visit::found(&data, None).unwrap();
    let [ann, bob] = ["ann", "bob"].map(|name| name.parse::<Cuid>().unwrap());
    let tally = tally_with(&visit, [&ann, &bob], 3);
    let keys = Keys::at(Some(&folder), &data).unwrap();
    let device = Device { visit: &visit, keys, user: &ann };
    let now = visit.tally(&ann, tally).unwrap();
    let links = visit.links(&ann, tally, 0, 3).unwrap();
    // As it was shown before the partner's site said another order.
    let genesis =
        Ledger::open(&Verified::check(now.signed.clone().unwrap(), &()).unwrap(), now.side);
    let genesis = genesis.unwrap().head();
    let before = [0, 2, 1]
        .into_iter()
        .fold(genesis, |head, place: usize| head.then(tally, links[place].chit_hash));
    assert_ne!(Some(before), now.head);
    let shown = Summary { head: Some(before), ..now.clone() };
    let mut kept = device.kept(tally).unwrap();
    let (after, brought) = device.keep_up(&mut kept, shown).unwrap();
    assert_eq!((after.tally, brought), (tally, Brought::default()), "nothing was lost");
    let chits = |kept: &Kept| kept.chits.iter().map(|(hash, _)| *hash).collect::<Vec<_>>();
    assert_eq!(chits(&kept), links.iter().map(|link| link.chit_hash).collect::<Vec<_>>());
    // The next look finds nothing new, and keeps the agent's word for the chain.
    let (_, brought) = device.keep_up(&mut kept, now.clone()).unwrap();
    assert_eq!((chits(&kept).len(), brought), (3, Brought::default()));
    assert_eq!(kept.head.as_ref().map(|word| word.head), now.head);
}
