//! The one strict reader of JSON: bytes in, a checked value or a reason out. Records are read from
//! that value in `record.rs`; its canonical text is in `canonical.rs`.

use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess};
use serde::ser::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::text::excerpt;

/// The most bytes of one record: the largest, a contract with its text, needs some tens of
/// kilobytes; a peer may make us hold this much before anything is checked.
pub const MAX_RECORD_BYTES: usize = 256 * 1024;

/// The deepest nesting: records of ours nest five deep, contracts' sections a few more; whoever
/// walks a value may recurse.
pub const MAX_DEPTH: usize = 32;

/// The most characters of a path or a reason that is shown; both may quote what was sent.
const SHOWN: usize = 400;

/// The largest whole number that every JSON reader holds exactly, 2^53-1.
pub(crate) const EXACT: u64 = (1 << 53) - 1;

/// A checked JSON value.
///
/// Within the limits of size and depth, every object's names differ, every number is whole and
/// within ±(2^53-1), and no text holds U+0000. So its canonical form is the same in every language.
#[derive(Clone, Debug, PartialEq)]
pub struct Json(Value);

/// Why bytes are no checked JSON value, or a value is not the record asked for.
///
/// Paths read like `stock.terms.limit` or `sections[2].title`; the whole value is `.`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JsonError {
    /// More than [`MAX_RECORD_BYTES`].
    #[error("{bytes} bytes are more than a record may have ({MAX_RECORD_BYTES})")]
    TooLarge {
        /// Bytes found.
        bytes: usize,
    },
    /// Not JSON in UTF-8; half of a surrogate pair counts as not UTF-8.
    #[error("not JSON: {reason}")]
    Syntax {
        /// What the reader stumbled over, with line and column.
        reason: String,
    },
    /// More than [`MAX_DEPTH`] values inside each other.
    #[error("{path}: nested deeper than {MAX_DEPTH}")]
    TooDeep {
        /// Where.
        path: String,
    },
    /// An object names a member twice, so that readers would differ about its value.
    #[error("{path}: named twice in one object")]
    Repeated {
        /// Which member.
        path: String,
    },
    /// A number that is not a whole number written plainly, or is beyond ±(2^53-1). Fractions,
    /// exponents and `-0` are refused even where their value is whole.
    #[error("{path}: not a plain whole number within ±9007199254740991")]
    Number {
        /// Where.
        path: String,
    },
    /// A text or a name holds U+0000, which databases cannot keep.
    #[error("{path}: text holds the character U+0000")]
    Nul {
        /// Where.
        path: String,
    },
    /// Not the record asked for: a member is missing, unknown, or not of its type.
    #[error("{}{reason}", place(path))]
    Shape {
        /// Where.
        path: String,
        /// What is wrong there.
        reason: String,
    },
    /// Of another kind than asked for, or of none.
    #[error("a record of kind {expected:?} is needed, this is {found}")]
    Kind {
        /// The kind asked for.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// Of a version that this program does not know.
    #[error("{kind:?} of version {found} is not known here, only version {expected}")]
    Version {
        /// The record's kind.
        kind: &'static str,
        /// The version known here.
        expected: u32,
        /// What stands there.
        found: String,
    },
    /// Means what a record means, but spells it in another way than this program does, so that its
    /// hash and signatures would differ.
    #[error(
        "{kind:?} is not in its one spelling: a member that has its default value is written out, \
         or a list stands for an object"
    )]
    Spelling {
        /// The record's kind.
        kind: &'static str,
    },
}

fn place(path: &str) -> String {
    if path == "." { String::new() } else { format!("{path}: ") }
}

/// Reads one JSON value; nothing but white space may surround it.
///
/// # Errors
/// [`JsonError`] names what is refused and where. Memory and time are bounded by
/// [`MAX_RECORD_BYTES`].
pub fn parse(bytes: &[u8]) -> Result<Json, JsonError> {
    if bytes.len() > MAX_RECORD_BYTES {
        return Err(JsonError::TooLarge { bytes: bytes.len() });
    }
    let mut walk = Walk::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = walk.deserialize(&mut reader).and_then(|value| {
        reader.end()?;
        Ok(Json(value))
    });
    read.map_err(|error| walk.fault.unwrap_or(JsonError::Syntax { reason: error.to_string() }))
}

