//! A half that this site has lost is brought back by what its user signed, as the partner's site shows it:
//! by nothing else, whoever sends it and whatever is written in it.

use protocol::cert::Type;
use protocol::negotiation::Message;
use protocol::note::{Body, Note};
use protocol::tally::Members;
use protocol::{AgentId, Cert, ChipAddress, SecretKey, Side, Signer as _, Tally, TallyId};
use site::{Caller, Command, SiteError};
use store::{HalfFilter, Store};

use crate::town::{Town, agent_of, cuid, draft, on_every_store, tally_id};

on_every_store! {
    what_its_user_signed_brings_a_half_back,
    nothing_else_brings_a_half_back,
}

const BOBS: u8 = 8;

/// The wording between Suzie, who lost it, and Bob of another site; nobody has signed it.
fn wording(town: &Town) -> Members {
    let elsewhere = town.elsewhere(agent_of(BOBS));
    let draft = draft();
    Members {
        uuid: tally_id(),
        revision: 1.try_into().unwrap(),
        date: crate::town::START.parse().unwrap(),
        expires: None,
        memo: None,
        stock: protocol::tally::Party {
            cert: town.cert("suzie", Type::Organisation),
            terms: draft.holder,
        },
        foil: protocol::tally::Party { cert: elsewhere("bob"), terms: draft.partner },
        agree: draft.agree,
        sign: None,
    }
}

