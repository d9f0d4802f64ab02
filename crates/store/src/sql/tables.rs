//! How each kind of row lies in its table: columns in the order in which they are read and written.

use std::collections::BTreeSet;

use protocol::Side;

use super::table::{Kept, Put};
use super::value::{Cells, Value, name, opt_int, opt_name};
use crate::{
    CommandResult, Contract, Event, Half, HalfId, HalfRow, Invite, InvoiceRow, Kind, LegAt, Letter,
    LetterId, Lift, LiftLeg, LiftPart, LinkRow, Negotiation, NewEvent, NewLetter, Payment,
    Restored, StoreError, User, UserKind, UserStatus, Word,
};

type Result<T> = std::result::Result<T, StoreError>;

/// A table that is read and written by the same columns.
macro_rules! table {
    ($row:ident in $table:literal: $first:literal $(, $column:literal)*) => {
        impl Kept for $row {
            const ROW: Kind = <$row as crate::rows::Fit>::KIND;
            const TABLE: &'static str = $table;
            const COLUMNS: &'static str = concat!($first $(, ", ", $column)*);

            fn read(cells: &mut Cells<'_>) -> Result<Self> {
                $row::read_cells(cells)
            }
        }

        impl Put for $row {
            const INTO: &'static str = $table;
            const COLUMNS: &'static [&'static str] = &[$first $(, $column)*];

            fn values(&self) -> Vec<Value> {
                self.write_cells()
            }
        }
    };
}

fn side(word: &str) -> Option<Side> {
    Side::BOTH.into_iter().find(|side| side.word() == word)
}

table!(User in "users": "cuid", "kind", "name", "cert", "key", "status", "created", "groups");

impl User {
    fn read_cells(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self {
            cuid: cells.name()?,
            kind: cells.word(UserKind::of_word)?,
            name: cells.text()?,
            cert: cells.opt_text()?,
            key: cells.opt_text()?,
            status: cells.word(UserStatus::of_word)?,
            created: cells.date()?,
            groups: cells.word(|text| {
                let names: BTreeSet<_> = text.split(' ').filter(|name| !name.is_empty()).collect();
                names.into_iter().map(|name| name.parse().ok()).collect()
            })?,
        })
    }

    fn write_cells(&self) -> Vec<Value> {
        let groups: Vec<_> = self.groups.iter().map(protocol::Cuid::as_str).collect();
        vec![
            name(&self.cuid),
            self.kind.word().into(),
            (&self.name).into(),
            self.cert.as_ref().into(),
            self.key.as_ref().into(),
            self.status.word().into(),
            self.created.into(),
            (&groups.join(" ")).into(),
        ]
    }
}

impl Kept for Half {
    const ROW: Kind = Kind::Half;
    const TABLE: &'static str = "halves";
    const COLUMNS: &'static str = "id, version, holder, tally, side, partner, status, ledger, balance, \
                           partner_may_owe, holder_may_owe, head_index, head_hash, changed, \
                           asks, unheard, invoices";

    fn read(cells: &mut Cells<'_>) -> Result<Self> {
        let mut half = Self {
            id: HalfId::new(cells.int()?),
            version: cells.count()?,
            invoices: 0,
            holder: cells.name()?,
            tally: cells.name()?,
            side: cells.word(side)?,
            row: HalfRow {
                partner: cells.opt_text()?,
                status: cells.text()?,
                ledger: cells.opt_text()?,
                balance: cells.int()?.into(),
                partner_may_owe: cells.units()?,
                holder_may_owe: cells.units()?,
                head_index: cells.count()?,
                head_hash: cells.opt_name()?,
                changed: cells.date()?,
                restored: Restored { asks: cells.opt_name()?, unheard: cells.int()? != 0 },
            },
        };
        half.invoices = cells.count()?;
        Ok(half)
    }
}

impl Put for Half {
    const INTO: &'static str = "halves";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "version",
        "holder",
        "tally",
        "side",
        "partner",
        "status",
        "ledger",
        "balance",
        "partner_may_owe",
        "holder_may_owe",
        "head_index",
        "head_hash",
        "changed",
        "asks",
        "unheard",
    ];

    fn values(&self) -> Vec<Value> {
        let mut values = vec![
            self.id.get().into(),
            self.version.into(),
            name(&self.holder),
            name(&self.tally),
            self.side.word().into(),
        ];
        values.extend(self.row.values());
        values
    }
}

impl HalfRow {
    /// The columns that change.
    pub(super) const COLUMNS: [&str; 11] = [
        "partner",
        "status",
        "ledger",
        "balance",
        "partner_may_owe",
        "holder_may_owe",
        "head_index",
        "head_hash",
        "changed",
        "asks",
        "unheard",
    ];

