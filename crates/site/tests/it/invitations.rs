//! Invitations: one for many, shown to whoever holds its token, taken back; and nothing is got by guessing,
//! repeating or forging.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;

use protocol::address::Endpoint;
use protocol::cert::{Disclosure, Type};
use protocol::mail::Fate;
use protocol::negotiation::Message;
use protocol::note::{Body, Note};
use protocol::{AgentId, Cert, ChipAddress, Hash, Side, Signer as _, TallyId};
use site::{
    Answer, Answers, Asks, Class, Command, Found, Given, Invitation, Inviting, Query, SiteError,
    Unsent,
};
use store::Store;

use crate::town::{Town, World, agent, agent_of, cuid, draft, on_every_store, tally_id, user};

on_every_store! {
    many_answer_one_invitation,
    who_answers_twice_or_for_another_gets_nothing,
    what_expired_or_was_taken_back_is_worth_nothing,
    what_nobody_went_on_with_ends_with_its_invitation,
    an_answer_from_elsewhere_counts_once_however_often_it_comes,
    whoever_holds_the_token_is_shown_the_invitation,
}

const EXPIRES: &str = "2026-12-01T00:00:00.000Z";

fn inviting(uses: u32) -> Inviting {
    let (side, expires) = (Side::Stock, EXPIRES.parse().unwrap());
    let answers = match NonZeroU32::new(uses) {
        Some(uses) => Answers::Many { uses },
        None => Answers::One { tally: tally_id() },
    };
    Inviting { answers, side, draft: draft(), expires, cert: None }
}

async fn invites(town: &Town, inviting: Inviting) -> Result<Invitation, SiteError> {
    let command = Command::InviteAs { inviting: Box::new(inviting) };
    match town.ask(&user("suzie"), command).await? {
        Answer::Invited(invitation) => Ok(*invitation),
        other => panic!("{other:?}"),
    }
}

/// Answers with a tally of that number.
async fn answers(
    town: &Town,
    who: &str,
    invitation: &Invitation,
    tally: u8,
) -> Result<Answer, SiteError> {
    let tally = Some(TallyId::random([tally; 16]));
    let invitation = Box::new(Invitation { tally, ..invitation.clone() });
    town.ask(&user(who), Command::Answer { invitation }).await
}

async fn out(town: &Town) -> Vec<Given> {
    let query = Query::Invitations { user: cuid("suzie") };
    match town.site.query(&user("suzie"), query).await.unwrap() {
        Found::Invitations(given) => given,
        other => panic!("{other:?}"),
    }
}

/// How many tallies Suzie has.
async fn tallies(town: &Town) -> usize {
    let (user, status, partner, after) = (Some(cuid("suzie")), None, None, None);
    let query = Query::Tallies { user, status, partner, after, limit: 100 };
    match town.site.query(&crate::town::user("suzie"), query).await.unwrap() {
        Found::Tallies(tallies) => tallies.len(),
        other => panic!("{other:?}"),
    }
}

fn word<T: std::fmt::Debug>(refused: Result<T, SiteError>) -> (Class, &'static str) {
    let error = refused.unwrap_err();
    (error.class(), error.word())
}

fn why<T: std::fmt::Debug>(refused: Result<T, SiteError>) -> String {
    refused.unwrap_err().to_string()
}

async fn many_answer_one_invitation(store: Store) {
    let town = Town::new(store).await;
    for name in ["eve", "dora"] {
        town.add(name, Type::Person).await.unwrap();
    }
    let invitation = invites(&town, inviting(2)).await.unwrap();
    assert_eq!((invitation.tally, tallies(&town).await), (None, 0));
    for (number, who) in (20..).zip(["bob", "eve"]) {
        answers(&town, who, &invitation, number).await.unwrap();
        let half = town.site.tally(&cuid("suzie"), TallyId::random([number; 16])).await.unwrap();
        assert_eq!((half.status.as_str(), half.side), ("P.draft", Side::Stock));
        assert_eq!(half.partner.unwrap().chad.cuid, cuid(who));
        assert_eq!(half.draft, draft());
    }
    let refused = why(answers(&town, "dora", &invitation, 22).await);
    assert!(refused.contains("by as many as may"), "{refused}");
    assert_eq!(tallies(&town).await, 2);
    // Dora was told at once, and has nothing half-way.
    assert!(town.site.tally(&cuid("dora"), TallyId::random([22; 16])).await.is_err());
    let given = out(&town).await;
    assert_eq!(given.len(), 1);
    assert_eq!((given[0].uses, given[0].used, given[0].tally), (2, 2, None));
    town.assert_sound().await;
    // Beside it one that is answered once goes on as ever.
    town.open_tally_of_eve().await;
}

