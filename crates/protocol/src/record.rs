//! Records: what every signed thing has in common (protocol §3). The kinds are in modules of their
//! own; signatures over records are in `signature.rs`.

mod head;

use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde::ser::Serialize;
use serde_json::Value;

use crate::canonical::CanonicalText;
use crate::ids::Hash;
use crate::json::{self, Json, JsonError};
use crate::key::PublicKey;
use crate::signature::{SignError, Signature, SignatureFault, Signer};

/// A JSON object that is hashed and signed as a whole.
///
/// Its JSON form holds the members `kind` and `v`, also where the record stands inside another; so
/// no signature of one kind can serve as another. Members that are not known are refused: what is
/// signed must be understood. So is every spelling but one: a member that is left out when it has
/// its default value must not be written out.
///
/// Implemented by the macro `record!` next to the struct.
pub trait Record: Serialize + DeserializeOwned {
    /// The `kind` member.
    const KIND: &'static str;
    /// The `v` member.
    const VERSION: u32;
    /// Members at the top that the canonical form leaves out: signatures, and what is computed
    /// from the rest.
    const OUTSIDE: &'static [&'static str];

    /// Reads a record from JSON text.
    ///
    /// # Errors
    /// [`JsonError`] says what is refused and where.
    fn read(bytes: &[u8]) -> Result<Self, JsonError> {
        // Most bytes are what a program like this one wrote: the one canonical text of a record.
        // Nothing else makes that same text, so nothing else needs to be looked at.
        if bytes.len() <= json::MAX_RECORD_BYTES
            && let Ok(record) = Self::read_plainly(bytes)
            && record.to_text().is_ok_and(|text| text.as_bytes() == bytes)
        {
            return Ok(record);
        }
        Self::from_json(&json::parse(bytes)?)
    }

    /// Reads a record from JSON text as it comes: what comes back says only what it says itself.
    /// [`Record::read`] is what checks.
    ///
    /// # Errors
    /// That it is no such record; why is not said.
    #[doc(hidden)]
    fn read_plainly(bytes: &[u8]) -> Result<Self, serde_json::Error>;

    /// Reads a record from a checked value.
    ///
    /// # Errors
    /// [`JsonError`] says what is refused and where.
    fn from_json(value: &Json) -> Result<Self, JsonError> {
        check_head(value.member("kind"), value.member("v"), Self::KIND, Self::VERSION)?;
        value.read()
    }

    /// The record as a checked value, signatures included.
    ///
    /// # Errors
    /// [`JsonError`] where a member breaks a rule of [`Json`].
    fn to_json(&self) -> Result<Json, JsonError> {
        Json::of(self)
    }

    /// The record as text, signatures included, null members left out: how it is kept and sent.
    ///
    /// # Errors
    /// [`JsonError`] where a member breaks a rule of [`Json`].
    fn to_text(&self) -> Result<CanonicalText, JsonError> {
        CanonicalText::written(self, &[])
    }

    /// The text that is hashed and signed: without signatures and null members.
    ///
    /// # Errors
    /// [`JsonError`] where a member breaks a rule of [`Json`].
    fn canonical(&self) -> Result<CanonicalText, JsonError> {
        CanonicalText::written(self, Self::OUTSIDE)
    }

    /// The record's hash: SHA-256 of its canonical form.
    ///
    /// # Errors
    /// [`JsonError`] where a member breaks a rule of [`Json`].
    fn hash(&self) -> Result<Hash, JsonError> {
        Ok(self.canonical()?.hash())
    }

    /// A signature over this record's canonical form.
    ///
    /// # Errors
    /// [`SignError`] where there is no canonical form, or the signer has its reason.
    fn sign_with<S: Signer + ?Sized>(&self, signer: &S) -> Result<Signature, SignError> {
        signer.sign(self.canonical()?.as_bytes())
    }

    /// Checks a signature over this record's canonical form; `by` names whose it should be.
    ///
    /// # Errors
    /// [`SignatureFault`] where it is missing or wrong.
    fn check_signature(
        &self,
        by: &'static str,
        key: &PublicKey,
        signature: Option<&Signature>,
    ) -> Result<(), SignatureFault> {
        let signature = signature.ok_or(SignatureFault::Missing { by })?;
        if key.verifies(self.canonical()?.as_bytes(), signature) {
            Ok(())
        } else {
            Err(SignatureFault::Wrong { by })
        }
    }
}

