//! The neighbours of the tests: Suzie sells cheese, Bob buys it; and any record whatever.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use protocol::bounded::{Line, List, Prose, Word};
use protocol::cert::{Birth, Cert, Connect, Identity, Names, Place, StateId, Type};
use protocol::chit::{Chit, Entry, Lost, MAX_WAIT_DAYS, MIN_WAIT_DAYS, Owe, Positive, Rekey};
use protocol::chit::{Set, Wait, Written};
use protocol::contract::{Content, Contract, Section};
use protocol::ledger::Head;
use protocol::lift::{Authorisation, Certificate, Evidence, Leg, Mode, Vote};
use protocol::proof::{Contradiction, Twice};
use protocol::tally::{Agree, Members, Party, Sign, Tally};
use protocol::terms::{Term, Terms, Whole};
use protocol::{
    AgentId, ChipAddress, ChitId, ContractId, Hash, Lift, LiftId, PaymentId, SecretKey, Side,
    Signature, Signer, TallyId, Timestamp,
};

use crate::given::{amount, settings, units};
use crate::lift_records::{any_conditional, any_late, any_promise, any_refused};
use crate::some::{address, agent, secret_key};

const SIZE: i64 = (1 << 53) - 1;

pub(crate) fn suzies_key() -> SecretKey {
    SecretKey::p256(&[1; 32]).unwrap()
}