impl Town {
    async fn open_tally_of_eve(&self) {
        let invitation = self.invite().await;
        let own = Command::Answer { invitation: invitation.clone() };
        assert!(self.ask(&user("suzie"), own).await.is_err());
        self.ask(&user("dora"), Command::Answer { invitation }).await.unwrap();
        assert_eq!(self.status("suzie").await, "P.draft");
    }
}

async fn who_answers_twice_or_for_another_gets_nothing(store: Store) {
    let town = Town::new(store).await;
    town.add("eve", Type::Person).await.unwrap();
    let invitation = invites(&town, inviting(9)).await.unwrap();
    answers(&town, "bob", &invitation, 20).await.unwrap();
    let refused = why(answers(&town, "bob", &invitation, 21).await);
    assert!(refused.contains("already") || refused.contains("have one"), "{refused}");
    // Nobody comes under the name of others' tally, nor to a tally that somebody else was invited to.
    assert!(matches!(
        answers(&town, "eve", &invitation, 20).await,
        Err(SiteError::TallyOfOthers { .. })
    ));
    let once = town.invite().await;
    let mixed = Invitation { token: invitation.token, ..*once };
    let refused = town.ask(&user("eve"), Command::Answer { invitation: Box::new(mixed) }).await;
    assert!(refused.is_err(), "{refused:?}");
    assert!(town.site.tally(&cuid("suzie"), tally_id()).await.unwrap().partner.is_none());
    // Not without a name, not oneself, and not another's invitation.
    let unnamed = Box::new(invitation.clone());
    let refused = town.ask(&user("eve"), Command::Answer { invitation: unnamed }).await;
    assert_eq!(word(refused), (Class::Refused, "no_tally_named"));
    assert!(answers(&town, "suzie", &invitation, 30).await.is_err());
    let token = Hash::of(b"guessed");
    assert!(answers(&town, "eve", &Invitation { token, ..invitation }, 31).await.is_err());
    let given = out(&town).await;
    let used: u32 = given.iter().map(|one| one.used).sum();
    assert_eq!((used, tallies(&town).await), (1, 2));
    town.assert_sound().await;
}

async fn what_expired_or_was_taken_back_is_worth_nothing(store: Store) {
    let town = Town::new(store).await;
    let invitation = invites(&town, inviting(9)).await.unwrap();
    let name = out(&town).await[0].invitation;
    assert_ne!(name, invitation.token, "the token is not kept");
    // Only its own user takes it back, once.
    let take_back = || Command::TakeBack { invitation: name };
    let refused = town.ask(&user("bob"), take_back()).await;
    assert_eq!(word(refused), (Class::NotFound, "no_invitation"));
    town.ask(&user("suzie"), take_back()).await.unwrap();
    assert!(matches!(town.ask(&user("suzie"), take_back()).await, Err(SiteError::NoInvitation)));
    let refused = why(answers(&town, "bob", &invitation, 20).await);
    assert!(refused.contains("taken back"), "{refused}");
    assert!(town.site.invitation(invitation.token).await.is_err());
    let invitation = invites(&town, inviting(9)).await.unwrap();
    // Longer than it counts.
    town.world.pass(30 * 24 * 60 * 60_000);
    let refused = why(answers(&town, "bob", &invitation, 20).await);
    assert!(refused.contains("expired"), "{refused}");
    let refused = why(town.site.invitation(invitation.token).await);
    assert!(refused.contains("expired"), "{refused}");
    assert_eq!((out(&town).await.len(), tallies(&town).await), (1, 0));
    // A month later the next one takes its place.
    town.world.pass(31 * 24 * 60 * 60_000);
    invites(&town, inviting(9)).await.unwrap();
    assert_eq!(out(&town).await.len(), 1);
}

