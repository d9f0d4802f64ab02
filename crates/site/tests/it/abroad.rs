//! Tallies between two sites, over a road that the test decides about: what is said arrives, whatever is lost,
//! doubled or forged on the way.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use protocol::address::Endpoint;
use protocol::cert::Type;
use protocol::mail::{Fate, MOST_NOTES, Receipt};
use protocol::note::{Body, Note};
use protocol::{AgentId, ChipAddress, Record as _, Side};
use site::{Carried, Clock as _, Command, MOST_BACK, Site, Transport};
use store::Store;

use crate::invoices::asks;
use crate::town::{Town, World, agent_of, cuid, on_every_store, tally_id, user};

on_every_store! {
    two_sites_open_a_tally_pay_and_close_it,
    what_is_lost_or_doubled_arrives_in_the_end,
    who_is_away_is_tried_again_ever_later,
    who_fails_is_not_asked_for_each_new_letter,
    what_is_refused_is_given_up_and_told,
    an_answer_that_is_not_taken_is_over,
    what_a_receipt_has_no_room_for_comes_after_it,
}

/// What becomes of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Arrives,
    Lost,
    /// It arrives, and the answer is lost.
    Unanswered,
    Twice,
}

/// The way between sites.
#[derive(Default)]
struct Road {
    sites: Mutex<BTreeMap<AgentId, Site>>,
    /// What becomes of the messages to come, the last first; what is not said arrives.
    ways: Mutex<Vec<Way>>,
    /// Where agents were said to answer.
    asked_at: Mutex<Vec<Vec<Endpoint>>>,
    /// In whose name everything comes.
    from: Mutex<Option<AgentId>>,
}

impl Road {
    fn leads_to(&self, agent: AgentId, site: &Site) {
        self.sites.lock().unwrap().insert(agent, site.clone());
    }
}

/// One end of the road.
struct End {
    road: Arc<Road>,
    agent: AgentId,
}

impl Transport for End {
    async fn send(&self, to: AgentId, at: &[Endpoint], notes: &[Note]) -> Receipt {
        let later = |reason| Receipt::missing(notes.len(), reason);
        self.road.asked_at.lock().unwrap().push(at.to_vec());
        let site = self.road.sites.lock().unwrap().get(&to).cloned();
        let Some(site) = site else { return later("nobody answers") };
        let way = self.road.ways.lock().unwrap().pop().unwrap_or(Way::Arrives);
        if way == Way::Lost {
            return later("lost");
        }
        let from = self.road.from.lock().unwrap().unwrap_or(self.agent);
        let mail = || notes.iter().cloned().map(Ok).collect();
        if way == Way::Twice {
            site.hear_from(from, mail()).await;
        }
        let receipt = site.hear_from(from, mail()).await;
        let text = receipt.write().unwrap();
        match way {
            Way::Unanswered => later("no answer"),
            _ => Receipt::read(text.as_bytes(), notes.len()).unwrap(),
        }
    }
}

/// Suzie's site, Bob's site, and the road.
struct Two {
    suzies: Town,
    bobs: Town,
    bobs_store: Store,
    road: Arc<Road>,
}

impl Two {
    async fn new(store: Store) -> Self {
        let world = World::started();
        let suzies = Town::at(agent_of(9), store, Arc::clone(&world), 0).await;
        let bobs_store = Store::memory();
        let bobs = Town::at(agent_of(8), bobs_store.clone(), world, 5_000).await;
        suzies.add("suzie", Type::Organisation).await.unwrap();
        bobs.add("bob", Type::Person).await.unwrap();
        let road = Arc::new(Road::default());
        road.leads_to(agent_of(9), &suzies.site);
        road.leads_to(agent_of(8), &bobs.site);
        Self { suzies, bobs, bobs_store, road }
    }

    async fn with_tally(store: Store) -> Self {
        let two = Self::new(store).await;
        two.open_tally().await;
        two
    }

