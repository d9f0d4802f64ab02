//! Where a table's bytes come from: a file or standard input, unpacked on the way.
//!
//! What is packed is known by its first bytes, not by its name, so standard input works the same.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::PathBuf;

use flate2::bufread::GzDecoder;
use thiserror::Error;

/// Bytes taken at a time from the file.
const CHUNK_BYTES: usize = 1 << 16;
/// Most memory that unpacking xz may take: sixteen times what `xz -9` asks for.
const MAX_XZ_MEMORY_BYTES: u64 = 1 << 30;

/// Where to read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

/// The packed data is broken, ends too early, or asks for more memory than unpacking may take. Travels inside an [`io::Error`], so that readers
/// can tell it from a disk that fails.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "the {format} data is damaged, ends too early, or needs too much memory ({detail}); fetch the file \
     again, or pack it again with the usual settings"
)]
pub struct Damaged {
    /// Which packing: `gzip`, `xz` or `zstd`.
    pub format: &'static str,
    /// What the unpacker said.
    pub detail: String,
}

/// Opens the input and unpacks `.gz`, `.xz` and `.zst`, several streams in a row included.
///
/// # Errors
/// What the file system says; a directory is refused here.
pub fn open(input: &Input) -> io::Result<Box<dyn Read>> {
    match input {
        Input::Stdin => unpacked(io::stdin().lock()),
        Input::File(path) => {
            let file = File::open(path)?;
            if file.metadata()?.is_dir() {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
            }
            unpacked(file)
        }
    }
}

/// The bytes of `raw`, unpacked if they begin like a packed file: gzip, xz or zstd, several streams in
/// a row included. What is damaged is told while it is read, as [`Damaged`] inside the error.
///
/// # Errors
/// What `raw` says, and a system without memory.
pub fn unpacked<'a>(raw: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let (head, whole) = peeked(raw)?;
    let format = Format::of(&head);
    let whole = BufReader::with_capacity(CHUNK_BYTES, whole);
    Ok(match format {
        Format::Plain => Box::new(whole),
        Format::Gzip => checked("gzip", Gzip::new(whole)),
        Format::Xz => {
            let flags = liblzma::stream::CONCATENATED;
            let stream = liblzma::stream::Stream::new_stream_decoder(MAX_XZ_MEMORY_BYTES, flags)?;
            checked("xz", liblzma::bufread::XzDecoder::new_stream(whole, stream))
        }
        // Takes windows up to 128 MiB, like the program `zstd` itself.
        Format::Zstd => checked("zstd", zstd::stream::read::Decoder::with_buffer(whole)?),
    })
}

/// How many bytes [`peeked`] looks at: the longest signature there is.
const HEAD_BYTES: u64 = 6;

/// The first bytes of `raw`, however few come at a time, and a reader that gives all of it.
pub(crate) fn peeked<R: Read>(mut raw: R) -> io::Result<(Vec<u8>, impl Read)> {
    let mut head = Vec::new();
    raw.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(raw)))
}

/// How the input is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Plain,
    Gzip,
    Xz,
    Zstd,
}

impl Format {
    /// Reads the signature that each format begins with; none of them can begin a UTF-8 table.
    fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            // A skippable frame, as parallel packers write first.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

/// Unpacks gzip: members in a row, and zero bytes after the last one, as tapes and block devices pad.
struct Gzip<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Gzip<R> {
    fn new(packed: R) -> Self {
        Self(Some(GzDecoder::new(packed)))
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            let taken = member.read(buffer)?;
            if taken > 0 || buffer.is_empty() {
                return Ok(taken);
            }
            // At its end. Taken out only now: after an interruption it is read on.
            let more = another_member(member.get_mut())?;
            self.0 = self.0.take().filter(|_| more).map(|done| GzDecoder::new(done.into_inner()));
        }
        Ok(0)
    }
}

/// Whether another member follows; zero bytes are passed over, if nothing else is left.
fn another_member(rest: &mut impl BufRead) -> io::Result<bool> {
    let mut padded = false;
    loop {
        let bytes = fill(rest)?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        if bytes.len() > zeros {
            if padded || zeros > 0 {
                let text = "something else follows zero bytes after its end";
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            return Ok(true);
        }
        if zeros == 0 {
            return Ok(false);
        }
        padded = true;
        rest.consume(zeros);
    }
}

/// Marks what an unpacker refuses as [`Damaged`].
struct Checked<R> {
    format: &'static str,
    inner: R,
}

fn checked<'a>(format: &'static str, inner: impl Read + 'a) -> Box<dyn Read + 'a> {
    Box::new(Checked { format, inner })
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| {
            // Only the system's own errors carry a number: those come from below the unpacker.
            if error.raw_os_error().is_some() || error.kind() == io::ErrorKind::Interrupted {
                return error;
            }
            let damaged = Damaged { format: self.format, detail: error.to_string() };
            io::Error::new(io::ErrorKind::InvalidData, damaged)
        })
    }
}

/// Reads on after an interruption; `fill_buf` alone reports it.
pub(crate) fn fill(reader: &mut impl BufRead) -> io::Result<&[u8]> {
    loop {
        match reader.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    reader.fill_buf()
}
