//! A half without what was negotiated, which a lift never touches: so thousands of them are taken in
//! hand at once.

use protocol::chit::Chit;
use protocol::ledger::{Good, Input, Ledger, Link, Message, Status, Stop};
use protocol::lift::LiftFault;
use protocol::note::{Body, Note};
use protocol::record::Record;
use protocol::{AgentId, ChipAddress, LiftId, Timestamp};
use store::{Half, HalfRow, LiftLeg, LinkRow, NewEvent, NewLetter, Tx, View};

use crate::error::SiteError;
use crate::half::rows;
use crate::history::History;
use crate::post::described;

/// A half in hand, locked.
pub(crate) struct Bare {
    pub(crate) half: Half,
    ledger: Ledger,
    history: History,
    events: Vec<protocol::ledger::Event>,
    said: Vec<Message>,
}

impl Bare {
    /// A half, and its last link.
    pub(crate) fn of(half: Half, last: Option<Link>) -> Result<Self, SiteError> {
        let damaged = |reason: String| SiteError::State { tally: half.tally, reason };
        let text = half.row.ledger.as_deref().ok_or_else(|| damaged("no ledger".to_owned()))?;
        let ledger = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
        let history = History::of(last.into_iter().collect());
        Ok(Self { half, ledger, history, events: Vec::new(), said: Vec::new() })
    }

    /// What it says now.
    pub(crate) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether something was linked since it was taken in hand.
    pub(crate) const fn is_changed(&self) -> bool {
        self.history.new_end().is_some()
    }

    fn settled(&self) -> bool {
        self.ledger.agreed() == self.ledger.head().index
    }

    /// Takes an input; returns what the half says to its partner.
    async fn take(&mut self, view: &mut View, input: Input) -> Result<Vec<Message>, SiteError> {
        let step = loop {
            match self.ledger.step(input.clone(), &self.history) {
                Ok(step) => break step,
                Err(Stop::Refused(refusal)) => return Err(refusal.into()),
                Err(Stop::Missing(missing)) => {
                    self.history.fetch(view, self.half.id, missing).await?;
                }
            }
        };
        self.ledger = step.ledger;
        self.events.extend(step.events);
        if let Some(change) = step.change {
            self.history.change(change);
        }
        Ok(step.send)
    }

    /// The leg of a lift on this half.
    pub(crate) fn leg(&self, lift: LiftId, good: &Good) -> LiftLeg {
        let effect = good.chit().effect_on(self.half.side);
        LiftLeg { lift, half: self.half.id, chit: good.hash(), effect }
    }
}

/// Links a lift's chit in both halves of a tally. No other has its name: that follows from the lift's
/// own, which is new.
///
/// Where nothing else is on its way between them, the foil's order and the stock's word for it are
/// said here and now; otherwise they go by the post, as ever.
pub(crate) async fn link_in_both(
    view: &mut View,
    stock: &mut Bare,
    foil: &mut Bare,
    good: &Good,
) -> Result<(), SiteError> {
    let alike = stock.settled() && foil.settled() && stock.ledger.head() == foil.ledger.head();
    for half in [&mut *stock, &mut *foil] {
        half.history.learn(good.chit().uuid, good.hash(), &[]);
    }
    let from_foil = foil.take(view, Input::Lift(good.clone())).await?;
    let from_stock = stock.take(view, Input::Lift(good.clone())).await?;
    if !alike {
        foil.said = from_foil;
        stock.said = from_stock;
        return Ok(());
    }
    let proved = |chit: Chit| {
        let same = chit == *good.chit();
        if same { Ok(good.clone()) } else { Err(LiftFault::OtherChit(chit.uuid)) }
    };
    for order in from_foil {
        let order = order.try_map(proved)?;
        for answer in stock.take(view, Input::Receive(order)).await? {
            let answer = answer.try_map(proved)?;
            let more = foil.take(view, Input::Receive(answer)).await?;
            foil.said.extend(more);
        }
    }
    Ok(())
}

/// Writes halves that changed, with their links, letters and events; gives them as they are once that
/// is committed.
pub(crate) async fn write(
    tx: &mut Tx,
    halves: Vec<Bare>,
    agent: AgentId,
    at: Timestamp,
) -> Result<Vec<(Half, Ledger)>, SiteError> {
    let (mut links, mut kept, mut letters) = (Vec::new(), Vec::new(), Vec::new());
    let mut ledgers = Vec::with_capacity(halves.len());
    for bare in halves {
        let Bare { mut half, ledger, history, events, said } = bare;
        if let Some(new) = history.new_end() {
            let mut rows: Vec<LinkRow> = rows(half.id, &ledger, &new.then)?;
            if new.keep == half.row.head_index {
                links.append(&mut rows);
            } else {
                tx.relink(half.id, new.keep, &rows).await?;
            }
        }
        let before = half.row.status.clone();
        half.row = row(&half.row, &ledger, at)
            .map_err(|error| SiteError::State { tally: half.tally, reason: error.to_string() })?;
        for message in said {
            letters.extend(letter(&half, message, agent, at)?);
        }
        let tell = |kind: &str, text| {
            let (user, kind) = (Some(half.holder.clone()), kind.to_owned());
            NewEvent { user, kind, text, at }
        };
        let status = &half.row.status;
        let told = events.iter().map(|event| described(half.tally, status, event));
        tx.tell(told.map(|(kind, text)| tell(kind, text)));
        if *status != before {
            let tally = half.tally.to_string();
            let text = serde_json::json!({ "tally": tally, "status": status }).to_string();
            tx.tell([tell("status", text)]);
        }
        kept.push(half);
        ledgers.push(ledger);
    }
    tx.append(&links).await?;
    tx.put_halves(&kept).await?;
    tx.post(&letters).await?;
    for half in &mut kept {
        half.version += 1;
    }
    Ok(kept.into_iter().zip(ledgers).collect())
}

/// The row of a half whose ledger changed: an open one keeps the negotiation's word for its status.
fn row(before: &HalfRow, ledger: &Ledger, at: Timestamp) -> Result<HalfRow, serde_json::Error> {
    let status = match ledger.status() {
        Status::Open => before.status.clone(),
        Status::Closing => "C.open".to_owned(),
        Status::Closed => "close".to_owned(),
    };
    Ok(HalfRow {
        status,
        ledger: Some(serde_json::to_string(ledger)?),
        balance: ledger.balance_milli(),
        head_index: ledger.head().index,
        head_hash: Some(ledger.head().hash),
        changed: at,
        ..before.clone()
    })
}

/// What a half says, to its partner at this site.
fn letter(
    half: &Half,
    message: Message,
    agent: AgentId,
    at: Timestamp,
) -> Result<Option<NewLetter>, SiteError> {
    let partner = half.row.partner.as_deref().and_then(|partner| partner.parse().ok());
    let Some(ChipAddress { cuid: to, agent: there, .. }) = partner else { return Ok(None) };
    let body = Body::Ledger(message);
    let key = body.key();
    let from = ChipAddress { cuid: half.holder.clone(), agent, endpoint: None };
    // Whoever it is for knows: halves here that have not said so do not lift.
    let note = Note { tally: half.tally, from, to, token: None, moved: None, body };
    let message = note.to_text()?.to_string();
    Ok(Some(NewLetter { half: Some(half.id), to: there, key, message, at }))
}
