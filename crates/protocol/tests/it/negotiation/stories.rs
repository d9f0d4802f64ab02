//! What users rely on, told as stories; the kept form of a half among them.

use protocol::negotiation::{
    Difference, Draft, End, Event, Given, Governs, Input, Message, Negotiation, Refusal, Status,
    Step, Version,
};
use protocol::tally::Offer;
use protocol::{Json, Side};

use super::cast::{
    answering, both, early, first_expires, inviting, late, met, one, received, sign, text, text_of,
    wording,
};
use super::cells::version;
use crate::given::units;

fn hash(tally: &protocol::Tally) -> protocol::Hash {
    Version::of(tally).unwrap().hash
}

fn offered(side: Side) -> (Negotiation, Message) {
    let offer = one(&text(side, 1), side);
    let step = met(side).step(Input::Offer(Box::new(offer)), early()).unwrap();
    (step.negotiation, step.send[0].clone())
}

#[test]
fn a_partner_sees_what_a_counter_offer_changes() {
    let (_, offer) = offered(Side::Stock);
    let bob = met(Side::Foil).step(Input::Receive(received(offer)), early()).unwrap().negotiation;
    let mut draft = bob.draft().clone();
    assert_eq!(draft.partner.limit(), units(1_000), "he begins with what she offered");
    draft.partner = crate::people::limit(5_000);
    draft.expires = None;
    let counter = bob.to_offer(draft, early().now).unwrap();
    assert_eq!(counter.members().revision.get(), 2);
    let counter = Message::Tally(Box::new(sign(&counter, Side::Foil)));
    let (suzie, _) = offered(Side::Stock);
    let step = suzie.step(Input::Receive(received(counter)), early()).unwrap();
    let offered = step.events.iter().find_map(|event| match event {
        Event::Offered { differences, .. } => Some(differences.clone()),
        _ => None,
    });
    let limit = Difference::Limit { by: Side::Stock, before: units(1_000), after: units(5_000) };
    let expires =
        Difference::Expires { before: text(Side::Stock, 1).members().expires, after: None };
    assert_eq!(offered, Some(vec![limit, expires]));
}

#[test]
fn asking_for_an_offer_back_is_too_late_once_it_is_accepted() {
    let (suzie, _) = offered(Side::Stock);
    let offer = text(Side::Stock, 1);
    let suzie = suzie.step(Input::Withdraw { offer: hash(&offer) }, early()).unwrap().negotiation;
    assert_eq!(suzie.status(), Status::OfferDraft);
    let accepted = Message::Tally(Box::new(both(&offer).into_inner()));
    let step = suzie.step(Input::Receive(received(accepted)), early()).unwrap();
    assert_eq!(step.negotiation.status(), Status::Open);
    assert!(matches!(step.governs, Some(Governs::Opens(tally)) if *tally == both(&offer)));
}

#[test]
fn an_expired_offer_is_void_and_cannot_be_accepted_yet_what_both_signed_opens() {
    let (_, offer) = offered(Side::Stock);
    let bob = met(Side::Foil).step(Input::Receive(received(offer)), early()).unwrap().negotiation;
    let agreed = both(&text(Side::Stock, 1));
    let too_late = bob.step(Input::Accept(Box::new(agreed.clone())), late());
    assert!(matches!(too_late, Err(Refusal::Expired { revision: 1, .. })));
    let bob = bob.step(Input::Tick, late()).unwrap().negotiation;
    assert_eq!(bob.status(), Status::Void);
    let agreed = Message::Tally(Box::new(agreed.into_inner()));
    let bob = bob.step(Input::Receive(received(agreed)), late()).unwrap().negotiation;
    assert_eq!(bob.status(), Status::Open);
}