impl Town {
    /// Certs of people with the same keys at another agent.
    fn elsewhere(&self, agent: AgentId) -> impl Fn(&'static str) -> Cert + '_ {
        move |name| {
            let here = self.cert(name, Type::Person);
            let chad = ChipAddress { agent, ..here.chad };
            Cert { chad, sign: None, ..here }.signed(self.key(name)).unwrap()
        }
    }

    fn signed(&self, members: Members) -> Tally {
        let tally = Tally::new(members).unwrap().signed(Side::Stock, self.key("suzie")).unwrap();
        tally.signed(Side::Foil, self.key("bob")).unwrap()
    }
}

/// Bob's site shows it.
fn shows(tally: Tally) -> Note {
    let from = ChipAddress { cuid: cuid("bob"), agent: agent_of(BOBS), endpoint: None };
    let body = Body::Negotiation(Message::Tally(Box::new(tally)));
    Note { tally: tally_id(), from, to: cuid("suzie"), token: None, moved: None, body }
}

async fn what_its_user_signed_brings_a_half_back(store: Store) {
    let town = Town::new(store).await;
    let note = shows(town.signed(wording(&town)));
    town.site.hear_from(agent_of(BOBS), vec![Ok(note)]).await;
    let suzie = town.site.tally(&cuid("suzie"), tally_id()).await.unwrap();
    assert_eq!((suzie.status.as_str(), suzie.side), ("open", Side::Stock));
    assert!(suzie.waiting.partner.is_some(), "it asks for the rest");
    town.assert_sound().await;
}

async fn nothing_else_brings_a_half_back(store: Store) {
    let town = Town::new(store.clone()).await;
    town.add("eve", Type::Person).await.unwrap();
    let forger = SecretKey::ed25519(&[66; 32]);
    let members = wording(&town);
    let good = shows(town.signed(members.clone()));
    let tally =
        |tally| Note { body: Body::Negotiation(Message::Tally(Box::new(tally))), ..good.clone() };
    let with_key = |cert: &Cert| {
        let cert = Cert { public: forger.public_key(), sign: None, ..cert.clone() };
        cert.signed(&forger).unwrap()
    };

    let mut other_key = members.clone();
    other_key.stock.cert = with_key(&other_key.stock.cert);
    let other_key = Tally::new(other_key).unwrap().signed(Side::Stock, &forger).unwrap();
    let other_key = other_key.signed(Side::Foil, town.key("bob")).unwrap();
    // Suzie's cert, and Bob's signature below it.
    let mut sign = town.signed(members.clone()).members().sign.clone().unwrap();
    sign.stock = sign.foil;
    let other_hand = Tally::new(Members { sign: Some(sign), ..members.clone() }).unwrap();
    let unsigned = Tally::new(members.clone()).unwrap();
    let by_bob = unsigned.clone().signed(Side::Foil, town.key("bob")).unwrap();
    let by_suzie = unsigned.clone().signed(Side::Stock, town.key("suzie")).unwrap();
    // What both signed, with other words in it.
    let signed = town.signed(members.clone()).members().clone();
    let mut more = signed.clone();
    more.memo = Some("and twice as much".parse().unwrap());
    let more = Tally::new(more).unwrap();

    let stranger = agent_of(7);
    let posed = |cuid_: &str| ChipAddress { cuid: cuid(cuid_), agent: stranger, endpoint: None };
    let strangers = town.elsewhere(stranger);
    let mut with_stranger = members.clone();
    with_stranger.foil.cert = strangers("eve");
    let with_stranger = Tally::new(with_stranger).unwrap();
    let with_stranger = with_stranger.signed(Side::Foil, town.key("eve")).unwrap();
    let bobs = agent_of(BOBS);
    let lies = [
        ("a key that is not hers", bobs, tally(other_key)),
        ("another's hand", bobs, tally(other_hand)),
        ("nobody's hand", bobs, tally(unsigned)),
        ("his hand alone", bobs, tally(by_bob)),
        ("her hand alone", bobs, tally(by_suzie)),
        ("other words", bobs, tally(more)),
        ("another tally's name", bobs, Note { tally: TallyId::random([5; 16]), ..good.clone() }),
        ("another user of this site", bobs, Note { to: cuid("eve"), ..good.clone() }),
        ("nobody of this site", bobs, Note { to: cuid("dora"), ..good.clone() }),
        (
            "another user of his site",
            bobs,
            Note { from: ChipAddress { cuid: cuid("eve"), ..good.from.clone() }, ..good.clone() },
        ),
        (
            "another agent, of whose user it says nothing",
            stranger,
            Note { from: posed("bob"), ..good.clone() },
        ),
        ("another agent in his name", stranger, good.clone()),
        ("a stranger's tally", stranger, Note { from: posed("eve"), ..tally(with_stranger) }),
    ];
    for (what, from, lie) in lies {
        town.is_refused(&store, what, from, lie).await;
    }
    // Hers, whose key may have been stolen, or was replaced, since.
    let suspend = |suspended| Command::Suspend { cuid: cuid("suzie"), suspended };
    town.ask(&Caller::Administrator, suspend(true)).await.unwrap();
    town.is_refused(&store, "while she may not act", bobs, good.clone()).await;
    town.ask(&Caller::Administrator, suspend(false)).await.unwrap();
    let cert = Box::new(with_key(&town.cert("suzie", Type::Organisation)));
    town.ask(&Caller::Administrator, Command::Readmit { cert }).await.unwrap();
    town.is_refused(&store, "by a key that she has no more", bobs, good.clone()).await;
    let cert = Box::new(town.cert("suzie", Type::Organisation));
    town.ask(&Caller::Administrator, Command::Readmit { cert }).await.unwrap();
    // And in the end it was nothing else that was missing.
    town.site.hear_from(bobs, vec![Ok(good)]).await;
    assert_eq!(town.status("suzie").await, "open");
}

impl Town {
    async fn is_refused(&self, store: &Store, what: &str, from: AgentId, lie: Note) {
        self.site.hear_from(from, vec![Ok(lie)]).await;
        let found = self.site.tally(&cuid("suzie"), tally_id()).await;
        assert!(matches!(found, Err(SiteError::NoTally { .. })), "{what}: {found:?}");
        let all = store.read().await.unwrap().halves(&HalfFilter::default(), None, 9).await;
        assert_eq!(all.unwrap(), [], "{what}");
    }
}
