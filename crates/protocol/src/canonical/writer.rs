//! The canonical text of a value, written straight from it: no tree of JSON in between, which takes
//! most of the time of the way over [`Json`](crate::Json). Whatever is out of the ordinary is left
//! to that way, which says what is wrong; a test compares the two.

use std::fmt::Display;

use serde::ser::{self, Serialize};

use crate::json::{EXACT, MAX_DEPTH, MAX_RECORD_BYTES};

/// The text of `value` without null members, and at its top without the members named; none where
/// the longer way has to be gone.
pub(super) fn write<T: Serialize + ?Sized>(value: &T, without: &[&str]) -> Option<String> {
    let mut out = Vec::with_capacity(512);
    value.serialize(To { out: &mut out, depth: 0, without }).ok()?;
    if out.len() > MAX_RECORD_BYTES {
        return None;
    }
    String::from_utf8(out).ok()
}

/// Writes one value at the end of `out`.
struct To<'a> {
    out: &'a mut Vec<u8>,
    /// How many arrays and objects are around it.
    depth: usize,
    without: &'a [&'a str],
}

/// Something out of the ordinary: the longer way says what.
#[derive(Debug)]
struct Unusual;

impl Display for Unusual {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not written the short way")
    }
}

impl std::error::Error for Unusual {}

impl ser::Error for Unusual {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

type Done = Result<(), Unusual>;

fn put_text(out: &mut Vec<u8>, text: &str) -> Done {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return Ok(());
    }
    if text.contains('\0') {
        return Err(Unusual);
    }
    serde_json::to_writer(out, text).map_err(|_| Unusual)
}

/// The members of an object, each written as `"name":value`, to be put in order at its end.
struct Members<'a> {
    out: &'a mut Vec<u8>,
    depth: usize,
    without: &'a [&'a str],
    begin: usize,
    /// Name, where it begins in `out`, where it ends.
    written: Vec<(String, usize, usize)>,
    name: Option<String>,
    /// Around the object: `{"variant":` and `}`.
    variant: bool,
}

impl<'a> Members<'a> {
    fn begin(to: To<'a>) -> Result<Self, Unusual> {
        if to.depth >= MAX_DEPTH {
            return Err(Unusual);
        }
        let (out, depth, without) = (to.out, to.depth + 1, to.without);
        let begin = out.len();
        Ok(Self { out, depth, without, begin, written: Vec::new(), name: None, variant: false })
    }

    fn member<T: Serialize + ?Sized>(&mut self, name: String, value: &T) -> Done {
        let begin = self.out.len();
        put_text(self.out, &name)?;
        self.out.push(b':');
        let place = self.out.len();
        value.serialize(To { out: self.out, depth: self.depth, without: &[] })?;
        // What is left out is written first: it must be within the rules all the same.
        if self.out.get(place..) == Some(b"null") || self.without.contains(&name.as_str()) {
            self.out.truncate(begin);
        } else {
            self.written.push((name, begin, self.out.len()));
        }
        Ok(())
    }

    fn end(mut self) -> Done {
        self.written.sort_by(|(one, ..), (other, ..)| in_order(one, other));
        let twice = self.written.windows(2).any(|pair| matches!(pair, [a, b] if a.0 == b.0));
        if twice {
            return Err(Unusual);
        }
        let members = self.out.split_off(self.begin);
        self.out.push(b'{');
        for (at, (_, begin, end)) in self.written.iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            let place = begin - self.begin..end - self.begin;
            self.out.extend_from_slice(members.get(place).ok_or(Unusual)?);
        }
        self.out.push(b'}');
        if self.variant {
            self.out.push(b'}');
        }
        Ok(())
    }
}

/// RFC 8785: by UTF-16 units.
fn in_order(one: &str, other: &str) -> std::cmp::Ordering {
    if one.is_ascii() && other.is_ascii() {
        one.cmp(other)
    } else {
        one.encode_utf16().cmp(other.encode_utf16())
    }
}

/// The items of an array.
struct Items<'a> {
    out: &'a mut Vec<u8>,
    depth: usize,
    first: bool,
    variant: bool,
}