async fn what_nobody_went_on_with_ends_with_its_invitation(store: Store) {
    let town = Town::new(store.clone()).await;
    for name in ["eve", "dora"] {
        town.add(name, Type::Person).await.unwrap();
    }
    let at = async |who: &str, tally: u8| {
        let tally = town.site.tally(&cuid(who), TallyId::random([tally; 16])).await.unwrap();
        tally.status
    };
    let lapsed = async |who: &'static str| {
        let told = town.told(&store, who).await;
        told.iter().filter(|(kind, _)| kind == "invitation_lapsed").count()
    };
    // One that is taken back leaves no draft that nobody can answer.
    let given = invites(&town, inviting(0)).await.unwrap();
    let name = out(&town).await[0].invitation;
    assert_eq!(at("suzie", 7).await, "draft");
    town.ask(&user("suzie"), Command::TakeBack { invitation: name }).await.unwrap();
    assert_eq!((at("suzie", 7).await.as_str(), lapsed("suzie").await), ("void", 1));
    let given = Invitation { tally: Some(tally_id()), ..given };
    assert!(town.ask(&user("bob"), Command::Answer { invitation: Box::new(given) }).await.is_err());
    // Of those who answer one for many Suzie goes on with Bob only.
    let many = invites(&town, inviting(9)).await.unwrap();
    for (number, who) in (20..).zip(["bob", "eve"]) {
        answers(&town, who, &many, number).await.unwrap();
    }
    let draft = town.site.tally(&cuid("suzie"), TallyId::random([20; 16])).await.unwrap().draft;
    let (tally, wish) = (TallyId::random([20; 16]), site::Wish::Draft(Box::new(draft)));
    town.ask(&user("suzie"), Command::Tally { tally, wish }).await.unwrap();
    town.world.pass(7 * 24 * 60 * 60_000);
    assert_eq!(town.site.remind().await.unwrap(), 0, "it counts still");
    town.world.pass(7 * 24 * 60 * 60_000);
    assert!(town.site.remind().await.unwrap() > 0);
    for who in ["suzie", "eve"] {
        assert_eq!(at(who, 21).await, "void", "{who}");
    }
    assert_eq!(at("suzie", 20).await, "P.draft");
    assert_eq!((lapsed("suzie").await, lapsed("eve").await), (2, 1), "both are told");
    assert_eq!(town.site.remind().await.unwrap(), 0, "once");
    // Another invitation finds Eve free to answer.
    let expires = "2027-01-01T00:00:00.000Z".parse().unwrap();
    let again = invites(&town, Inviting { expires, ..inviting(9) }).await.unwrap();
    answers(&town, "eve", &again, 22).await.unwrap();
    assert_eq!(at("suzie", 22).await, "P.draft");
    town.assert_sound().await;
}

/// Bob answers from another site.
fn note(elsewhere: &Town, token: Hash, tally: u8) -> Note {
    let cert = Box::new(elsewhere.cert("bob", Type::Person));
    let from = ChipAddress { cuid: cuid("bob"), agent: agent_of(8), endpoint: None };
    let body = Body::Negotiation(Message::Answer { cert });
    let (tally, to, token) = (TallyId::random([tally; 16]), cuid("suzie"), Some(token));
    Note { tally, from, to, token, moved: None, body }
}

async fn heard(town: &Town, note: &Note) -> Result<(), Fate> {
    let mut receipt = town.site.hear_from(agent_of(8), vec![Ok(note.clone())]).await;
    match receipt.fates.remove(0) {
        Fate::Taken => Ok(()),
        other => Err(other),
    }
}