    async fn carry(&self, town: &Town, agent: u8) -> Carried {
        let end = Arc::new(End { road: Arc::clone(&self.road), agent: agent_of(agent) });
        town.site.deliver(&end).await.unwrap()
    }

    /// Both deliver, until nobody has anything left; says how much was sent.
    async fn settle(&self) -> usize {
        let mut all = 0;
        loop {
            // However long a letter was to wait.
            self.suzies.world.pass(1_000_000);
            let suzies = self.carry(&self.suzies, 9).await;
            let bobs = self.carry(&self.bobs, 8).await;
            all += suzies.sent + bobs.sent;
            if suzies == Carried::default() && bobs == Carried::default() {
                return all;
            }
        }
    }

    async fn open_tally(&self) {
        let invitation = self.suzies.invite().await;
        self.bobs.ask(&user("bob"), Command::Answer { invitation }).await.unwrap();
        self.settle().await;
        let offer = self.suzies.offer_of("suzie", Side::Stock).await;
        self.suzies.wish("suzie", site::Wish::Offer(Box::new(offer))).await.unwrap();
        self.settle().await;
        let accepted = self.bobs.accepted("bob", Side::Foil).await;
        self.bobs.wish("bob", site::Wish::Accept(Box::new(accepted))).await.unwrap();
        self.settle().await;
    }

    /// Both halves say the same, and everything kept holds.
    async fn assert_agreed(&self, suzies_balance: i128) {
        let suzie = self.suzies.site.tally(&cuid("suzie"), tally_id()).await.unwrap();
        let bob = self.bobs.site.tally(&cuid("bob"), tally_id()).await.unwrap();
        assert_eq!((suzie.balance_milli, bob.balance_milli), (suzies_balance, -suzies_balance));
        assert_eq!(suzie.head, bob.head);
        assert_eq!(suzie.status, bob.status);
        self.suzies.assert_sound().await;
        self.bobs.assert_sound().await;
    }
}

async fn two_sites_open_a_tally_pay_and_close_it(store: Store) {
    let two = Two::with_tally(store).await;
    two.bobs.pay("bob", Side::Foil, 10, 300).await.unwrap();
    two.suzies.pay("suzie", Side::Stock, 11, 100).await.unwrap();
    two.settle().await;
    two.assert_agreed(200).await;
    let close = two.bobs.close("bob", Side::Foil, protocol::ChitId::random([12; 16]));
    let wish = site::Wish::Write { chit: Box::new(close), over_limit: false };
    two.bobs.wish("bob", wish).await.unwrap();
    two.suzies.pay("suzie", Side::Stock, 13, 200).await.unwrap();
    two.settle().await;
    two.assert_agreed(0).await;
    assert_eq!(two.suzies.status("suzie").await, "close");
    assert_eq!(two.settle().await, 0, "nothing is left to say");
}

/// `SplitMix64`.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

async fn what_is_lost_or_doubled_arrives_in_the_end(store: Store) {
    let two = Two::with_tally(store).await;
    let (mut state, mut owed) = (7, 0);
    for number in 0..40_u8 {
        let ways = (0..next(&mut state) % 6).map(|_| match next(&mut state) % 6 {
            0 | 1 => Way::Lost,
            2 | 3 => Way::Unanswered,
            4 => Way::Twice,
            _ => Way::Arrives,
        });
        let ways: Vec<Way> = ways.collect();
        two.road.ways.lock().unwrap().extend(ways);
        if next(&mut state).is_multiple_of(3) {
            two.suzies.pay("suzie", Side::Stock, 20 + number, 3).await.unwrap();
            owed -= 3;
        } else {
            two.bobs.pay("bob", Side::Foil, 20 + number, 5).await.unwrap();
            owed += 5;
        }
        for (town, agent) in [(&two.suzies, 9), (&two.bobs, 8)] {
            if next(&mut state).is_multiple_of(2) {
                two.carry(town, agent).await;
            }
        }
    }
    two.road.ways.lock().unwrap().clear();
    two.settle().await;
    two.assert_agreed(owed).await;
}

