//! A small world, explored whole: an invoice amended, taken back, refused, paid and expired in every
//! order in which messages may be lost, repeated and late, clocks differ and a half is lost.
//!
//! Messages once sent stay on their way for ever; from every state the faults stop, once with all of
//! them arriving after all and once with all of them lost, and the halves must agree.

use std::collections::{HashMap, HashSet};

use protocol::Side;
use protocol::invoice::{Given, Input, Invoice, Invoices, Message, Status};

use super::cast::{PAYER, draft, early, late, payment, received, signed};
use crate::negotiation::cast::tally_id;

const PAYEE: usize = 0;
/// The last version that the payee writes.
const LAST: u32 = 2;

/// One state; halves and messages by their numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct State {
    /// The payee's and the payer's.
    halves: [usize; 2],
    late: [bool; 2],
    lost: bool,
    /// The version that the payer paid, and whether the payee's ledger has the chit.
    paid: Option<(u32, bool)>,
    sent: u64,
}

/// What may happen to one half.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Act {
    Propose { withdrawn: bool },
    Refuse,
    Pay,
    Linked(u32),
    Remind,
    Compare,
    Tick,
    Deliver(usize),
}

const ACTS: [Act; 6] = [
    Act::Propose { withdrawn: false },
    Act::Propose { withdrawn: true },
    Act::Refuse,
    Act::Remind,
    Act::Compare,
    Act::Tick,
];

/// The half's next number, and the messages sent, one bit each.
type Done = Option<(usize, u64)>;

#[derive(Default)]
struct Explorer {
    halves: Vec<Invoices>,
    half_numbers: HashMap<Invoices, usize>,
    /// Each with the half that it goes to.
    messages: Vec<(usize, Message)>,
    numbers: HashMap<(usize, Message), usize>,
    done: HashMap<(usize, Act, Given), Done>,
}

fn the_invoice(half: &Invoices) -> Option<(&Invoice, Status)> {
    half.get(&draft(1, false).uuid)
}

impl Explorer {
    fn number(&mut self, half: Invoices) -> usize {
        let next = self.halves.len();
        let number = *self.half_numbers.entry(half.clone()).or_insert(next);
        if number == next {
            self.halves.push(half);
        }
        number
    }

    /// The input that an act is for this half; none where its user would not think of it.
    fn input(&self, half: &Invoices, act: Act, given: Given) -> Option<Input> {
        let known = the_invoice(half);
        Some(match act {
            Act::Propose { withdrawn } => {
                let next = known.map_or(1, |(invoice, _)| invoice.revision.get() + 1);
                let wanted = next <= LAST;
                let invoice = signed(draft(Some(next).filter(|_| wanted)?, withdrawn));
                Input::Propose(Box::new(invoice))
            }
            Act::Refuse => {
                let (invoice, _) = known?;
                let (chit, revision) = (invoice.uuid, invoice.revision);
                Input::Refuse { chit, revision, reason: None }
            }
            Act::Pay => {
                let (shown, _) = known?;
                let chit = payment(shown.revision.get());
                half.may_pay(chit.chit(), given.now).ok()?;
                assert_eq!(chit.chit().effect_on(PAYER.other()), shown.units.get());
                Input::Linked(chit)
            }
            Act::Linked(revision) => Input::Linked(payment(revision)),
            Act::Remind => Input::Remind,
            Act::Compare => Input::Compare,
            Act::Tick => Input::Tick,
            Act::Deliver(message) => Input::Receive(received(self.messages[message].1.clone())),
        })
    }

    fn act(&mut self, state: State, place: usize, act: Act) -> Done {
        let linked = state.paid.is_some_and(|(_, payee)| payee || place != PAYEE);
        let given = if state.late[place] { late() } else { early() };
        let given = Given { linked, ..given };
        let key = (state.halves[place], act, given);
        if let Some(done) = self.done.get(&key) {
            return *done;
        }
        let half = self.halves[state.halves[place]].clone();
        let step = self.input(&half, act, given).and_then(|input| match half.step(input, given) {
            Ok(step) => Some(step),
            Err(refusal) if matches!(act, Act::Deliver(_)) => {
                panic!("an honest message is refused: {refusal}")
            }
            Err(_) => None,
        });
        let done = step.map(|step| {
            let sent = step.send.into_iter().map(|m| 1 << self.message(1 - place, m));
            let sent = sent.fold(0, |all, message: u64| all | message);
            (self.number(step.invoices), sent)
        });
        self.done.insert(key, done);
        done
    }