impl<'a> Items<'a> {
    fn begin(To { out, depth, .. }: To<'a>) -> Result<Self, Unusual> {
        if depth >= MAX_DEPTH {
            return Err(Unusual);
        }
        out.push(b'[');
        Ok(Self { out, depth: depth + 1, first: true, variant: false })
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        value.serialize(To { out: self.out, depth: self.depth, without: &[] })
    }

    fn finish(self) -> Done {
        self.out.extend_from_slice(if self.variant { b"]}" } else { b"]" });
        Ok(())
    }
}

impl<'a> To<'a> {
    /// `{"variant":` where nothing is left out at the top; what follows is one deeper.
    fn variant(self, name: &str) -> Result<Self, Unusual> {
        if self.depth >= MAX_DEPTH || self.without.contains(&name) {
            return Err(Unusual);
        }
        self.out.push(b'{');
        put_text(self.out, name)?;
        self.out.push(b':');
        Ok(Self { out: self.out, depth: self.depth + 1, without: &[] })
    }
}

macro_rules! whole_numbers {
    ($($method:ident $type:ty),*) => { $(
        fn $method(self, number: $type) -> Done {
            let wide = i128::from(number);
            if wide.unsigned_abs() > u128::from(EXACT) {
                return Err(Unusual);
            }
            use std::io::Write as _;
            write!(self.out, "{number}").map_err(|_| Unusual)
        }
    )* };
}

macro_rules! unusual {
    ($($method:ident $type:ty),*) => { $(
        fn $method(self, _: $type) -> Done {
            Err(Unusual)
        }
    )* };
}

impl<'a> ser::Serializer for To<'a> {
    type Ok = ();
    type Error = Unusual;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Members<'a>;
    type SerializeStruct = Members<'a>;
    type SerializeStructVariant = Members<'a>;

    whole_numbers!(
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64
    );
    unusual!(serialize_f32 f32, serialize_f64 f64, serialize_bytes &[u8]);

    fn serialize_bool(self, value: bool) -> Done {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Done {
        put_text(self.out, value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Done {
        put_text(self.out, text)
    }

    fn serialize_none(self) -> Done {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        self.serialize_none()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Done {
        put_text(self.out, name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Done {
        let mut members = Members::begin(self)?;
        members.member(name.to_owned(), value)?;
        members.end()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, Unusual> {
        Items::begin(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, Unusual> {
        Items::begin(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, Unusual> {
        Items::begin(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Items<'a>, Unusual> {
        Ok(Items { variant: true, ..Items::begin(self.variant(name)?)? })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'a>, Unusual> {
        Members::begin(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'a>, Unusual> {
        Members::begin(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Members<'a>, Unusual> {
        Ok(Members { variant: true, ..Members::begin(self.variant(name)?)? })
    }
}

macro_rules! items {
    ($($trait:ident $method:ident),*) => { $(
        impl ser::$trait for Items<'_> {
            type Ok = ();
            type Error = Unusual;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
                self.item(value)
            }

            fn end(self) -> Done {
                self.finish()
            }
        }
    )* };
}
items!(
    SerializeSeq serialize_element, SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field
);

macro_rules! fields {
    ($($trait:ident),*) => { $(
        impl ser::$trait for Members<'_> {
            type Ok = ();
            type Error = Unusual;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Done {
                self.member(name.to_owned(), value)
            }

            fn end(self) -> Done {
                Members::end(self)
            }
        }
    )* };
}
fields!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Members<'_> {
    type Ok = ();
    type Error = Unusual;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        // A name is a text: its own text is written, and read back.
        let begin = self.out.len();
        key.serialize(To { out: self.out, depth: 0, without: &[] })?;
        let written = self.out.split_off(begin);
        let name: String = match written.as_slice() {
            [b'"', plain @ .., b'"'] if !plain.contains(&b'\\') => {
                String::from_utf8(plain.to_vec()).map_err(|_| Unusual)?
            }
            other => serde_json::from_slice(other).map_err(|_| Unusual)?,
        };
        self.name = Some(name);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        let name = self.name.take().ok_or(Unusual)?;
        self.member(name, value)
    }

    fn end(self) -> Done {
        Self::end(self)
    }
}