/// Makes a struct a record.
///
/// The struct derives `Serialize` and `Deserialize` with `#[serde(remote = "Self",
/// deny_unknown_fields)]` and declares its members only; this adds `kind` and `v`. Members are of
/// types whose JSON is within the limits (`Units`, `Rate`, `u32`, …). Optional ones are plain
/// `Option`s, or skipped at their default both ways.
///
/// `record!(Chit, "chit", 1);` leaves `sign` out of the canonical form;
/// `record!(Contract, "contract", 1, outside: ["rid"]);` leaves out `rid`.
macro_rules! record {
    ($type:ty, $kind:literal, $version:literal) => {
        $crate::record::record!($type, $kind, $version, outside: ["sign"]);
    };
    ($type:ty, $kind:literal, $version:literal, outside: [$($member:literal),* $(,)?]) => {
        impl $crate::record::Record for $type {
            const KIND: &'static str = $kind;
            const VERSION: u32 = $version;
            const OUTSIDE: &'static [&'static str] = &[$($member),*];

            fn read_plainly(bytes: &[u8]) -> Result<Self, serde_json::Error> {
                let mut reader = serde_json::Deserializer::from_slice(bytes);
                let members = $crate::record::Members::new($kind, $version, &mut reader);
                let record = <$type>::deserialize(members)?;
                reader.end()?;
                Ok(record)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                <$type>::serialize(self, $crate::record::WithHead::new($kind, $version, serializer))
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let members = $crate::record::open($kind, $version, from)?;
                let mut track = serde_path_to_error::Track::new();
                let record =
                    <$type>::deserialize(serde_path_to_error::Deserializer::new(&members, &mut track))
                        .map_err(|error| $crate::record::inside(&track.path(), &error))?;
                let spelled = <$type>::serialize(&record, serde_json::value::Serializer);
                $crate::record::close($kind, &members, spelled)?;
                Ok(record)
            }
        }
    };
}

pub(crate) use head::{Members, WithHead};
pub(crate) use record;

/// Reads the members of a record, `kind` and `v` checked and taken out: wherever a record stands, it
/// keeps the rules of [`Json`], so no member is named twice.
pub(crate) fn open<'de, D: Deserializer<'de>>(
    kind: &'static str,
    version: u32,
    from: D,
) -> Result<Value, D::Error> {
    let Value::Object(mut members) = json::checked(from)? else {
        return Err(D::Error::custom("a record is an object"));
    };
    check_head(members.get("kind"), members.get("v"), kind, version).map_err(D::Error::custom)?;
    members.remove("kind");
    members.remove("v");
    Ok(Value::Object(members))
}

/// Refuses a record that would be written in another way than it was read: whatever we sign or hash
/// later is made from the record.
pub(crate) fn close<E: serde::de::Error>(
    kind: &'static str,
    read: &Value,
    spelled: Result<Value, serde_json::Error>,
) -> Result<(), E> {
    let spelled = spelled.map_err(E::custom)?;
    if json::same(read, &spelled) { Ok(()) } else { Err(E::custom(JsonError::Spelling { kind })) }
}

/// Names the member inside a record that was refused; the reader of the whole names the way there.
pub(crate) fn inside<E: serde::de::Error>(
    path: &serde_path_to_error::Path,
    error: &serde_json::Error,
) -> E {
    match path.to_string().as_str() {
        "." => E::custom(error),
        path => E::custom(format_args!("{path}: {error}")),
    }
}