impl Json {
    /// The checked form of anything serialisable.
    ///
    /// # Errors
    /// [`JsonError`] where the value breaks a rule of [`Json`].
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, JsonError> {
        let unchecked = serde_json::to_value(value).map_err(|error| JsonError::Shape {
            path: ".".to_owned(),
            reason: error.to_string(),
        })?;
        let mut walk = Walk::default();
        let read = walk.deserialize(&unchecked);
        let value = read.map_err(|error| {
            let reason = error.to_string();
            walk.fault.unwrap_or(JsonError::Shape { path: ".".to_owned(), reason })
        })?;
        Ok(Self(value))
    }

    /// Reads a typed value from this one.
    ///
    /// # Errors
    /// [`JsonError::Shape`] with the member's path.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        serde_path_to_error::deserialize(&self.0).map_err(|error| JsonError::Shape {
            path: excerpt(&error.path().to_string(), SHOWN),
            reason: excerpt(&error.inner().to_string(), SHOWN),
        })
    }

    /// The value, to look into.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// A member of this object, where this is one and has it.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// This value without null members of objects, at any depth, and, where it is an object,
    /// without the members named.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        if let Value::Object(members) = &mut self.0 {
            members.retain(|name, _| !names.contains(&name.as_str()));
        }
        drop_nulls(&mut self.0);
        self
    }
}

/// Reads a value by the rules of [`Json`] from any reader, as a part of something else.
pub(crate) fn checked<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
    let mut walk = Walk::default();
    let read = walk.deserialize(from);
    read.map_err(|error| walk.fault.map_or(error, D::Error::custom))
}

/// Whether two values are the same but for null members of objects.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let there = |members: &Map<String, Value>| {
                members.values().filter(|member| !member.is_null()).count()
            };
            let found = |(name, member): (&String, &Value)| {
                member.is_null() || other.get(name).is_some_and(|other| same(member, other))
            };
            there(one) == there(other) && one.iter().all(found)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (one, other) => one == other,
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Builds a checked value; keeps the place, and the first rule broken.
#[derive(Default)]
struct Walk {
    path: Vec<Step>,
    fault: Option<JsonError>,
}

enum Step {
    Member(String),
    Item(usize),
}

impl Walk {
    fn place(&self) -> String {
        let mut place = String::new();
        for step in &self.path {
            match step {
                Step::Member(name) if place.is_empty() => place.push_str(name),
                Step::Member(name) => place.extend([".", name]),
                Step::Item(index) => place.push_str(&format!("[{index}]")),
            }
        }
        if place.is_empty() { ".".to_owned() } else { excerpt(&place, SHOWN) }
    }

    fn refuse<T, E: Error>(&mut self, fault: fn(String) -> JsonError) -> Result<T, E> {
        self.fault = Some(fault(self.place()));
        Err(E::custom("refused"))
    }

    /// Refuses an array or object inside [`MAX_DEPTH`] others.
    fn check_depth<E: Error>(&mut self) -> Result<(), E> {
        if self.path.len() >= MAX_DEPTH {
            return self.refuse(|path| JsonError::TooDeep { path });
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for &mut Walk {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> serde::de::Visitor<'de> for &mut Walk {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > EXACT {
            return self.refuse(|path| JsonError::Number { path });
        }
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        if value > EXACT {
            return self.refuse(|path| JsonError::Number { path });
        }
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Value, E> {
        self.refuse(|path| JsonError::Number { path })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        if text.contains('\0') {
            return self.refuse(|path| JsonError::Nul { path });
        }
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        self.check_depth()?;
        let mut items = Vec::new();
        loop {
            self.path.push(Step::Item(items.len()));
            let Some(item) = seq.next_element_seed(&mut *self)? else { break };
            items.push(item);
            self.path.pop();
        }
        self.path.pop();
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        self.check_depth()?;
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            self.path.push(Step::Member(name.clone()));
            if name.contains('\0') {
                return self.refuse(|path| JsonError::Nul { path: path.replace('\0', "\\u0000") });
            }
            if members.contains_key(&name) {
                return self.refuse(|path| JsonError::Repeated { path });
            }
            let value = map.next_value_seed(&mut *self)?;
            self.path.pop();
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}