    pub(super) fn values(&self) -> [Value; 11] {
        // Larger balances were refused before (`rows/fit.rs`).
        let balance = i64::try_from(self.balance).ok();
        [
            self.partner.as_ref().into(),
            (&self.status).into(),
            self.ledger.as_ref().into(),
            Value::Int(balance),
            self.partner_may_owe.into(),
            self.holder_may_owe.into(),
            self.head_index.into(),
            opt_name(self.head_hash.as_ref()),
            self.changed.into(),
            opt_name(self.restored.asks.as_ref()),
            i64::from(self.restored.unheard).into(),
        ]
    }
}

table!(Negotiation in "negotiations": "half", "text");

impl Negotiation {
    fn read_cells(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self { half: HalfId::new(cells.int()?), text: cells.text()? })
    }

    fn write_cells(&self) -> Vec<Value> {
        vec![self.half.get().into(), (&self.text).into()]
    }
}

table!(LinkRow in "links": "half", "idx", "link", "chit", "uuid", "by", "kind", "effect", "date", "text");

impl LinkRow {
    fn read_cells(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self {
            half: HalfId::new(cells.int()?),
            index: cells.count()?,
            link: cells.name()?,
            chit: cells.name()?,
            uuid: cells.name()?,
            by: cells.word(side)?,
            kind: cells.text()?,
            effect: cells.units()?,
            date: cells.date()?,
            text: cells.text()?,
        })
    }

    fn write_cells(&self) -> Vec<Value> {
        vec![
            self.half.get().into(),
            self.index.into(),
            name(&self.link),
            name(&self.chit),
            name(&self.uuid),
            self.by.word().into(),
            (&self.kind).into(),
            self.effect.into(),
            self.date.into(),
            (&self.text).into(),
        ]
    }
}

table!(InvoiceRow in "invoices": "half", "chit", "text");

impl InvoiceRow {
    fn read_cells(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self { half: HalfId::new(cells.int()?), chit: cells.name()?, text: cells.text()? })
    }

    fn write_cells(&self) -> Vec<Value> {
        vec![self.half.get().into(), name(&self.chit), (&self.text).into()]
    }
}

impl Kept for Letter {
    const ROW: Kind = Kind::Letter;
    const TABLE: &'static str = "letters";
    const COLUMNS: &'static str = "id, half, recipient, key, message, at, due, attempts, owner";

    fn read(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self {
            id: LetterId::new(cells.int()?),
            letter: NewLetter {
                half: cells.opt_int()?.map(HalfId::new),
                to: cells.name()?,
                key: cells.text()?,
                message: cells.text()?,
                at: cells.date()?,
            },
            due: cells.date()?,
            attempts: cells.count()?,
            owner: cells.opt_text()?,
        })
    }
}

/// A letter with the number that it gets.
pub(super) struct Posted<'a>(pub(super) i64, pub(super) &'a NewLetter);

impl crate::rows::Fit for Posted<'_> {
    const KIND: Kind = Kind::Letter;

    fn name(&self) -> String {
        self.1.name()
    }

    fn texts(&self) -> Vec<&str> {
        self.1.texts()
    }
}

impl Put for Posted<'_> {
    const INTO: &'static str = "letters";
    const COLUMNS: &'static [&'static str] =
        &["id", "half", "recipient", "key", "message", "at", "due", "attempts"];

    fn values(&self) -> Vec<Value> {
        let NewLetter { half, to, key, message, at } = self.1;
        vec![
            self.0.into(),
            opt_int(half.map(HalfId::get)),
            name(to),
            key.into(),
            message.into(),
            (*at).into(),
            (*at).into(),
            0_i64.into(),
        ]
    }
}

impl Kept for Event {
    const ROW: Kind = Kind::Event;
    const TABLE: &'static str = "events";
    const COLUMNS: &'static str = "number, cuid, kind, text, at";

    fn read(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self {
            number: cells.count()?,
            event: NewEvent {
                user: cells.opt_name()?,
                kind: cells.text()?,
                text: cells.text()?,
                at: cells.date()?,
            },
        })
    }
}

impl crate::rows::Fit for Event {
    const KIND: Kind = Kind::Event;

    fn name(&self) -> String {
        self.event.name()
    }

    fn texts(&self) -> Vec<&str> {
        self.event.texts()
    }
}

impl Put for Event {
    const INTO: &'static str = "events";
    const COLUMNS: &'static [&'static str] = &["number", "cuid", "kind", "text", "at"];

    fn values(&self) -> Vec<Value> {
        let NewEvent { user, kind, text, at } = &self.event;
        vec![self.number.into(), opt_name(user.as_ref()), kind.into(), text.into(), (*at).into()]
    }
}

