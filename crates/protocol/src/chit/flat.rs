//! The JSON form of a chit: one flat object whose `type` says which members it has.
//! What they mean is in `mod.rs`.

use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    Chit, ChitError, Entry, Lost, MAX_MEMO_BYTES, MAX_REFERENCE_BYTES, Owe, Positive, Rekey, Set,
    Wait, Written,
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
    End,
    Lost,
    Consent,
    Object,
    Claim,
}

impl Type {
    const fn word(self) -> &'static str {
        match self {
            Self::Tran => "tran",
            Self::Set => "set",
            Self::Lift => "lift",
            Self::Key => "key",
            Self::End => "end",
            Self::Lost => "lost",
            Self::Consent => "consent",
            Self::Object => "object",
            Self::Claim => "claim",
        }
    }
}

impl Entry {
    const fn r#type(&self) -> Type {
        match self {
            Self::Tran { .. } => Type::Tran,
            Self::Set { .. } => Type::Set,
            Self::Lift { .. } => Type::Lift,
            Self::Key { .. } => Type::Key,
            Self::End { .. } => Type::End,
            Self::Lost { .. } => Type::Lost,
            Self::Consent { .. } => Type::Consent,
            Self::Object { .. } => Type::Object,
            Self::Claim { .. } => Type::Claim,
        }
    }

    /// What the chit does, as `type` has it in JSON.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        self.r#type().word()
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
    wait_days: Option<Wait>,
    request: Option<Hash>,
    witness: Option<Signature>,
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
        if !matches!(flat.r#type, Type::Tran | Type::Lift) {
            members.refuse("units", flat.units.as_ref())?;
        }
        if !matches!(flat.r#type, Type::Set | Type::Key | Type::Lost) {
            members.refuse("counter", flat.counter.as_ref())?;
        }
        if !matches!(flat.r#type, Type::Key | Type::End | Type::Lost) {
            members.refuse("head", flat.head.as_ref())?;
        }
        if !matches!(flat.r#type, Type::Key | Type::Lost) {
            members.refuse("public", flat.public.as_ref())?;
        }
        if !matches!(flat.r#type, Type::Key) {
            members.refuse("proof", flat.proof.as_ref())?;
        }
        if !matches!(flat.r#type, Type::Lost) {
            members.refuse("wait_days", flat.wait_days.as_ref())?;
        }
        if !matches!(flat.r#type, Type::Consent | Type::Object | Type::Claim) {
            members.refuse("request", flat.request.as_ref())?;
        }
        if !matches!(flat.r#type, Type::Claim) {
            members.refuse("witness", flat.witness.as_ref())?;
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
            Type::Key => Entry::Key {
                rekey: Box::new(Rekey {
                    counter: members.need("counter", flat.counter)?,
                    head: members.need("head", flat.head)?,
                    public: members.need("public", flat.public)?,
                    proof: flat.proof,
                }),
                written,
            },
            Type::End => Entry::End { head: members.need("head", flat.head)?, written },
            Type::Lost => {
                // It shows the whole key.
                members.refuse("key", flat.key.as_ref())?;
                Entry::Lost {
                    lost: Box::new(Lost {
                        counter: members.need("counter", flat.counter)?,
                        head: members.need("head", flat.head)?,
                        public: members.need("public", flat.public)?,
                        wait: members.need("wait_days", flat.wait_days)?,
                    }),
                    written,
                }
            }
            Type::Consent => {
                Entry::Consent { request: members.need("request", flat.request)?, written }
            }
            Type::Object => {
                Entry::Object { request: members.need("request", flat.request)?, written }
            }
            Type::Claim => Entry::Claim {
                request: members.need("request", flat.request)?,
                witness: flat.witness,
                written,
            },
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
        let written = chit.written().cloned().unwrap_or_default();
        let mut flat = Self {
            uuid: chit.uuid,
            tally: chit.tally,
            by: chit.by,
            date: chit.date,
            r#type: chit.entry.r#type(),
            units: None,
            settings: None,
            counter: None,
            owe: None,
            close: None,
            lift: None,
            head: None,
            public: None,
            proof: None,
            wait_days: None,
            request: None,
            witness: None,
            r#ref: written.reference,
            memo: written.memo,
            key: written.key,
            sign: written.sign,
        };
        match &chit.entry {
            Entry::Tran { units, .. } => flat.units = Some(*units),
            Entry::Lift { units, lift } => (flat.units, flat.lift) = (Some(*units), Some(*lift)),
            Entry::Set { set, .. } => {
                (flat.settings, flat.counter) = (Some(set.settings), Some(set.counter));
                (flat.owe, flat.close) = (set.owe, set.close.then_some(true));
            }
            Entry::Key { rekey, .. } => {
                (flat.counter, flat.head) = (Some(rekey.counter), Some(rekey.head));
                (flat.public, flat.proof) = (Some(rekey.public), rekey.proof);
            }
            Entry::End { head, .. } => flat.head = Some(*head),
            Entry::Lost { lost, .. } => {
                (flat.counter, flat.head) = (Some(lost.counter), Some(lost.head));
                (flat.public, flat.wait_days) = (Some(lost.public), Some(lost.wait));
            }
            Entry::Consent { request, .. } | Entry::Object { request, .. } => {
                flat.request = Some(*request);
            }
            Entry::Claim { request, witness, .. } => {
                (flat.request, flat.witness) = (Some(*request), *witness);
            }
        }
        flat
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