/// Suzie's half went back to before her second offer, which by her clock has expired and by Bob's has not.
#[test]
fn an_offer_that_one_clock_calls_expired_is_not_said_to_and_fro_without_end() {
    let offer_of = |revision, expires| {
        let draft = Draft { expires, ..wording(Side::Stock, revision, false) };
        one(&text_of(Side::Stock, revision, draft), Side::Stock)
    };
    let (first, second) = (offer_of(1, None), offer_of(2, Some(first_expires())));
    let said = |offer: &Offer| Message::Tally(Box::new(offer.tally().clone()));
    let mut suzie = met(Side::Stock);
    let mut bob = met(Side::Foil);
    suzie = suzie.step(Input::Offer(Box::new(first.clone())), early()).unwrap().negotiation;
    for offer in [&first, &second] {
        bob = bob.step(Input::Receive(received(said(offer))), early()).unwrap().negotiation;
    }
    let mut to_bob = suzie.step(Input::Remind, late()).unwrap().send;
    for _ in 0..4 {
        let mut to_suzie = Vec::new();
        for message in to_bob.drain(..) {
            let step = bob.step(Input::Receive(received(message)), early()).unwrap();
            bob = step.negotiation;
            to_suzie.extend(step.send);
        }
        for message in to_suzie {
            let step = suzie.step(Input::Receive(received(message)), late()).unwrap();
            suzie = step.negotiation;
            to_bob.extend(step.send);
        }
    }
    assert_eq!(to_bob, [], "they have said all");
    let reminders = [&suzie, &bob].map(|half| half.step(Input::Remind, late()).unwrap().send);
    assert_eq!(reminders, [[], []], "nor is there more to say");
    assert_eq!(suzie.status(), Status::Void);
}

#[test]
fn what_an_invitation_began_is_over_with_it_unless_somebody_went_on() {
    for side in Side::BOTH {
        let begun = met(side).lasting(early().now);
        let before = Given { now: early().now.plus_ms(-1).unwrap(), ..early() };
        let waits = begun.step(Input::Tick, before).unwrap();
        assert_eq!((waits.negotiation, waits.events), (begun.clone(), Vec::new()));
        let over = begun.step(Input::Tick, early()).unwrap();
        assert_eq!(over.negotiation.status(), Status::Void);
        assert_eq!(over.events, [Event::Lapsed, Event::Status(Status::Void)]);
        // It is told once, and says nothing.
        assert!(over.send.is_empty());
        assert_eq!(over.negotiation.step(Input::Tick, late()).unwrap().events, []);
        // Either may still offer.
        let offer = Message::Tally(Box::new(sign(&text(side.other(), 1), side.other())));
        let heard =
            over.negotiation.step(Input::Receive(received(offer.clone())), early()).unwrap();
        assert_eq!(heard.negotiation.status(), Status::PartnerOffer);
        // Whoever offers, or writes another draft, goes on with it.
        let own = one(&text(side, 1), side);
        let draft = Box::new(begun.draft().clone());
        for input in
            [Input::Offer(Box::new(own)), Input::Receive(received(offer)), Input::Draft(draft)]
        {
            let goes_on = begun.step(input, before).unwrap().negotiation;
            let later = goes_on.step(Input::Tick, early()).unwrap();
            assert_eq!((&later.negotiation, later.events), (&goes_on, Vec::new()));
        }
        // Also where the offer was given back: people are at it.
        let ours = one(&text(side, 1), side);
        let version = Version::of(ours.tally()).unwrap();
        let ended = Message::Ended { version, end: End::Withdrawn };
        let given_back = [Input::Offer(Box::new(ours)), Input::Receive(received(ended))];
        let theirs = sign(&text(side.other(), 1), side.other());
        let withdraw = Message::Withdraw { version: Version::of(&theirs).unwrap() };
        let offer = Message::Tally(Box::new(theirs));
        let taken_back = [offer, withdraw].map(|message| Input::Receive(received(message)));
        for inputs in [given_back, taken_back] {
            let goes_on = inputs
                .into_iter()
                .fold(begun.clone(), |half, input| half.step(input, before).unwrap().negotiation);
            assert_eq!(goes_on.status(), Status::PartnerDraft);
            assert_eq!(goes_on.step(Input::Tick, early()).unwrap().negotiation, goes_on);
        }
        // Nobody has answered, and now nobody can, whatever is written.
        let alone = inviting(side).lasting(early().now);
        let draft = Box::new(alone.draft().clone());
        let alone = alone.step(Input::Draft(draft), before).unwrap().negotiation;
        assert_eq!(alone.status(), Status::Draft);
        let over = alone.step(Input::Tick, early()).unwrap().negotiation;
        assert_eq!(over.status(), Status::Void);
    }
}

#[test]
fn of_two_that_both_signed_the_higher_governs_in_whatever_order_they_come() {
    let [first, second] = [1, 2]
        .map(|revision| Message::Tally(Box::new(both(&text(Side::Stock, revision)).into_inner())));
    for side in Side::BOTH {
        let up = |half: &Negotiation, message: &Message| {
            half.step(Input::Receive(received(message.clone())), early()).unwrap()
        };
        let opened = up(&met(side), &first).negotiation;
        let higher = up(&opened, &second);
        assert!(matches!(&higher.governs, Some(Governs::Higher(_))));
        let other_way = up(&met(side), &second).negotiation;
        let lower = up(&other_way, &first);
        assert_eq!(lower.governs, None);
        assert_eq!(lower.send, vec![second.clone()], "and the partner is told of the higher");
        assert_eq!(lower.negotiation.signed(), higher.negotiation.signed());
    }
}