async fn who_is_away_is_tried_again_ever_later(store: Store) {
    let two = Two::with_tally(store).await;
    two.road.sites.lock().unwrap().remove(&agent_of(8));
    two.suzies.pay("suzie", Side::Stock, 10, 5).await.unwrap();
    let (mut tries, mut last, mut waits) = (0, 0, Vec::new());
    for second in 0..200 {
        let carried = two.carry(&two.suzies, 9).await;
        assert!(carried.sent == 0 && carried.refused == 0);
        if carried.later > 0 {
            waits.push(second - last);
            (tries, last) = (tries + 1, second);
        }
        two.suzies.world.pass(1_000);
        // What is said again does not wait less.
        if second % 20 == 0 {
            two.suzies.site.remind().await.unwrap();
        }
    }
    assert!((5..12).contains(&tries), "{tries}: {waits:?}");
    assert!(waits[1..].is_sorted(), "{waits:?}");
    // It is back; what it says of its own accord tells that, and nothing waits any longer.
    two.road.leads_to(agent_of(8), &two.bobs.site);
    two.bobs.pay("bob", Side::Foil, 11, 5).await.unwrap();
    assert!(two.carry(&two.bobs, 8).await.sent > 0);
    assert!(two.carry(&two.suzies, 9).await.sent > 0);
    two.settle().await;
    two.assert_agreed(0).await;
}

async fn who_fails_is_not_asked_for_each_new_letter(store: Store) {
    let two = Two::with_tally(store.clone()).await;
    two.suzies.pay("suzie", Side::Stock, 10, 5).await.unwrap();
    let any = store.read().await.unwrap().letters(None, 1).await.unwrap().remove(0).letter;
    let post = async |key: u32| {
        let letter = store::NewLetter { half: None, key: key.to_string(), ..any.clone() };
        let mut tx = store.begin().await.unwrap();
        tx.post(&[letter]).await.unwrap();
        tx.commit().await.unwrap();
    };
    let asked = || std::mem::take(&mut *two.road.asked_at.lock().unwrap()).len();
    two.road.sites.lock().unwrap().remove(&agent_of(8));
    asked();
    for letter in 0..300 {
        post(letter).await;
        two.carry(&two.suzies, 9).await;
        two.suzies.world.pass(100);
    }
    let times = asked();
    assert!((5..12).contains(&times), "asked {times} times in half a minute");
    // It is back, and what it says tells that.
    two.road.leads_to(agent_of(8), &two.bobs.site);
    two.bobs.pay("bob", Side::Foil, 11, 5).await.unwrap();
    two.carry(&two.bobs, 8).await;
    assert!(two.carry(&two.suzies, 9).await.sent > 0);
    two.settle().await;
    two.assert_agreed(0).await;
    // From then on new letters go at once; an administrator may say that it is worth asking, too.
    asked();
    post(1_000).await;
    assert_eq!(two.carry(&two.suzies, 9).await.sent, 1);
    two.road.sites.lock().unwrap().remove(&agent_of(8));
    for letter in 1_001..1_009 {
        post(letter).await;
        two.carry(&two.suzies, 9).await;
    }
    assert_eq!(asked(), 3, "the second failure in a row has it rest");
    two.road.leads_to(agent_of(8), &two.bobs.site);
    let find = Command::FindAt { agent: agent_of(8), endpoint: None, new: false };
    two.suzies.ask(&site::Caller::Administrator, find).await.unwrap();
    assert!(two.carry(&two.suzies, 9).await.sent >= 8, "all at once");
}