fn check_head(
    found_kind: Option<&Value>,
    found_version: Option<&Value>,
    kind: &'static str,
    version: u32,
) -> Result<(), JsonError> {
    let shown = |found: Option<&Value>| match found {
        None => "without one".to_owned(),
        Some(Value::String(text)) if text.len() > 40 => "a long text".to_owned(),
        Some(found @ (Value::String(_) | Value::Number(_))) => found.to_string(),
        Some(_) => "neither text nor number".to_owned(),
    };
    if found_kind.and_then(Value::as_str) != Some(kind) {
        return Err(JsonError::Kind { expected: kind, found: shown(found_kind) });
    }
    if found_version.and_then(Value::as_u64) != Some(u64::from(version)) {
        let found = shown(found_version);
        return Err(JsonError::Version { kind, expected: version, found });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::key::SecretKey;
    use crate::signature::{Signed, Verified};
    use crate::units::Units;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(remote = "Self", deny_unknown_fields)]
    struct Note {
        units: Units,
        memo: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tags: Vec<String>,
        sign: Option<Signature>,
    }
    record!(Note, "note", 1);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(remote = "Self", deny_unknown_fields)]
    struct Folder {
        first: Note,
        rid: Option<Hash>,
    }
    record!(Folder, "folder", 2, outside: ["rid"]);

    impl Signed for Note {
        type Keys = PublicKey;

        fn check_signatures(&self, key: &PublicKey) -> Result<(), SignatureFault> {
            self.check_signature("writer", key, self.sign.as_ref())
        }
    }

    fn note() -> Note {
        Note { units: Units::new(5).unwrap(), memo: None, tags: vec![], sign: None }
    }

    #[test]
    fn canonical_form_has_kind_and_version_and_no_signature() {
        let mut note = note();
        assert_eq!(note.canonical().unwrap().as_str(), r#"{"kind":"note","units":5,"v":1}"#);
        let unsigned = note.hash().unwrap();
        note.sign = Some(Signature::from_bytes([7; 64]));
        assert_eq!(note.hash().unwrap(), unsigned);
        assert!(note.to_text().unwrap().as_str().contains(r#""sign":"BwcH"#));
    }

    #[test]
    fn record_inside_a_record_keeps_its_head_and_signature() {
        let mut first = note();
        first.sign = Some(Signature::from_bytes([7; 64]));
        let folder = Folder { first, rid: Some(Hash::of(b"")) };
        let text = folder.canonical().unwrap();
        assert!(text.as_str().starts_with(r#"{"first":{"kind":"note","sign":"BwcH"#), "{text}");
        assert!(!text.as_str().contains("rid"));
        assert_eq!(Folder::read(folder.to_text().unwrap().as_bytes()).unwrap(), folder);
    }

    #[track_caller]
    fn refused<T: Record + std::fmt::Debug>(text: &str, reason: &str) {
        assert_eq!(T::read(text.as_bytes()).unwrap_err().to_string(), reason);
    }

    #[test]
    fn other_records_are_refused_with_the_reason() {
        refused::<Note>(
            r#"{"kind":"chit","v":1,"units":5}"#,
            r#"a record of kind "note" is needed, this is "chit""#,
        );
        refused::<Note>(
            r#"{"v":1,"units":5}"#,
            r#"a record of kind "note" is needed, this is without one"#,
        );
        refused::<Note>(
            r#"{"kind":"note","v":2,"units":5}"#,
            r#""note" of version 2 is not known here, only version 1"#,
        );
        refused::<Note>(
            r#"{"kind":"note","v":1,"units":5,"colour":3}"#,
            "colour: unknown field `colour`, expected one of `units`, `memo`, `tags`, `sign`",
        );
        refused::<Note>(r#"{"kind":"note","v":1}"#, "missing field `units`");
        refused::<Note>(
            r#"{"kind":"note","v":1,"units":5,"tags":[]}"#,
            r#""note" is not in its one spelling: a member that has its default value is written out, or a list stands for an object"#,
        );
        refused::<Folder>(
            r#"{"kind":"folder","v":2,"first":{"kind":"note","v":1,"units":"5"}}"#,
            "first: units: invalid type: string \"5\", expected i64",
        );
        refused::<Folder>(
            r#"{"kind":"folder","v":2,"first":{"kind":"folder","v":1,"units":5}}"#,
            r#"first: a record of kind "note" is needed, this is "folder""#,
        );
    }

    /// What is no record, and holds one: a state, an invitation, a command.
    #[derive(Debug, Deserialize)]
    struct Envelope {
        inside: Folder,
    }

    #[test]
    fn a_record_in_what_is_no_record_keeps_its_one_spelling() {
        let read = |note: &str| {
            let text = format!(r#"{{"inside":{{"kind":"folder","v":2,"first":{note}}}}}"#);
            let read = serde_json::from_str::<Envelope>(&text);
            read.map(|read| read.inside.first).map_err(|error| error.to_string())
        };
        let whole = read(r#"{"kind":"note","v":1,"units":5,"memo":null,"tags":["a"]}"#).unwrap();
        assert_eq!(whole, Note { tags: vec!["a".to_owned()], ..note() });
        let refused = |note: &str, why: &str| {
            let reason = read(note).unwrap_err();
            assert!(reason.contains(why), "{note}: {reason}");
        };
        refused(r#"{"kind":"note","v":1,"units":5,"units":5}"#, "units: named twice in one object");
        refused(r#"{"kind":"note","kind":"note","v":1,"units":5}"#, "kind: named twice");
        refused(r#"{"kind":"note","v":1,"units":5,"tags":[]}"#, "not in its one spelling");
        refused(r#"[5,null,[],null]"#, "a record is an object");
        refused(r#"{"kind":"note","v":1,"units":5.0}"#, "not a plain whole number");
    }

    #[test]
    fn verified_only_by_the_right_key_over_this_very_record() {
        let key = SecretKey::ed25519(&[1; 32]);
        let other = SecretKey::p256(&[1; 32]).unwrap();
        let mut note = note();
        assert_eq!(
            Verified::check(note.clone(), &key.public_key()),
            Err(SignatureFault::Missing { by: "writer" })
        );
        note.sign = Some(note.sign_with(&key).unwrap());
        assert_eq!(*Verified::check(note.clone(), &key.public_key()).unwrap(), note);
        let wrong = Err(SignatureFault::Wrong { by: "writer" });
        assert_eq!(Verified::check(note.clone(), &other.public_key()), wrong);
        note.units = Units::new(6).unwrap();
        assert_eq!(Verified::check(note, &key.public_key()), wrong);
    }
}