#[test]
fn where_both_offer_at_once_the_foils_offer_stands() {
    let (suzie, hers) = offered(Side::Stock);
    let (bob, his) = offered(Side::Foil);
    let suzie = suzie.step(Input::Receive(received(his)), early()).unwrap();
    let bob = bob.step(Input::Receive(received(hers)), early()).unwrap();
    assert_eq!(suzie.negotiation.status(), Status::PartnerOffer);
    assert!(suzie.events.iter().any(|event| matches!(event, Event::Crossed { .. })));
    assert!(bob.events.contains(&Event::Passed(Refusal::Crossed { revision: 1 })));
    assert_eq!(bob.negotiation.offer(), suzie.negotiation.offer());
}

#[test]
fn a_half_is_kept_as_json_and_read_back_the_same() {
    let (offering, offer) = offered(Side::Stock);
    let deciding =
        met(Side::Foil).step(Input::Receive(received(offer)), early()).unwrap().negotiation;
    let hash = hash(&text(Side::Stock, 1));
    let reason = Some("Too little.".parse().unwrap());
    let refused = deciding.step(Input::Refuse { offer: hash, reason }, early()).unwrap();
    let accepted =
        deciding.step(Input::Accept(Box::new(both(&text(Side::Stock, 1)))), early()).unwrap();
    let halves = [met(Side::Stock), offering, deciding, refused.negotiation, accepted.negotiation];
    for half in halves {
        let kept = Json::of(&half).unwrap().without(&[]);
        assert_eq!(kept.read::<Negotiation>().unwrap(), half);
    }
}

#[test]
fn a_half_with_another_text_than_was_signed_is_found() {
    let (half, _) = offered(Side::Stock);
    assert_eq!(half.check(), Ok(()));
    let kept = serde_json::to_string(&half).unwrap();
    let tampered = kept.replacen("\"limit\":1000", "\"limit\":9000", 2);
    assert_ne!(kept, tampered);
    let half: Negotiation = serde_json::from_str(&tampered).unwrap();
    assert!(half.check().is_err());
}

#[test]
fn a_lost_half_comes_back_from_what_both_signed() {
    let agreed = both(&text(Side::Stock, 1));
    let half = Negotiation::restored(&agreed, Side::Foil).unwrap();
    assert_eq!(half.status(), Status::OfferOpen);
    assert_eq!(half.signed(), Some(&*agreed));
    let told = half.step(Input::Remind, early()).unwrap().send;
    assert_eq!(told, vec![Message::Tally(Box::new(agreed.into_inner()))]);
}

#[test]
fn each_users_own_words_differ_only_where_they_were_changed() {
    let before = wording(Side::Stock, 1, false);
    assert_eq!(before.differences(&before, Side::Stock), vec![]);
    let words = before.differences(&wording(Side::Stock, 1, true), Side::Stock);
    assert_eq!(words, vec![Difference::Words]);
    let again = text_of(Side::Stock, 1, wording(Side::Stock, 1, true));
    assert_ne!(hash(&again), hash(&text(Side::Stock, 1)));
}

#[test]
fn an_offer_to_change_what_both_signed_waits_for_a_partners_lost_half() {
    let agreed = both(&text(Side::Stock, 1));
    let open = Negotiation::restored(&agreed, Side::Stock).unwrap();
    let open = open.step(
        Input::Receive(Message::Received { version: version(&text(Side::Stock, 1)) }),
        early(),
    );
    let offer = text(Side::Stock, 2);
    let input = Input::Offer(Box::new(one(&offer, Side::Stock)));
    let offered = open.unwrap().negotiation.step(input, early()).unwrap().negotiation;
    let unheard = Input::Unheard { offer: Some(version(&offer)) };
    let waiting = offered.step(unheard, early()).unwrap().negotiation;
    assert_eq!(waiting.offer(), offered.offer());
    assert_eq!(waiting.step(Input::Remind, early()).unwrap().send, vec![], "and is said no more");
    // Its user brought it back.
    let lost = Negotiation::restored(&agreed, Side::Foil).unwrap();
    let asked = lost.step(Input::Compare, early()).unwrap().send;
    let told = asked
        .into_iter()
        .flat_map(|message| waiting.step(Input::Receive(received(message)), early()).unwrap().send);
    let back = told.fold(lost, |half, message| {
        half.step(Input::Receive(received(message)), early()).unwrap().negotiation
    });
    assert_eq!(back.offer(), waiting.offer());
}