async fn what_is_refused_is_given_up_and_told(store: Store) {
    let two = Two::with_tally(store.clone()).await;
    // What comes in another's name is not heard, and its sender is told.
    *two.road.from.lock().unwrap() = Some(agent_of(7));
    two.suzies.pay("suzie", Side::Stock, 10, 5).await.unwrap();
    let carried = two.carry(&two.suzies, 9).await;
    assert_eq!((carried.sent, carried.later), (0, 0));
    assert!(carried.refused > 0);
    let audience = store::Audience::Site;
    let told = store.read().await.unwrap().events(audience, 0, 10_000).await.unwrap();
    let told = told.iter().find(|event| event.event.kind == "letter_refused").unwrap();
    assert!(told.event.text.contains("cannot speak for"), "{}", told.event.text);
    // A reminder says it again.
    *two.road.from.lock().unwrap() = None;
    assert!(two.suzies.site.remind().await.unwrap() > 0);
    two.settle().await;
    two.assert_agreed(-5).await;
}

async fn an_answer_that_is_not_taken_is_over(store: Store) {
    let two = Two::new(store).await;
    let real = two.suzies.invite().await;
    // Somebody else writes an invitation in Suzie's name, to a tally that she does not know of, and says that
    // her agent answers elsewhere.
    let place = |port: u16| -> Endpoint { format!("127.0.0.1:{port}").parse().unwrap() };
    two.suzies.site.answers_at(Some(place(8421)));
    two.bobs.ask(&user("bob"), Command::Answer { invitation: real.clone() }).await.unwrap();
    two.settle().await;
    let mut forged = real;
    let tally = protocol::TallyId::random([77; 16]);
    forged.tally = Some(tally);
    forged.endpoint = Some(place(6666));
    two.bobs.ask(&user("bob"), Command::Answer { invitation: forged }).await.unwrap();
    two.settle().await;
    let half = two.bobs.site.tally(&cuid("bob"), tally).await.unwrap();
    assert_eq!(half.status, "void");
    assert!(!two.road.asked_at.lock().unwrap().contains(&vec![place(6666)]), "it is known better");
    let events =
        two.bobs_store.read().await.unwrap().events(store::Audience::Site, 0, 10_000).await;
    let told = events.unwrap().into_iter().filter(|event| event.event.kind == "letter_refused");
    let told: Vec<String> = told.map(|event| event.event.text).collect();
    assert!(told.len() == 1 && told[0].contains("the invitation is not known"), "{told:?}");
    // Nothing is said for ever.
    assert_eq!(two.bobs.site.remind().await.unwrap(), 0);
    assert_eq!(two.bobs.site.letters_abroad().await.unwrap(), 0);
}

#[tokio::test]
async fn a_chit_takes_one_message_of_the_foil_and_two_of_the_stock() {
    let two = Two::with_tally(Store::memory()).await;
    let messages = || std::mem::take(&mut *two.road.asked_at.lock().unwrap()).len();
    messages();
    two.bobs.pay("bob", Side::Foil, 10, 7).await.unwrap();
    two.settle().await;
    assert_eq!(messages(), 1);
    two.suzies.pay("suzie", Side::Stock, 11, 5).await.unwrap();
    two.settle().await;
    assert_eq!(messages(), 2, "the foil's order comes back with the receipt, and is acknowledged");
    two.assert_agreed(2).await;
}

/// All that Suzie's half has to say to one question is more than a receipt takes.
async fn what_a_receipt_has_no_room_for_comes_after_it(store: Store) {
    let two = Two::with_tally(store.clone()).await;
    let all = u8::try_from(MOST_NOTES + 8).unwrap();
    for name in 100..100 + all {
        two.suzies.ask_for(asks(name, 1, 100)).await.unwrap();
    }
    two.suzies.lose_letters(&store).await;
    two.bobs.wish("bob", site::Wish::Compare).await.unwrap();
    two.carry(&two.bobs, 8).await;
    let came = two.bobs.stand("bob").await.len();
    assert!((1..=MOST_NOTES).contains(&came), "{came} with the receipt");
    // With no need of a reminder.
    two.settle().await;
    assert_eq!(two.bobs.stand("bob").await.len(), usize::from(all));
    two.assert_agreed(0).await;
}

