//! Markers: what names somebody or something, in every form in which it may stand in bytes; and the search for all of
//! them at once, in one pass.

use std::collections::BTreeSet;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

/// So many bytes are compared first.
const WINDOW: usize = 8;

/// A shorter form need not have a whole window where the search looks: it looks at every eighth byte only.
const SHORTEST: usize = 2 * WINDOW - 1;

/// How many windows are told apart by their hash.
const BUCKETS: usize = 1 << 16;

/// A form of a marker, and which marker's.
#[derive(Debug)]
struct Form {
    bytes: Vec<u8>,
    of: usize,
}

/// Where a window stands in a form.
#[derive(Clone, Copy, Debug)]
struct Seen {
    window: u64,
    form: usize,
    offset: usize,
}

/// All forms of all markers, each marker by its number.
#[derive(Debug)]
pub(super) struct Markers {
    forms: Vec<Form>,
    buckets: Vec<Vec<Seen>>,
}

impl Default for Markers {
    fn default() -> Self {
        Self { forms: Vec::new(), buckets: vec![Vec::new(); BUCKETS] }
    }
}

impl Markers {
    /// Takes in bytes as they are, and in hex, base64 and base58; what stands before them in the same base64 may shift
    /// them by one byte or two. Fewer than 15 bytes are too few to be told from chance, and are left out.
    pub(super) fn add(&mut self, of: usize, bytes: &[u8]) {
        if bytes.len() < SHORTEST {
            return;
        }
        let mut forms = BTreeSet::from([
            bytes.to_vec(),
            HEXLOWER.encode(bytes).into_bytes(),
            HEXUPPER.encode(bytes).into_bytes(),
            bs58::encode(bytes).into_vec(),
        ]);
        for before in 0..3 {
            let shifted = [&[0; 3][..before], bytes].concat();
            // Characters that hold bits of something else too are cut off.
            let from = (before * 8).div_ceil(6);
            let to = shifted.len() * 8 / 6;
            for encoding in [&BASE64URL_NOPAD, &BASE64_NOPAD] {
                let text = encoding.encode(&shifted);
                forms.extend(text.as_bytes().get(from..to).map(<[u8]>::to_vec));
            }
        }
        for bytes in forms {
            self.put(Form { bytes, of });
        }
    }

    fn put(&mut self, form: Form) {
        for offset in 0..WINDOW {
            let Some(window) = form.bytes.get(offset..).and_then(window) else { continue };
            let seen = Seen { window, form: self.forms.len(), offset };
            self.buckets[bucket(window)].push(seen);
        }
        self.forms.push(form);
    }

    /// Which markers stand in these bytes.
    pub(super) fn found(&self, bytes: &[u8]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for (number, chunk) in bytes.chunks_exact(WINDOW).enumerate() {
            let Some(window) = window(chunk) else { continue };
            for seen in &self.buckets[bucket(window)] {
                if seen.window == window
                    && let Some(from) = (number * WINDOW).checked_sub(seen.offset)
                    && let Some(form) = self.forms.get(seen.form)
                    && bytes[from..].starts_with(&form.bytes)
                {
                    found.insert(form.of);
                }
            }
        }
        found
    }
}

fn window(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().map(|eight| u64::from_le_bytes(*eight))
}

fn bucket(window: u64) -> usize {
    let mixed = window.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
    usize::try_from(mixed).unwrap_or(0) % BUCKETS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each form in every place of a text, and nothing where one byte is another.
    #[test]
    fn a_marker_is_found_in_every_form_at_every_place() {
        let key: Vec<u8> = (0..32).map(|n| n * 7 + 1).collect();
        let name = b"ann-0a1b2c3d4e5f";
        let mut markers = Markers::default();
        markers.add(3, &key);
        markers.add(5, name);
        let mut written: Vec<(usize, Vec<u8>)> = Vec::new();
        for (of, bytes) in [(3, &key[..]), (5, &name[..])] {
            written.push((of, bytes.to_vec()));
            written.push((of, HEXLOWER.encode(bytes).into_bytes()));
            written.push((of, HEXUPPER.encode(bytes).into_bytes()));
            written.push((of, bs58::encode(bytes).into_vec()));
            for before in 0..4 {
                let among = [&b"abcd"[..before], bytes, &b"efgh"[..]].concat();
                written.push((of, BASE64URL_NOPAD.encode(&among).into_bytes()));
                written.push((of, BASE64_NOPAD.encode(&among).into_bytes()));
            }
        }
        for (of, form) in written {
            for place in 0..20 {
                let text = [&vec![b'.'; place][..], &form, &b"\"}"[..]].concat();
                assert_eq!(markers.found(&text), BTreeSet::from([of]), "at {place}: {form:?}");
                let mut other = text.clone();
                other[place + form.len() / 2] ^= 1;
                assert_eq!(markers.found(&other), BTreeSet::new(), "at {place}: {form:?}");
            }
        }
    }

    #[test]
    fn what_is_too_short_to_be_told_from_chance_is_no_marker() {
        let mut markers = Markers::default();
        markers.add(0, b"ann");
        assert_eq!(markers.found(b"ann and ann and ann and ann"), BTreeSet::new());
    }
}
