//! The JSON form of a chit: one flat object whose `type` says which members it has.
//! What they mean is in `mod.rs`.

use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    Chit, ChitError, Entry, MAX_MEMO_BYTES, MAX_REFERENCE_BYTES, Owe, Positive, Rekey, Set, Written,
};
use crate::bounded::{Line, Prose};
use crate::ledger::Head;
use crate::settings::Settings;
use crate::side::Side;
use crate::{ChitId, Hash, LiftId, PublicKey, Signature, TallyId, Timestamp};

/// The value of `type`.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    Tran,
    Set,
    Lift,
    Key,
}

impl Type {
    const fn word(self) -> &'static str {
        match self {
            Self::Tran => "tran",
            Self::Set => "set",
            Self::Lift => "lift",
            Self::Key => "key",
        }
    }
}

/// All members that any chit may have.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flat {
    uuid: ChitId,
    tally: TallyId,
    by: Side,
    date: Timestamp,
    r#type: Type,
    units: Option<Positive>,
    settings: Option<Settings>,
    counter: Option<NonZeroU32>,
    owe: Option<Owe>,
    close: Option<bool>,
    lift: Option<LiftId>,
    head: Option<Head>,
    public: Option<PublicKey>,
    proof: Option<Signature>,
    r#ref: Option<Line<MAX_REFERENCE_BYTES>>,
    memo: Option<Prose<MAX_MEMO_BYTES>>,
    key: Option<Hash>,
    sign: Option<Signature>,
}

/// Takes members out for one type of chit, and names those that are missing or left over.
struct Members {
    kind: &'static str,
}

impl Members {
    fn need<T>(&self, member: &'static str, value: Option<T>) -> Result<T, ChitError> {
        value.ok_or(ChitError::Lacks { kind: self.kind, member })
    }

    fn refuse<T>(&self, member: &'static str, value: Option<&T>) -> Result<(), ChitError> {
        value.map_or(Ok(()), |_| Err(ChitError::Has { kind: self.kind, member }))
    }
}

impl TryFrom<Flat> for Chit {
    type Error = ChitError;

    fn try_from(flat: Flat) -> Result<Self, ChitError> {
        let members = Members { kind: flat.r#type.word() };
        if !matches!(flat.r#type, Type::Set | Type::Key) {
            members.refuse("counter", flat.counter.as_ref())?;
        }
        if !matches!(flat.r#type, Type::Key) {
            members.refuse("head", flat.head.as_ref())?;
            members.refuse("public", flat.public.as_ref())?;
            members.refuse("proof", flat.proof.as_ref())?;
        }
        if !matches!(flat.r#type, Type::Set) {
            members.refuse("settings", flat.settings.as_ref())?;
            members.refuse("owe", flat.owe.as_ref())?;
            members.refuse("close", flat.close.as_ref())?;
        }
        if !matches!(flat.r#type, Type::Lift) {
            members.refuse("lift", flat.lift.as_ref())?;
        }
        let written = Written {
            reference: flat.r#ref.clone(),
            memo: flat.memo.clone(),
            key: flat.key,
            sign: flat.sign,
        };
        let entry = match flat.r#type {
            Type::Tran => Entry::Tran { units: members.need("units", flat.units)?, written },
            Type::Set => {
                members.refuse("units", flat.units.as_ref())?;
                if flat.close == Some(false) {
                    return Err(ChitError::CloseFalse);
                }
                Entry::Set {
                    set: Set {
                        settings: members.need("settings", flat.settings)?,
                        counter: members.need("counter", flat.counter)?,
                        owe: flat.owe,
                        close: flat.close.is_some(),
                    },
                    written,
                }
            }
            Type::Key => {
                members.refuse("units", flat.units.as_ref())?;
                Entry::Key {
                    rekey: Box::new(Rekey {
                        counter: members.need("counter", flat.counter)?,
                        head: members.need("head", flat.head)?,
                        public: members.need("public", flat.public)?,
                        proof: flat.proof,
                    }),
                    written,
                }
            }
            Type::Lift => {
                members.refuse("ref", flat.r#ref.as_ref())?;
                members.refuse("memo", flat.memo.as_ref())?;
                members.refuse("key", flat.key.as_ref())?;
                members.refuse("sign", flat.sign.as_ref())?;
                Entry::Lift {
                    units: members.need("units", flat.units)?,
                    lift: members.need("lift", flat.lift)?,
                }
            }
        };
        let Flat { uuid, tally, by, date, .. } = flat;
        Ok(Self { uuid, tally, by, date, entry })
    }
}

impl From<&Chit> for Flat {
    fn from(chit: &Chit) -> Self {
        let (r#type, units, set, lift) = match &chit.entry {
            Entry::Tran { units, .. } => (Type::Tran, Some(*units), None, None),
            Entry::Set { set, .. } => (Type::Set, None, Some(set), None),
            Entry::Lift { units, lift } => (Type::Lift, Some(*units), None, Some(*lift)),
            Entry::Key { .. } => (Type::Key, None, None, None),
        };
        let rekey = match &chit.entry {
            Entry::Key { rekey, .. } => Some(rekey),
            _ => None,
        };
        let written = chit.written().cloned().unwrap_or_default();
        Self {
            uuid: chit.uuid,
            tally: chit.tally,
            by: chit.by,
            date: chit.date,
            r#type,
            units,
            settings: set.map(|set| set.settings),
            counter: set.map(|set| set.counter).or(rekey.map(|rekey| rekey.counter)),
            owe: set.and_then(|set| set.owe),
            close: set.filter(|set| set.close).map(|_| true),
            lift,
            head: rekey.map(|rekey| rekey.head),
            public: rekey.map(|rekey| rekey.public),
            proof: rekey.and_then(|rekey| rekey.proof),
            r#ref: written.reference,
            memo: written.memo,
            key: written.key,
            sign: written.sign,
        }
    }
}

/// The members of the record; `record!` adds `kind` and `v`.
impl Chit {
    pub(super) fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Serialize::serialize(&Flat::from(self), serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let flat: Flat = Deserialize::deserialize(from)?;
        flat.try_into().map_err(serde::de::Error::custom)
    }
}