#[test]
fn the_end_of_an_offer_that_was_lost_ends_what_was_before_it() {
    let refused = |revision| Message::Ended {
        version: version(&text(Side::Foil, revision)),
        end: End::Refused { reason: None },
    };
    let (_, first) = offered(Side::Stock);
    let up = |half: &Negotiation, message: &Message| {
        half.step(Input::Receive(received(message.clone())), early()).unwrap()
    };
    // Bob went back to before all offers: an old one is not taken for new.
    let bob = up(&met(Side::Foil), &refused(2)).negotiation;
    let late = up(&bob, &first);
    assert_eq!(late.negotiation.offer(), None);
    // He went back to when the first lay on his table: the partner may go on from there.
    let bob = up(&met(Side::Foil), &first).negotiation;
    let bob = up(&bob, &refused(2)).negotiation;
    let again = Message::Tally(Box::new(sign(&text(Side::Stock, 2), Side::Stock)));
    let (offer, by) = (text(Side::Stock, 2), Side::Stock);
    let bob = up(&bob, &again).negotiation;
    assert_eq!(bob.offer().map(|(tally, by)| (hash(tally), by)), Some((hash(&offer), by)));
}

/// Two halves until they have nothing left to say, the first by its own clock; each message with the half that it goes to.
fn talk(halves: &mut [Negotiation; 2], first: Given, messages: Vec<(usize, Message)>) {
    let mut said = messages;
    let mut most = 100;
    while let Some((to, message)) = said.pop() {
        let step = hear(&halves[to], message, [first, early()][to]);
        said.extend(step.send.into_iter().map(|message| (1 - to, message)));
        halves[to] = step.negotiation;
        most -= 1;
        assert!(most > 0, "they answer each other without end");
    }
}

fn hear(half: &Negotiation, message: Message, given: Given) -> Step {
    half.step(Input::Receive(received(message)), given).unwrap()
}

fn shown(halves: &[Negotiation; 2]) -> [Option<protocol::Hash>; 2] {
    [0, 1].map(|at| halves[at].offer().map(|(tally, _)| hash(tally)))
}

#[test]
fn an_offer_that_comes_when_it_is_over_is_taken_back() {
    let (ann, offer) = offered(Side::Foil);
    let over = ann.step(Input::Tick, late()).unwrap().negotiation;
    // By Bob's clock it may be accepted still; and by his, she may have gone back to before she offered.
    for ann in [over, met(Side::Foil)] {
        let mut halves = [ann, met(Side::Stock)];
        talk(&mut halves, late(), vec![(1, offer.clone())]);
        assert_eq!(shown(&halves), [None, None]);
    }
    // While a later offer lies on the table, and once both have signed, an old word changes nothing.
    let word = Message::Received { version: version(&text(Side::Foil, 1)) };
    let second = text(Side::Foil, 2);
    let next = ann.step(Input::Offer(Box::new(one(&second, Side::Foil))), early()).unwrap();
    assert_eq!(hear(&next.negotiation, word.clone(), early()).send, vec![]);
    let agreed = Message::Tally(Box::new(both(&second).into_inner()));
    let open = hear(&next.negotiation, agreed, early()).negotiation;
    assert_eq!(hear(&open, word, early()).send, vec![]);
}

/// Two halves that agreed on the first revision, and the foil's offer to change it, which the stock had accepted when it
/// went back to before; its acceptance is on its way.
fn accepted_and_went_back() -> ([Negotiation; 2], Message) {
    let agreed = both(&text(Side::Stock, 1));
    let told = Message::Received { version: version(&text(Side::Stock, 1)) };
    let [stock, foil] = Side::BOTH.map(|side| {
        let open = Negotiation::restored(&agreed, side).unwrap();
        hear(&open, told.clone(), early()).negotiation
    });
    let offer = text(Side::Foil, 2);
    let step = foil.step(Input::Offer(Box::new(one(&offer, Side::Foil))), early()).unwrap();
    let mut halves = [stock, step.negotiation];
    talk(&mut halves, early(), step.send.into_iter().map(|message| (0, message)).collect());
    assert_eq!(shown(&halves), [Some(hash(&offer)), Some(hash(&offer))]);
    (halves, Message::Tally(Box::new(both(&offer).into_inner())))
}