#[tokio::test]
async fn whose_invitation_was_answered_is_no_stranger() {
    let two = Two::new(Store::memory()).await;
    let invitation = two.suzies.invite().await;
    two.bobs.ask(&user("bob"), Command::Answer { invitation }).await.unwrap();
    // Otherwise what it says to that would not be heard.
    assert!(two.bobs.site.knows(agent_of(9)).await.unwrap());
    assert!(!two.suzies.site.knows(agent_of(8)).await.unwrap());
    two.carry(&two.bobs, 8).await;
    assert!(two.suzies.site.knows(agent_of(8)).await.unwrap(), "whoever answered one, neither");
}

/// A mistyped agent would be listened to from then on.
#[tokio::test]
async fn nobody_becomes_known_by_a_slip_of_the_pen() {
    let two = Two::with_tally(Store::memory()).await;
    let find = async |agent: u8, new| {
        let command = Command::FindAt { agent: agent_of(agent), endpoint: None, new };
        two.suzies.ask(&site::Caller::Administrator, command).await
    };
    let refused = find(7, false).await.unwrap_err();
    assert_eq!((refused.class(), refused.word()), (site::Class::NotFound, "no_dealings"));
    assert!(refused.to_string().contains(&agent_of(7).to_string()), "{refused}");
    assert!(!two.suzies.site.knows(agent_of(7)).await.unwrap());
    find(8, false).await.unwrap();
    find(7, true).await.unwrap();
    assert!(two.suzies.site.knows(agent_of(7)).await.unwrap(), "who is new is said to be");
}

#[tokio::test]
async fn what_one_note_is_refused_for_the_others_do_not_suffer() {
    let two = Two::with_tally(Store::memory()).await;
    two.bobs.pay("bob", Side::Foil, 10, 7).await.unwrap();
    let letters = two.bobs_store.read().await.unwrap().letters(None, 10).await.unwrap();
    let good = Note::read(letters[0].letter.message.as_bytes()).unwrap();
    let lost = Note { tally: protocol::TallyId::random([5; 16]), ..good.clone() };
    let forged = Note { from: good.from.clone(), to: "nobody".parse().unwrap(), ..good.clone() };
    let unreadable = Err("no note".parse().unwrap());
    let mail = vec![Ok(lost), unreadable, Ok(good.clone()), Ok(forged), Ok(good)];
    let fates = two.suzies.site.hear_from(agent_of(8), mail).await.fates;
    assert!(matches!(fates[0], Fate::Later(_)), "a half may come back: {:?}", fates[0]);
    assert_eq!(fates[1], Fate::refused("no note"));
    assert_eq!((&fates[2], &fates[4]), (&Fate::Taken, &Fate::Taken));
    assert_eq!(fates.len(), 5);
    assert_eq!(two.suzies.site.notes_refused(), 2, "those that could be read");
    assert_eq!(two.suzies.site.tally(&cuid("suzie"), tally_id()).await.unwrap().balance_milli, 7);
    two.settle().await;
    two.assert_agreed(7).await;
}

#[tokio::test]
async fn where_an_agent_answers_travels_with_what_it_says() {
    let two = Two::new(Store::memory()).await;
    let place = |port: u16| -> Endpoint { format!("127.0.0.1:{port}").parse().unwrap() };
    two.suzies.site.answers_at(Some(place(8421)));
    two.bobs.site.answers_at(Some(place(8422)));
    assert!(!two.suzies.site.knows(agent_of(8)).await.unwrap());
    two.open_tally().await;
    assert!(two.suzies.site.knows(agent_of(8)).await.unwrap());
    assert!(!two.suzies.site.knows(agent_of(7)).await.unwrap());
    let asked = two.road.asked_at.lock().unwrap().clone();
    assert!(asked.contains(&vec![place(8421)]) && asked.contains(&vec![place(8422)]));
    // Suzie's site moves: the next that it says tells where it is.
    two.suzies.site.answers_at(Some(place(9000)));
    two.suzies.pay("suzie", Side::Stock, 10, 5).await.unwrap();
    two.settle().await;
    two.bobs.pay("bob", Side::Foil, 11, 5).await.unwrap();
    two.settle().await;
    assert!(two.road.asked_at.lock().unwrap().contains(&vec![place(9000)]));
    two.assert_agreed(0).await;
}