async fn an_answer_from_elsewhere_counts_once_however_often_it_comes(store: Store) {
    let town = Town::new(store).await;
    let elsewhere = Town::at(agent_of(8), Store::memory(), World::started(), 0).await;
    let invitation = invites(&town, inviting(9)).await.unwrap();
    let good = note(&elsewhere, invitation.token, 20);
    // Forged: the cert is another's, or nobody signed it.
    let mut forged = good.clone();
    let eve = Box::new(elsewhere.cert("eve", Type::Person));
    forged.body = Body::Negotiation(Message::Answer { cert: eve });
    assert!(heard(&town, &forged).await.is_err());
    let unsigned = Cert { date: EXPIRES.parse().unwrap(), ..elsewhere.cert("bob", Type::Person) };
    forged.body = Body::Negotiation(Message::Answer { cert: Box::new(unsigned) });
    assert!(heard(&town, &forged).await.is_err());
    let guessed = Note { token: Some(Hash::of(b"guessed")), ..good.clone() };
    assert!(matches!(heard(&town, &guessed).await, Err(Fate::Refused(_))));
    assert_eq!((tallies(&town).await, out(&town).await[0].used), (0, 0));
    for _ in 0..3 {
        heard(&town, &good).await.unwrap();
    }
    let again = heard(&town, &note(&elsewhere, invitation.token, 21)).await;
    assert!(matches!(again, Err(Fate::Refused(_))), "{again:?}");
    // Nor does anybody come so to a tally that somebody else was invited to.
    let once = town.invite().await;
    let other = Note { tally: once.tally.unwrap(), ..good };
    assert!(matches!(heard(&town, &other).await, Err(Fate::Refused(_))));
    assert!(town.site.tally(&cuid("suzie"), tally_id()).await.unwrap().partner.is_none());
    town.ask(&user("bob"), Command::Answer { invitation: once }).await.unwrap();
    assert_eq!((tallies(&town).await, out(&town).await[0].used), (2, 1));
    town.assert_sound().await;
}

/// The site of Suzie answers, as it is, or as this says.
struct Line(Town, Option<Vec<u8>>);

impl Asks for Line {
    fn invitation<'a>(
        &'a self,
        to: AgentId,
        _: &'a Endpoint,
        token: Hash,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, Unsent>> + Send + 'a>> {
        assert_eq!(to, agent());
        Box::pin(async move {
            if let Some(lie) = &self.1 {
                return Ok(lie.clone());
            }
            self.0.site.show_invitation(token.to_string().as_bytes()).await
        })
    }
}

/// Nobody answers.
struct Dead;

impl Asks for Dead {
    fn invitation<'a>(
        &'a self,
        _: AgentId,
        _: &'a Endpoint,
        _: Hash,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, Unsent>> + Send + 'a>> {
        Box::pin(async { Err(Unsent::Later("nobody answers".to_owned())) })
    }
}

async fn whoever_holds_the_token_is_shown_the_invitation(store: Store) {
    let town = Town::new(store).await;
    town.site.answers_at(Some("127.0.0.1:8421".parse().unwrap()));
    for uses in [0, 3] {
        let invitation = invites(&town, inviting(uses)).await.unwrap();
        assert_eq!(town.site.invitation(invitation.token).await.unwrap(), invitation);
        let bytes = town.site.show_invitation(invitation.token.to_string().as_bytes()).await;
        assert_eq!(Invitation::read(&bytes.unwrap()).unwrap(), invitation);
    }
    let unknown = town.site.show_invitation(Hash::of(b"x").to_string().as_bytes()).await;
    assert!(matches!(unknown, Err(Unsent::Refused(_))));
    for wrong in [&b""[..], b"\xff", b"token"] {
        assert!(matches!(town.site.show_invitation(wrong).await, Err(Unsent::Refused(_))));
    }
    // Not of one who may not act.
    let invitation = invites(&town, inviting(3)).await.unwrap();
    let suspend = Command::Suspend { cuid: cuid("suzie"), suspended: true };
    town.ask(&site::Caller::Administrator, suspend).await.unwrap();
    assert!(town.site.invitation(invitation.token).await.is_err());
}