    fn message(&mut self, to: usize, message: Message) -> usize {
        let next = self.messages.len();
        let number = *self.numbers.entry((to, message.clone())).or_insert(next);
        if number == next {
            self.messages.push((to, message));
            assert!(next < 64, "too many different messages for this explorer");
        }
        number
    }

    fn after(&mut self, state: State, place: usize, act: Act) -> Option<State> {
        let (half, sent) = self.act(state, place, act)?;
        let mut next = state;
        next.halves[place] = half;
        next.sent |= sent;
        Some(next)
    }

    fn next(&mut self, state: State, begin: [usize; 2]) -> Vec<State> {
        let mut next = Vec::new();
        if state.paid.is_none()
            && let Some(after) = self.after(state, 1, Act::Pay)
        {
            let revision = the_invoice(&self.halves[after.halves[1]]).unwrap().0.revision.get();
            next.push(State { paid: Some((revision, false)), ..after });
        }
        if let Some((revision, false)) = state.paid {
            let after = self.after(state, PAYEE, Act::Linked(revision)).unwrap();
            next.push(State { paid: Some((revision, true)), ..after });
        }
        for (place, begin) in begin.into_iter().enumerate() {
            next.extend(ACTS.into_iter().filter_map(|act| self.after(state, place, act)));
            for message in 0..self.messages.len() {
                if state.sent & 1 << message != 0 && self.messages[message].0 == place {
                    next.extend(self.after(state, place, Act::Deliver(message)));
                }
            }
            if !state.late[place] {
                let mut later = state;
                later.late[place] = true;
                next.push(later);
            }
            if !state.lost && state.paid.is_none() {
                let mut lost = state;
                lost.lost = true;
                lost.halves[place] = begin;
                next.push(lost);
            }
        }
        next
    }

    /// The faults stop here, and what was on its way arrives, or is lost.
    fn heals(&mut self, mut state: State, arrives: bool) {
        state.late = [state.late[0] || state.late[1]; 2];
        if let Some((revision, false)) = state.paid {
            let linked = self.after(state, PAYEE, Act::Linked(revision)).unwrap();
            state = State { paid: Some((revision, true)), ..linked };
        }
        let mut net = if arrives { state.sent } else { 0 };
        let mut compare = state.lost;
        for _ in 0..2_000 {
            if net == 0 {
                for place in 0..2 {
                    for act in [Act::Tick, Act::Remind, Act::Compare] {
                        if act != Act::Compare || compare {
                            let (half, sent) = self.act(state, place, act).unwrap();
                            state.halves[place] = half;
                            net |= sent;
                        }
                    }
                }
                compare = false;
                if net == 0 {
                    return self.agree(state);
                }
            }
            let message = net.trailing_zeros() as usize;
            net &= net - 1;
            let place = self.messages[message].0;
            let (half, sent) = self.act(state, place, Act::Deliver(message)).unwrap();
            state.halves[place] = half;
            net |= sent;
        }
        panic!("the halves talk for ever");
    }

    fn agree(&self, state: State) {
        let [payee, payer] = state.halves.map(|half| the_invoice(&self.halves[half]));
        match (payee, payer) {
            (None, None) => {}
            // Paid before the latest version came: the chit counts, and nobody waits.
            (Some((_, Status::Paid { .. })), Some((_, Status::Paid { .. }))) => {}
            (Some((one, status)), Some((other, same))) => {
                assert_eq!((one, status), (other, same), "one invoice");
                assert_eq!(state.paid, None, "what is paid is known as paid");
            }
            // Both lost it, and only the ledger knows.
            (one, other) => {
                let known = one.or(other).unwrap();
                assert!(state.lost && matches!(known.1, Status::Paid { .. }), "{known:?}");
            }
        }
    }
}

#[test]
fn every_order_of_asking_changing_refusing_and_paying() {
    let mut explorer = Explorer::default();
    let begin =
        [PAYER.other(), PAYER].map(|side: Side| explorer.number(Invoices::new(tally_id(), side)));
    let start = State { halves: begin, late: [false; 2], lost: false, paid: None, sent: 0 };
    let mut waiting = vec![start];
    let mut seen: HashSet<State> = HashSet::from([start]);
    while let Some(state) = waiting.pop() {
        explorer.heals(state, true);
        explorer.heals(state, false);
        for after in explorer.next(state, begin) {
            if seen.insert(after) {
                waiting.push(after);
            }
        }
    }
    let (halves, messages) = (explorer.halves.len(), explorer.messages.len());
    println!("{} states of {halves} halves, {messages} messages, every one heals", seen.len());
    assert!(seen.len() > 10_000, "{} states are too few to mean anything", seen.len());
}
