//! The head of a record, `kind` and `v`: added to its members when they are written, and taken out
//! of them when they are read.

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{self, Impossible, Serialize, SerializeMap, SerializeStruct, Serializer};

/// Writes the members of a record with its head before them.
pub(crate) struct WithHead<S> {
    kind: &'static str,
    version: u32,
    serializer: S,
}

impl<S: Serializer> WithHead<S> {
    pub(crate) const fn new(kind: &'static str, version: u32, serializer: S) -> Self {
        Self { kind, version, serializer }
    }

    fn begin(self, members: Option<usize>) -> Result<Headed<S::SerializeMap>, S::Error> {
        let mut map = self.serializer.serialize_map(members.map(|members| members + 2))?;
        map.serialize_entry("kind", self.kind)?;
        map.serialize_entry("v", &self.version)?;
        Ok(Headed(map))
    }
}

/// The members after the head.
pub(crate) struct Headed<M>(M);

impl<M: SerializeMap> SerializeStruct for Headed<M> {
    type Ok = M::Ok;
    type Error = M::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        self.0.serialize_entry(name, value)
    }

    fn end(self) -> Result<M::Ok, M::Error> {
        self.0.end()
    }
}

impl<M: SerializeMap> SerializeMap for Headed<M> {
    type Ok = M::Ok;
    type Error = M::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), M::Error> {
        self.0.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), M::Error> {
        self.0.serialize_value(value)
    }

    fn end(self) -> Result<M::Ok, M::Error> {
        self.0.end()
    }
}

fn no_object<T, E: ser::Error>() -> Result<T, E> {
    Err(E::custom("a record must be an object"))
}

macro_rules! no_object {
    ($($method:ident($($arg:ty),*) -> $ok:ty;)*) => { $(
        fn $method(self, $(_: $arg),*) -> Result<$ok, S::Error> {
            no_object()
        }
    )* };
}

impl<S: Serializer> Serializer for WithHead<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = Headed<S::SerializeMap>;
    type SerializeStruct = Headed<S::SerializeMap>;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    fn serialize_struct(
        self,
        _: &'static str,
        members: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        self.begin(Some(members))
    }

    fn serialize_map(self, members: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.begin(members)
    }

    no_object! {
        serialize_bool(bool) -> S::Ok;
        serialize_i8(i8) -> S::Ok;
        serialize_i16(i16) -> S::Ok;
        serialize_i32(i32) -> S::Ok;
        serialize_i64(i64) -> S::Ok;
        serialize_u8(u8) -> S::Ok;
        serialize_u16(u16) -> S::Ok;
        serialize_u32(u32) -> S::Ok;
        serialize_u64(u64) -> S::Ok;
        serialize_f32(f32) -> S::Ok;
        serialize_f64(f64) -> S::Ok;
        serialize_char(char) -> S::Ok;
        serialize_str(&str) -> S::Ok;
        serialize_bytes(&[u8]) -> S::Ok;
        serialize_none() -> S::Ok;
        serialize_unit() -> S::Ok;
        serialize_unit_struct(&'static str) -> S::Ok;
        serialize_unit_variant(&'static str, u32, &'static str) -> S::Ok;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<S::Ok, S::Error> {
        no_object()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        no_object()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        no_object()
    }
}

/// Reads the members of a record as they come, its head taken out and checked on the way.
pub(crate) struct Members<D> {
    kind: &'static str,
    version: u32,
    reader: D,
}

impl<'de, D: Deserializer<'de>> Members<D> {
    pub(crate) const fn new(kind: &'static str, version: u32, reader: D) -> Self {
        Self { kind, version, reader }
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Members<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Self { kind, version, reader } = self;
        reader.deserialize_map(Whole { kind, version, visitor })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// All members, for a visitor that is to see them without the head.
struct Whole<V> {
    kind: &'static str,
    version: u32,
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Whole<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let mut members = Headless { kind: Some(self.kind), version: Some(self.version), map };
        let value = self.visitor.visit_map(&mut members)?;
        if members.kind.is_some() || members.version.is_some() {
            return Err(A::Error::custom("the record has no head"));
        }
        Ok(value)
    }
}

/// The members without the head; what of the head has not been met yet.
struct Headless<A> {
    kind: Option<&'static str>,
    version: Option<u32>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for &mut Headless<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        loop {
            let Some(name) = self.map.next_key::<std::borrow::Cow<'de, str>>()? else {
                return Ok(None);
            };
            let fits = match &*name {
                "kind" => {
                    let kind = self.map.next_value::<std::borrow::Cow<'de, str>>()?;
                    self.kind.take().is_some_and(|expected| expected == kind)
                }
                "v" => {
                    let version = self.map.next_value::<u32>()?;
                    self.version.take().is_some_and(|expected| expected == version)
                }
                name => {
                    let name: StrDeserializer<'_, A::Error> =
                        de::IntoDeserializer::into_deserializer(name);
                    return seed.deserialize(name).map(Some);
                }
            };
            if !fits {
                return Err(A::Error::custom("the record has another head"));
            }
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