/// Takes everything, and answers with these notes.
struct Answers(Vec<String>);

impl Transport for Answers {
    async fn send(&self, _: AgentId, _: &[Endpoint], notes: &[Note]) -> Receipt {
        Receipt { arrived: true, fates: vec![Fate::Taken; notes.len()], notes: self.0.clone() }
    }
}

#[tokio::test]
async fn what_comes_back_counts_where_its_half_was_spoken_to() {
    let store = Store::memory();
    let two = Two::with_tally(store.clone()).await;
    two.bobs.pay("bob", Side::Foil, 10, 7).await.unwrap();
    let said = two.bobs_store.read().await.unwrap().letters(None, 10).await.unwrap();
    let said = said[0].letter.message.clone();
    let asks = |tally: protocol::TallyId| {
        let chad =
            |name, agent| ChipAddress { cuid: cuid(name), agent: agent_of(agent), endpoint: None };
        let body = Body::Negotiation(protocol::negotiation::Message::Ask);
        Note { tally, from: chad("suzie", 9), to: cuid("bob"), token: None, moved: None, body }
    };
    for (about, balance) in [(protocol::TallyId::random([5; 16]), 0), (tally_id(), 7)] {
        let message = asks(about).to_text().unwrap().to_string();
        let at = two.suzies.world.now();
        let key = "ask".to_owned();
        let letter = store::NewLetter { half: None, to: agent_of(8), key, message, at };
        let mut tx = store.begin().await.unwrap();
        tx.post(&[letter]).await.unwrap();
        tx.commit().await.unwrap();
        let transport = Arc::new(Answers(vec!["no note".to_owned(), said.clone()]));
        assert_eq!(two.suzies.site.deliver(&transport).await.unwrap().sent, 1);
        let suzie = two.suzies.site.tally(&cuid("suzie"), tally_id()).await.unwrap();
        assert_eq!(suzie.balance_milli, balance);
    }
}

/// One agent takes everything at once, the others never answer.
struct Slow(AgentId);

impl Transport for Slow {
    async fn send(&self, to: AgentId, _: &[Endpoint], notes: &[Note]) -> Receipt {
        if to != self.0 {
            std::future::pending::<()>().await;
        }
        Receipt { arrived: true, fates: vec![Fate::Taken; notes.len()], notes: Vec::new() }
    }
}

