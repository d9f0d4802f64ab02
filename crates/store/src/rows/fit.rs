//! `Fit`: how a row is called in messages, and whether every database can hold it.

use crate::{
    Case, CommandResult, Contract, Half, HalfRow, Invite, InvoiceRow, Kind, Lift, LiftLeg,
    LiftPart, LinkRow, Negotiation, NewEvent, NewHalf, NewLetter, Payment, Proof, StoreError, User,
    Word,
};

/// A row that can be written.
pub(crate) trait Fit {
    const KIND: Kind;

    /// Its name in messages.
    fn name(&self) -> String;

    /// Its texts, of those that may hold anything.
    fn texts(&self) -> Vec<&str>;

    /// Its numbers, of those that may be large.
    fn numbers(&self) -> Vec<i128> {
        Vec::new()
    }
}

/// Whether columns hold these rows: numbers of 64 bits, texts without NUL.
pub(crate) fn fit<T: Fit>(rows: &[T]) -> Result<(), StoreError> {
    for row in rows {
        let reason = if row.texts().iter().any(|text| text.contains('\0')) {
            "a text holds a NUL character"
        } else if row.numbers().iter().any(|number| i64::try_from(*number).is_err()) {
            "a number or a balance is beyond 64 bits"
        } else {
            continue;
        };
        return Err(StoreError::Unfit { kind: T::KIND, which: row.name(), reason });
    }
    Ok(())
}

/// Which rows a message means: the names of at most three.
pub(crate) fn which<T: Fit>(rows: &[T]) -> String {
    let mut names: Vec<String> = rows.iter().take(3).map(Fit::name).collect();
    if rows.len() > names.len() {
        names.push(format!("… ({} in all)", rows.len()));
    }
    names.join(", ")
}

fn opt(text: Option<&String>) -> &str {
    text.map_or("", String::as_str)
}

impl Fit for User {
    const KIND: Kind = Kind::User;

    fn name(&self) -> String {
        self.cuid.to_string()
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.name, opt(self.cert.as_ref()), opt(self.key.as_ref())]
    }
}

impl HalfRow {
    fn texts(&self) -> Vec<&str> {
        vec![opt(self.partner.as_ref()), &self.status, opt(self.ledger.as_ref())]
    }

    fn numbers(&self) -> Vec<i128> {
        vec![self.balance, self.head_index.into()]
    }
}

impl Fit for NewHalf {
    const KIND: Kind = Kind::Half;

    fn name(&self) -> String {
        format!("{} of {}", self.tally, self.holder)
    }

    fn texts(&self) -> Vec<&str> {
        let mut texts = self.row.texts();
        texts.push(&self.negotiation);
        texts
    }

    fn numbers(&self) -> Vec<i128> {
        self.row.numbers()
    }
}

impl Fit for Negotiation {
    const KIND: Kind = Kind::Negotiation;

    fn name(&self) -> String {
        format!("of half {}", self.half)
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.text]
    }
}

impl Fit for Half {
    const KIND: Kind = Kind::Half;

    fn name(&self) -> String {
        format!("{} of {}", self.tally, self.holder)
    }

    fn texts(&self) -> Vec<&str> {
        self.row.texts()
    }

    fn numbers(&self) -> Vec<i128> {
        let mut numbers = self.row.numbers();
        numbers.push(i128::from(self.version) + 1);
        numbers
    }
}

impl Fit for LinkRow {
    const KIND: Kind = Kind::Link;

    fn name(&self) -> String {
        format!("{} of half {} (chit {})", self.index, self.half, self.uuid)
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.kind, &self.text]
    }

    fn numbers(&self) -> Vec<i128> {
        vec![self.index.into()]
    }
}

impl Fit for NewLetter {
    const KIND: Kind = Kind::Letter;

    fn name(&self) -> String {
        format!("{} to {}", self.key, self.to)
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.key, &self.message]
    }
}

impl Fit for NewEvent {
    const KIND: Kind = Kind::Event;

    fn name(&self) -> String {
        format!("{} at {}", self.kind, self.at)
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.kind, &self.text]
    }
}

impl Fit for CommandResult {
    const KIND: Kind = Kind::Result;

    fn name(&self) -> String {
        self.id.clone()
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.id, &self.text]
    }
}

impl Fit for Contract {
    const KIND: Kind = Kind::Contract;

    fn name(&self) -> String {
        self.rid.to_string()
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.text]
    }
}

impl Fit for Invite {
    const KIND: Kind = Kind::Invite;

    fn name(&self) -> String {
        format!("of {}", self.holder)
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.text]
    }

    fn numbers(&self) -> Vec<i128> {
        self.uses_left.map(i128::from).into_iter().collect()
    }
}

impl Fit for InvoiceRow {
    const KIND: Kind = Kind::Invoice;

    fn name(&self) -> String {
        format!("{} of half {}", self.chit, self.half)
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.text]
    }
}

impl Fit for Lift {
    const KIND: Kind = Kind::Lift;

    fn name(&self) -> String {
        self.id.to_string()
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.kind, &self.status, &self.record, opt(self.certificate.as_ref())]
    }
}

impl Fit for Case {
    const KIND: Kind = Kind::Case;

    fn name(&self) -> String {
        self.lift.to_string()
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.text, &self.status]
    }

    fn numbers(&self) -> Vec<i128> {
        vec![i128::from(self.version) + 1]
    }
}

impl Case {
    /// Somebody else has changed it.
    pub(crate) fn was_changed(&self) -> StoreError {
        StoreError::Again { why: format!("the case of lift {} was changed meanwhile", self.lift) }
    }
}

impl Fit for Proof {
    const KIND: Kind = Kind::Proof;

    fn name(&self) -> String {
        self.id.to_string()
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.kind, &self.text]
    }
}

impl Fit for LiftLeg {
    const KIND: Kind = Kind::Leg;

    fn name(&self) -> String {
        format!("of {} on half {}", self.lift, self.half)
    }

    fn texts(&self) -> Vec<&str> {
        Vec::new()
    }
}

impl Fit for LiftPart {
    const KIND: Kind = Kind::Part;

    fn name(&self) -> String {
        format!("in {}", self.lift)
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.state]
    }
}

impl Fit for Payment {
    const KIND: Kind = Kind::Payment;

    fn name(&self) -> String {
        format!("{} of {}", self.id, self.payer)
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.payer, &self.payee, &self.authorisation]
    }
}

impl Fit for Word {
    const KIND: Kind = Kind::Word;

    fn name(&self) -> String {
        format!("{} {} {} {}", self.language, self.view, self.column, self.value)
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.language, &self.view, &self.column, &self.value, &self.title, &self.help]
    }
}

/// A setting and its value.
pub(crate) struct Setting<'a>(pub(crate) &'a str, pub(crate) &'a str);

impl Fit for Setting<'_> {
    const KIND: Kind = Kind::Setting;

    fn name(&self) -> String {
        self.0.to_owned()
    }

    fn texts(&self) -> Vec<&str> {
        vec![self.0, self.1]
    }
}