#[tokio::test]
async fn a_link_leads_to_what_its_user_signed_or_to_nothing() {
    let town = Town::new(Store::memory()).await;
    town.site.answers_at(Some("127.0.0.1:8421".parse().unwrap()));
    let elsewhere = Town::at(agent_of(8), Store::memory(), World::started(), 0).await;
    elsewhere.add("bob", Type::Person).await.unwrap();
    let invitation = invites(&town, inviting(3)).await.unwrap();
    let link = invitation.link().unwrap();
    let follow = async |link| match elsewhere.site.query(&user("bob"), Query::Linked { link }).await
    {
        Ok(Found::Linked(found)) => Ok(*found),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error),
    };
    assert_eq!(word(follow(link.clone()).await), (Class::Conflict, "not_served"));
    // On the same site nobody has to be asked.
    let here = town.site.query(&user("bob"), Query::Linked { link: link.clone() }).await;
    assert_eq!(here.unwrap(), Found::Linked(Box::new(invitation.clone())));
    let suzies = invites(&town, inviting(0)).await.unwrap();
    // Another user of the same site, who says that she is Suzie.
    let mut posed = invitation.clone();
    posed.cert.public = town.key("eve").public_key();
    posed.cert = posed.cert.signed(town.key("eve")).unwrap();
    let other = Invitation { cert: town.cert("bob", Type::Person), ..invitation.clone() };
    let unsigned = Invitation {
        cert: Cert { date: EXPIRES.parse().unwrap(), ..invitation.cert.clone() },
        ..invitation.clone()
    };
    let town = Arc::new(Line(town, None));
    elsewhere.site.asks_over(Some(Arc::<Line>::clone(&town)));
    assert_eq!(follow(link.clone()).await.unwrap(), invitation);
    let gone = protocol::InviteLink { token: Hash::of(b"x"), ..link.clone() };
    assert!(why(follow(gone).await).starts_with("the inviter's site says: the invitation is not"));
    elsewhere.site.asks_over(Some(Arc::new(Dead)));
    assert_eq!(word(follow(link.clone()).await), (Class::Passing, "not_reached"));
    let lie = Some(posed.to_text().unwrap().into_bytes());
    let world = Town::empty(Store::memory()).await;
    elsewhere.site.asks_over(Some(Arc::new(Line(world, lie))));
    assert_eq!(word(follow(link.clone()).await), (Class::Refused, "other_inviter"));
    for (lie, what) in [
        (posed.clone(), "another key"),
        (other, "another user"),
        (suzies, "another token"),
        (unsigned, "signature"),
    ] {
        let lie = Some(lie.to_text().unwrap().into_bytes());
        let world = Town::empty(Store::memory()).await;
        elsewhere.site.asks_over(Some(Arc::new(Line(world, lie))));
        let refused = why(follow(link.clone()).await);
        assert!(refused.contains(what), "{what}: {refused}");
    }
}

#[tokio::test]
async fn what_is_told_is_chosen_and_signed_by_the_same_key() {
    let town = Town::new(Store::memory()).await;
    let full = town.cert("suzie", Type::Organisation);
    let told = full.disclose(&Disclosure::least()).unwrap().signed(town.key("suzie")).unwrap();
    let invitation = invites(&town, Inviting { cert: Some(told.clone()), ..inviting(2) }).await;
    assert_eq!(invitation.as_ref().unwrap().cert, told);
    let own = town.cert("bob", Type::Person);
    let own = own.disclose(&Disclosure::least()).unwrap().signed(town.key("bob")).unwrap();
    for (cert, good) in [(town.cert("eve", Type::Person), false), (told, false), (own, true)] {
        let tally = Some(tally_id());
        let invitation = Box::new(Invitation { tally, ..invitation.as_ref().unwrap().clone() });
        let command = Command::AnswerAs { invitation, cert: Box::new(cert.clone()) };
        let answered = town.ask(&user("bob"), command).await;
        assert_eq!(answered.is_ok(), good, "{answered:?}");
        if !good {
            assert_eq!(word(answered), (Class::Refused, "other_cert"));
        } else {
            let seen = town.site.tally(&cuid("suzie"), tally_id()).await.unwrap().partner;
            assert_eq!(seen, Some(cert));
        }
    }
    // With another key in her cert nobody answers what she signed with the one before.
    let mut other = town.cert("suzie", Type::Organisation);
    other.public = town.key("dora").public_key();
    let other = other.signed(town.key("dora")).unwrap();
    town.ask(&site::Caller::Administrator, Command::Readmit { cert: Box::new(other) })
        .await
        .unwrap();
    town.add("eve", Type::Person).await.unwrap();
    let refused = why(answers(&town, "eve", invitation.as_ref().unwrap(), 40).await);
    assert!(refused.contains("a key that its user has no more"), "{refused}");
}

#[tokio::test]
async fn there_are_limits() {
    let town = Town::new(Store::memory()).await;
    let refused = invites(&town, inviting(site::MAX_ANSWERS + 1)).await;
    assert_eq!(word(refused), (Class::Refused, "too_many_answers"));
    for _ in 0..site::MAX_INVITES {
        invites(&town, inviting(1)).await.unwrap();
    }
    let refused = invites(&town, inviting(1)).await;
    assert_eq!(word(refused), (Class::Conflict, "too_many_invitations"));
    town.assert_sound().await;
}