#[tokio::test]
async fn who_never_answers_keeps_nobody_else_waiting() {
    let store = Store::memory();
    let two = Two::new(store.clone()).await;
    let invitation = two.suzies.invite().await;
    two.bobs.ask(&user("bob"), Command::Answer { invitation }).await.unwrap();
    two.carry(&two.bobs, 8).await;
    let offer = two.suzies.offer_of("suzie", Side::Stock).await;
    two.suzies.wish("suzie", site::Wish::Offer(Box::new(offer))).await.unwrap();
    let any = store.read().await.unwrap().letters(None, 1).await.unwrap().remove(0).letter;
    let letter = |to: u8, number: usize| store::NewLetter {
        half: None,
        to: agent_of(to),
        key: number.to_string(),
        ..any.clone()
    };
    let mut letters: Vec<_> = (20..60).map(|silent| letter(silent, 0)).collect();
    // More than all rounds could take.
    letters.extend((0..500).map(|number| letter(7, number)));
    letters.extend((0..5).map(|number| letter(8, number)));
    let mut tx = store.begin().await.unwrap();
    tx.post(&letters).await.unwrap();
    tx.commit().await.unwrap();
    let transport = Arc::new(Slow(agent_of(8)));
    for _ in 0..6 {
        let (site, transport) = (two.suzies.site.clone(), Arc::clone(&transport));
        tokio::spawn(async move { site.deliver(&transport).await });
    }
    for _ in 0..500 {
        let mut view = store.read().await.unwrap();
        if view.waiting_for(&store::Whom::Only(agent_of(8))).await.unwrap() == 0 {
            return;
        }
        drop(view);
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("letters to the agent that answers still wait");
}

/// Takes everything. Of one agent each receipt is full of notes that all want an answer, ever other ones; the
/// others are honest.
struct Filling {
    liar: AgentId,
    said: AtomicU64,
    taken: Mutex<BTreeMap<AgentId, usize>>,
}

impl Filling {
    /// Bob's half refuses an invoice that never was.
    fn refusal(&self) -> String {
        let number = self.said.fetch_add(1, Ordering::Relaxed);
        let chit = protocol::ChitId::random((u128::from(number) << 64).to_be_bytes());
        let revision = 1.try_into().unwrap();
        let refused = protocol::invoice::Message::Refused { chit, revision, reason: None };
        let from = ChipAddress { cuid: cuid("bob"), agent: self.liar, endpoint: None };
        let (tally, to, body) = (tally_id(), cuid("suzie"), Body::Invoice(refused));
        Note { tally, from, to, token: None, moved: None, body }.to_text().unwrap().to_string()
    }
}

impl Transport for Filling {
    async fn send(&self, to: AgentId, _: &[Endpoint], notes: &[Note]) -> Receipt {
        *self.taken.lock().unwrap().entry(to).or_default() += notes.len();
        // More than any frame holds.
        let many = if to == self.liar { 3 * MOST_BACK } else { 0 };
        let back = (0..many).map(|_| self.refusal()).collect();
        Receipt { arrived: true, fates: vec![Fate::Taken; notes.len()], notes: back }
    }
}

#[tokio::test]
async fn who_fills_each_receipt_costs_a_bounded_part_and_keeps_nobody_waiting_for_long() {
    let store = Store::memory();
    let two = Two::with_tally(store.clone()).await;
    two.suzies.pay("suzie", Side::Stock, 10, 5).await.unwrap();
    let any = store.read().await.unwrap().letters(None, 1).await.unwrap().remove(0).letter;
    let (said, taken) = Default::default();
    let transport = Arc::new(Filling { liar: agent_of(8), said, taken });
    let most = usize::try_from(site::MAX_LETTERS_WAITING).unwrap();
    // As long as all the liar's letters that may wait take, 64 at once.
    let rounds = most / MOST_NOTES + 1;
    for turn in 0..4_u8 {
        let key = turn.to_string();
        let honest = store::NewLetter { half: None, to: agent_of(7), key, ..any.clone() };
        let mut tx = store.begin().await.unwrap();
        tx.post(&[honest]).await.unwrap();
        tx.commit().await.unwrap();
        for _ in 0..rounds {
            let carried = two.suzies.site.deliver(&transport).await.unwrap();
            assert!(carried.sent <= MOST_NOTES, "{carried:?}");
            let waiting = store.read().await.unwrap().letters(None, 2_000).await.unwrap().len();
            assert!(waiting <= most + 1, "{waiting}");
            if turn == 0 && transport.said.load(Ordering::Relaxed) == 3 * MOST_BACK as u64 {
                assert!(waiting <= MOST_BACK, "{waiting} of one receipt");
            }
        }
        let taken = transport.taken.lock().unwrap().get(&agent_of(7)).copied();
        assert_eq!(taken, Some(usize::from(turn) + 1), "it was not kept waiting");
    }
    two.suzies.assert_sound().await;
}