#[test]
fn what_a_half_accepted_before_it_went_back_comes_back_to_it() {
    let (mut halves, accepted) = accepted_and_went_back();
    talk(&mut halves, early(), vec![(1, accepted)]);
    assert_eq!(halves[1].signed().map(hash), Some(hash(&text(Side::Foil, 2))));
    assert_eq!(halves[0].signed(), halves[1].signed());
}

#[test]
fn who_refuses_what_it_had_accepted_before_it_went_back_is_shown_that() {
    let (mut halves, accepted) = accepted_and_went_back();
    let refuse = Input::Refuse { offer: hash(&text(Side::Foil, 2)), reason: None };
    let step = halves[0].step(refuse, early()).unwrap();
    halves[0] = step.negotiation;
    let heard = hear(&halves[1], accepted, early());
    halves[1] = heard.negotiation;
    talk(&mut halves, early(), step.send.into_iter().map(|message| (1, message)).collect());
    assert_eq!(halves[1].signed().map(hash), Some(hash(&text(Side::Foil, 2))));
    assert_eq!(halves[0].signed(), halves[1].signed());
}

#[test]
fn an_own_later_offer_that_is_over_ends_what_was_before_it() {
    // Bob answered Ann's offer with his own; he went back to before both, and hers comes late, when his is over.
    let wording = |revision, expires| Draft { expires, ..wording(Side::Foil, revision, false) };
    let first = text_of(Side::Foil, 1, wording(1, None));
    let counter = text_of(Side::Stock, 2, wording(2, Some(first_expires())));
    let [first, counter] = [(first, Side::Foil), (counter, Side::Stock)]
        .map(|(text, by)| Message::Tally(Box::new(sign(&text, by))));
    let ann = hear(&met(Side::Foil), counter, early()).negotiation;
    let mut halves = [met(Side::Stock), ann];
    talk(&mut halves, late(), vec![(0, first)]);
    let asked = halves[0].step(Input::Compare, late()).unwrap().send;
    talk(&mut halves, late(), asked.into_iter().map(|message| (1, message)).collect());
    assert_eq!(shown(&halves), [None, None]);
}

#[test]
fn an_offer_of_before_that_comes_when_a_later_one_was_refused_is_taken_back() {
    // Bob answered Ann's offer with his own, which she refused; he went back to before both, and hers comes late.
    let (ann, first) = offered(Side::Foil);
    let counter = Message::Tally(Box::new(sign(&text(Side::Stock, 2), Side::Stock)));
    let ann = hear(&ann, counter, early()).negotiation;
    let refuse = Input::Refuse { offer: hash(&text(Side::Stock, 2)), reason: None };
    let step = ann.step(refuse, early()).unwrap();
    let mut halves = [step.negotiation, met(Side::Stock)];
    talk(&mut halves, early(), vec![(1, first)]);
    let due = halves[0].step(Input::Remind, early()).unwrap().send;
    talk(&mut halves, early(), due.into_iter().map(|message| (1, message)).collect());
    assert_eq!(shown(&halves), [None, None]);
}

#[test]
fn what_the_partners_agent_does_not_take_is_over_and_said_no_more() {
    let answer = answering(Side::Foil);
    assert!(!answer.step(Input::Remind, early()).unwrap().send.is_empty());
    let over = answer.step(Input::Unheard { offer: None }, early()).unwrap().negotiation;
    assert_eq!(over.status(), Status::Void);
    assert_eq!(over.step(Input::Remind, early()).unwrap().send, vec![]);
    // The offer that was refused, and no later one.
    let (first, second) = (text(Side::Foil, 1), text(Side::Foil, 2));
    let offer = |half: &Negotiation, tally| {
        let offer = Input::Offer(Box::new(one(tally, Side::Foil)));
        half.step(offer, early()).unwrap().negotiation
    };
    let offered = offer(&over, &first);
    assert_eq!(offered.status(), Status::DraftOffer);
    let again = offer(&offered, &second);
    let unheard = Input::Unheard { offer: Some(version(&first)) };
    assert_eq!(again.step(unheard.clone(), early()).unwrap().negotiation, again);
    let over = offered.step(unheard, early()).unwrap().negotiation;
    assert_eq!(over.status(), Status::Void);
    // It was taken all the same, and accepted: what both signed is a fact.
    let agreed = received(Message::Tally(Box::new(both(&first).into_inner())));
    let open = over.step(Input::Receive(agreed), early()).unwrap().negotiation;
    assert_eq!(open.signed(), Some(&*both(&first)));
}