table!(CommandResult in "results": "id", "text", "at");

impl CommandResult {
    fn read_cells(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self { id: cells.text()?, text: cells.text()?, at: cells.date()? })
    }

    fn write_cells(&self) -> Vec<Value> {
        vec![(&self.id).into(), (&self.text).into(), self.at.into()]
    }
}

table!(Contract in "contracts": "rid", "text", "at");

impl Contract {
    fn read_cells(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self { rid: cells.name()?, text: cells.text()?, at: cells.date()? })
    }

    fn write_cells(&self) -> Vec<Value> {
        vec![name(&self.rid), (&self.text).into(), self.at.into()]
    }
}

table!(Invite in "invites": "token", "holder", "text", "expires", "uses_left");

impl Invite {
    fn read_cells(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self {
            token: cells.name()?,
            holder: cells.name()?,
            text: cells.text()?,
            expires: cells.opt_date()?,
            uses_left: cells.opt_count()?,
        })
    }

    fn write_cells(&self) -> Vec<Value> {
        vec![
            name(&self.token),
            name(&self.holder),
            (&self.text).into(),
            opt_int(self.expires),
            opt_int(self.uses_left),
        ]
    }
}

table!(Lift in "lifts": "id", "kind", "status", "record", "certificate", "date", "changed");

impl Lift {
    fn read_cells(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self {
            id: cells.name()?,
            kind: cells.text()?,
            status: cells.text()?,
            record: cells.text()?,
            certificate: cells.opt_text()?,
            date: cells.date()?,
            changed: cells.date()?,
        })
    }

    fn write_cells(&self) -> Vec<Value> {
        vec![
            name(&self.id),
            (&self.kind).into(),
            (&self.status).into(),
            (&self.record).into(),
            self.certificate.as_ref().into(),
            self.date.into(),
            self.changed.into(),
        ]
    }
}

table!(LiftLeg in "legs": "lift", "half", "chit", "effect");

impl LiftLeg {
    fn read_cells(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self {
            lift: cells.name()?,
            half: HalfId::new(cells.int()?),
            chit: cells.name()?,
            effect: cells.units()?,
        })
    }

    fn write_cells(&self) -> Vec<Value> {
        vec![name(&self.lift), self.half.get().into(), name(&self.chit), self.effect.into()]
    }
}

impl Kept for LegAt {
    const ROW: Kind = Kind::Leg;
    const TABLE: &'static str = "legs JOIN halves ON halves.id = legs.half";
    const COLUMNS: &'static str = "lift, half, chit, effect, holder, tally, side, partner";

    fn read(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self {
            leg: LiftLeg::read_cells(cells)?,
            holder: cells.name()?,
            tally: cells.name()?,
            side: cells.word(side)?,
            partner: cells.opt_text()?,
        })
    }
}

table!(LiftPart in "parts": "lift", "key", "payment", "state", "is_open", "deadline", "changed");

impl LiftPart {
    fn read_cells(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self {
            lift: cells.name()?,
            key: cells.name()?,
            payment: cells.opt_name()?,
            state: cells.text()?,
            is_open: cells.int()? != 0,
            deadline: cells.date()?,
            changed: cells.date()?,
        })
    }

    fn write_cells(&self) -> Vec<Value> {
        vec![
            name(&self.lift),
            name(&self.key),
            opt_name(self.payment.as_ref()),
            (&self.state).into(),
            i64::from(self.is_open).into(),
            self.deadline.into(),
            self.changed.into(),
        ]
    }
}

table!(Payment in "payments": "payment", "payer", "payee", "lift", "units", "authorisation", "at");

impl Payment {
    fn read_cells(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self {
            id: cells.name()?,
            payer: cells.text()?,
            payee: cells.text()?,
            lift: cells.name()?,
            units: cells.units()?,
            authorisation: cells.text()?,
            at: cells.date()?,
        })
    }

    fn write_cells(&self) -> Vec<Value> {
        vec![
            name(&self.id),
            (&self.payer).into(),
            (&self.payee).into(),
            name(&self.lift),
            self.units.into(),
            (&self.authorisation).into(),
            self.at.into(),
        ]
    }
}

table!(Word in "words": "language", "view", "col", "value", "title", "help");

impl Word {
    fn read_cells(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self {
            language: cells.text()?,
            view: cells.text()?,
            column: cells.text()?,
            value: cells.text()?,
            title: cells.text()?,
            help: cells.text()?,
        })
    }

    fn write_cells(&self) -> Vec<Value> {
        [&self.language, &self.view, &self.column, &self.value, &self.title, &self.help]
            .map(Value::from)
            .to_vec()
    }
}