pub(crate) fn bobs_key() -> SecretKey {
    SecretKey::ed25519(&[2; 32])
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn list<T: Clone + std::fmt::Debug, const MAX: usize>(items: Vec<T>) -> List<T, MAX> {
    List::new(items).unwrap()
}

pub(crate) fn cert(cuid: &str, r#type: Type, name: &str, key: &SecretKey) -> Cert {
    let agent = AgentId::of(&SecretKey::ed25519(&[9; 32]).public_key()).unwrap();
    let cert = Cert {
        chad: ChipAddress { cuid: cuid.parse().unwrap(), agent, endpoint: None },
        r#type,
        name: Names::try_from(list(vec![name.parse().unwrap()])).unwrap(),
        connect: List::default(),
        place: List::default(),
        identity: Identity::default(),
        public: key.public_key(),
        date: at("2026-11-01T08:00:00.000Z"),
        sign: None,
    };
    cert.signed(key).unwrap()
}

pub(crate) fn suzie() -> Cert {
    cert("suzie", Type::Organisation, "Suzie's Cheese", &suzies_key())
}

pub(crate) fn bob() -> Cert {
    cert("bob", Type::Person, "Bob", &bobs_key())
}

pub(crate) fn limit(milli: i64) -> Terms {
    Terms::new(units(milli), BTreeMap::new()).unwrap()
}

/// Suzie grants Bob 100.000 of credit, Bob grants Suzie 20.000. Nobody has signed it.
pub(crate) fn members() -> Members {
    Members {
        uuid: TallyId::random([3; 16]),
        revision: 1.try_into().unwrap(),
        date: at("2026-11-22T09:30:00.000Z"),
        expires: Some(at("2026-12-01T00:00:00.000Z")),
        memo: None,
        stock: Party { cert: suzie(), terms: limit(100_000) },
        foil: Party { cert: bob(), terms: limit(20_000) },
        agree: Agree {
            host: "mychips.org".parse().unwrap(),
            name: "neighbours".parse().unwrap(),
            rid: ContractId::from_bytes([4; 32]),
        },
        sign: None,
    }
}

pub(crate) fn tally() -> Tally {
    Tally::new(members()).unwrap()
}

pub(crate) fn chit(by: Side, entry: Entry) -> Chit {
    Chit {
        uuid: ChitId::random([5; 16]),
        tally: TallyId::random([3; 16]),
        by,
        date: at("2026-11-22T10:00:00.000Z"),
        entry,
    }
}

pub(crate) fn positive(milli: i64) -> Positive {
    units(milli).try_into().unwrap()
}

// Any record at all.

fn line<const MAX: usize>() -> impl Strategy<Value = Line<MAX>> {
    "[!-~äß€\u{1F9C0}]([ -~äß€\u{1F9C0}]{0,7}[!-~äß€\u{1F9C0}])?"
        .prop_map(|text| text.parse().unwrap())
}

fn prose<const MAX: usize>() -> impl Strategy<Value = Prose<MAX>> {
    "[!-Z][ -Z\\\\^-~é\n]{0,39}".prop_map(|text| text.parse().unwrap())
}

fn word() -> impl Strategy<Value = Word> {
    "[a-z][a-z0-9_-]{0,31}".prop_map(|text| text.parse().unwrap())
}

fn date() -> impl Strategy<Value = Timestamp> {
    (Timestamp::MIN.ms()..Timestamp::MAX.ms()).prop_map(|ms| Timestamp::from_ms(ms).unwrap())
}

pub(crate) fn signature() -> impl Strategy<Value = Option<Signature>> {
    option::of(vec(any::<u8>(), 64).prop_map(|b| Signature::from_bytes(b.try_into().unwrap())))
}

pub(crate) fn any_terms() -> impl Strategy<Value = Terms> {
    let term = prop_oneof![
        (-SIZE..=SIZE).prop_map(|number| Term::Number(Whole::try_from(number).unwrap())),
        line().prop_map(Term::Text),
    ];
    let name = word().prop_filter("the limit is apart", |word| word.as_str() != "limit");
    (amount(SIZE), btree_map(name, term, 0..4))
        .prop_map(|(limit, others)| Terms::new(limit, others).unwrap())
}

pub(crate) fn any_cert() -> impl Strategy<Value = Cert> {
    let connect = (word(), line()).prop_map(|(media, address)| Connect { media, address });
    let place = (word(), option::of(line()), option::of(line()), option::of(line()), any::<bool>())
        .prop_map(|(r#type, address, city, post, at_home)| Place {
            r#type,
            address,
            city,
            state: None,
            post,
            country: at_home.then(|| "AT".parse().unwrap()),
        });
    let state = (word(), line()).prop_map(|(media, id)| StateId {
        country: "US".parse().unwrap(),
        media,
        id,
    });
    let day = option::of(Just("1972-02-29".parse().unwrap()));
    let birth = (option::of(line()), day, option::of(line()))
        .prop_map(|(name, date, place)| Birth { name, date, place });
    let identity = (option::of(state), birth).prop_map(|(state, birth)| Identity { state, birth });
    let r#type = prop_oneof![Just(Type::Person), Just(Type::Organisation)];
    let names = vec(line(), 1..4).prop_map(|names| Names::try_from(list(names)).unwrap());
    let who = (address(), r#type, names, secret_key());
    let told = (vec(connect, 0..3), vec(place, 0..3), identity);
    (who, told, date(), signature()).prop_map(
        |((chad, r#type, name, key), (connect, place, identity), date, sign)| Cert {
            chad,
            r#type,
            name,
            connect: list(connect),
            place: list(place),
            identity,
            public: key.public_key(),
            date,
            sign,
        },
    )
}

pub(crate) fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash::from_bytes)
}

pub(crate) fn any_tally() -> impl Strategy<Value = Tally> {
    let party = || (any_cert(), any_terms()).prop_map(|(cert, terms)| Party { cert, terms });
    let sign = (hash(), signature(), signature()).prop_map(|(hash, stock, foil)| Sign {
        hash,
        stock,
        foil,
    });
    let head = (any::<[u8; 16]>(), 1u32.., date(), option::of(prose()));
    let agree = (line(), word(), hash()).prop_map(|(host, name, rid)| Agree {
        host,
        name,
        rid: rid.into(),
    });
    (head, party(), party(), agree, option::of(sign)).prop_filter_map(
        "one user twice",
        |((uuid, revision, date, memo), stock, foil, agree, sign)| {
            let expires = Some(date.plus_ms(1).unwrap());
            let (uuid, revision) = (TallyId::random(uuid), revision.try_into().unwrap());
            let members = Members { uuid, revision, date, expires, memo, stock, foil, agree, sign };
            Tally::new(members).ok()
        },
    )
}

pub(crate) fn any_entry() -> impl Strategy<Value = Entry> {
    let units = || (1..=SIZE).prop_map(positive);
    let written = || {
        (option::of(line()), option::of(prose()), option::of(hash()), signature())
            .prop_map(|(reference, memo, key, sign)| Written { reference, memo, key, sign })
    };
    let owe = option::of(amount(SIZE).prop_map(|units| Owe::try_from(units).unwrap()));
    let set = (settings(SIZE), 1u32.., owe, any::<bool>());
    let set = set.prop_map(|(settings, counter, owe, close)| Set {
        close,
        settings,
        counter: counter.try_into().unwrap(),
        owe,
    });
    let rekey = (1u32.., 0..1u64 << 53, hash(), secret_key(), signature());
    let rekey = rekey.prop_map(|(counter, index, hash, key, proof)| {
        let (counter, public) = (counter.try_into().unwrap(), key.public_key());
        Box::new(Rekey { counter, head: Head { index, hash }, public, proof })
    });
    let head = || (0..1u64 << 53, hash()).prop_map(|(index, hash)| Head { index, hash });
    let lost = (1u32.., head(), secret_key(), MIN_WAIT_DAYS..=MAX_WAIT_DAYS);
    let lost = lost.prop_map(|(counter, head, key, days)| {
        let (counter, public) = (counter.try_into().unwrap(), key.public_key());
        Box::new(Lost { counter, head, public, wait: Wait::try_from(days).unwrap() })
    });
    let end = (head(), written()).prop_map(|(head, written)| Entry::End { head, written });
    let lost = (lost, written()).prop_map(|(lost, written)| {
        let written = Written { key: None, ..written };
        Entry::Lost { lost, written }
    });
    let answers = (hash(), signature(), written()).prop_flat_map(|(request, witness, written)| {
        let claim = Entry::Claim { request, witness, written: written.clone() };
        let object = Entry::Object { request, written: written.clone() };
        prop_oneof![Just(claim), Just(object), Just(Entry::Consent { request, written })]
    });
    prop_oneof![
        end,
        lost,
        answers,
        (units(), written()).prop_map(|(units, written)| Entry::Tran { units, written }),
        (set, written()).prop_map(|(set, written)| Entry::Set { set, written }),
        (units(), hash()).prop_map(|(units, hash)| Entry::Lift { units, lift: LiftId::from(hash) }),
        (rekey, written()).prop_map(|(rekey, written)| Entry::Key { rekey, written }),
    ]
}

pub(crate) fn any_chit() -> impl Strategy<Value = Chit> {
    let side = prop_oneof![Just(Side::Stock), Just(Side::Foil)];
    (any::<[u8; 16]>(), any::<[u8; 16]>(), side, date(), any_entry()).prop_map(
        |(uuid, tally, by, date, entry)| Chit {
            uuid: ChitId::random(uuid),
            tally: TallyId::random(tally),
            by,
            date,
            entry,
        },
    )
}

pub(crate) fn any_leg() -> impl Strategy<Value = Leg> {
    let side = prop_oneof![Just(Side::Stock), Just(Side::Foil)];
    (any::<[u8; 16]>(), side, 1..=SIZE).prop_map(|(tally, by, milli)| Leg {
        tally: TallyId::random(tally),
        by,
        units: positive(milli),
    })
}

/// A lift that is well written; whether its rules hold is left to chance.
pub(crate) fn any_lift() -> impl Strategy<Value = Lift> {
    let mode = prop_oneof![Just(Mode::Clearing), Just(Mode::Payment)];
    let who = (vec(secret_key(), 0..3), vec(agent(), 0..4), 0u32..4);
    ((hash(), hash(), option::of(hash())), mode, (date(), date()), who).prop_map(
        |((nonce, legs, payment), mode, (date, deadline), (keys, referees, quorum))| Lift {
            nonce,
            mode,
            date,
            deadline,
            legs,
            participants: list(keys.iter().map(SecretKey::public_key).collect()),
            referees: list(referees),
            quorum,
            payment,
        },
    )
}

pub(crate) fn any_certificate() -> impl Strategy<Value = Certificate> {
    let vote = (agent(), vec(any::<u8>(), 64)).prop_map(|(referee, bytes)| Vote {
        referee,
        sign: Signature::from_bytes(bytes.try_into().unwrap()),
    });
    let evidence = prop_oneof![
        vec(any_promise(), 0..3).prop_map(|promises| Evidence::Promises(list(promises))),
        any_refused().prop_map(Evidence::Refused),
        vec(any_late(), 1..3).prop_map(|late| Evidence::Late(list(late))),
    ];
    (hash(), evidence, any::<u32>(), vec(vote, 0..4)).prop_map(|(lift, evidence, round, votes)| {
        Certificate { sign: list(votes), ..Certificate::unsigned(lift.into(), evidence, round) }
    })
}

pub(crate) fn any_contradiction() -> impl Strategy<Value = Contradiction> {
    (any_lift(), any_certificate(), any_certificate())
        .prop_map(|(lift, commit, void)| Contradiction { lift, commit, void })
}

pub(crate) fn any_twice() -> impl Strategy<Value = Twice> {
    (agent(), any_conditional(), any_promise(), any_promise())
        .prop_map(|(agent, conditional, first, second)| Twice { agent, conditional, first, second })
}

pub(crate) fn any_authorisation() -> impl Strategy<Value = Authorisation> {
    let units = || (1..=SIZE).prop_map(positive);
    let words = (option::of(line()), option::of(prose()), signature());
    let parties = (any::<[u8; 16]>(), address(), address());
    (parties, (units(), units()), (date(), date()), words).prop_map(
        |((uuid, payer, payee), (units, most), (date, expires), (r#ref, memo, sign))| {
            let uuid = PaymentId::random(uuid);
            Authorisation { uuid, payer, payee, units, most, date, expires, r#ref, memo, sign }
        },
    )
}

pub(crate) fn any_contract() -> impl Strategy<Value = Contract> {
    let leaf = (line(), option::of(prose()), option::of(hash())).prop_map(|(title, text, rid)| {
        let content = match rid {
            Some(rid) => Content::Include(rid.into()),
            None => Content::Own { text, sections: List::default() },
        };
        Section { title: Some(title), tag: None, content }
    });
    let section = leaf.prop_recursive(4, 12, 3, |inner| {
        (line(), option::of(prose()), vec(inner, 0..3)).prop_map(|(title, text, sections)| {
            let content = Content::Own { text, sections: list(sections) };
            Section { title: Some(title), tag: None, content }
        })
    });
    let head = (line(), word(), 1u32.., word(), any::<bool>(), option::of(date()));
    let body = (line(), option::of(prose()), option::of(word()), vec(section, 0..3));
    (head, body, option::of(hash())).prop_map(
        |((host, name, version, language, top, published), (title, text, tag, sections), rid)| {
            Contract {
                host,
                name,
                version: version.try_into().unwrap(),
                language,
                top,
                published,
                title,
                text,
                tag,
                sections: list(sections),
                rid: rid.map(ContractId::from),
            }
        },
    )
}
