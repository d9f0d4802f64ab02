//! Packed tables: every format, several streams in a row, and data that ends too early.

use std::io::{Read, Write};
use std::path::PathBuf;

use proptest::prelude::*;
use setoff::{Damaged, Input, ReadError, ReadOptions, Refusal, open, read_table, unpacked};

const TABLE: &str = "debtor,creditor,amount\nAnn,Bob,1\nBob,Cid,2\nCid,Ann,3\n";

fn gzip(text: &str) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap()
}

fn xz(text: &str) -> Vec<u8> {
    let mut writer = liblzma::write::XzEncoder::new(Vec::new(), 6);
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap()
}

fn zstd(text: &str) -> Vec<u8> {
    let mut writer = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
    writer.include_checksum(true).unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap()
}

/// What would take more memory to unpack than it may: a dictionary of 1.5 GiB, a window of 2 GiB.
#[test]
fn what_needs_too_much_memory_is_refused_and_says_so() {
    let mut options = liblzma::stream::LzmaOptions::new_preset(0).unwrap();
    options.dict_size(1_536 << 20).mode(liblzma::stream::Mode::Fast);
    let mut filters = liblzma::stream::Filters::new();
    filters.lzma2(&options);
    let check = liblzma::stream::Check::Crc32;
    let stream = liblzma::stream::Stream::new_stream_encoder(&filters, check).unwrap();
    let mut xz = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    xz.write_all(TABLE.as_bytes()).unwrap();
    // Magic number, then a frame header that names a window and no size.
    let zstd = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00];
    for bytes in [xz.finish().unwrap(), zstd] {
        let mut reader = unpacked(&bytes[..]).unwrap();
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("needs too much memory"), "{error}");
        assert!(error.get_ref().unwrap().is::<Damaged>());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_unpacked_or_a_reason_is_given(
        format in prop::sample::select(vec![&b""[..], b"\x1f\x8b\x08\x00", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"]),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [format, &bytes].concat();
        let mut reader = unpacked(&bytes[..]).unwrap().take(1 << 20);
        if let Err(error) = reader.read_to_end(&mut Vec::new()) {
            prop_assert!(error.get_ref().is_some_and(|inner| inner.is::<Damaged>()), "{error}");
        }
        let _ = read_table(unpacked(&bytes[..]).unwrap().take(1 << 20), &ReadOptions::default());
    }
}

const PACKERS: [fn(&str) -> Vec<u8>; 3] = [gzip, xz, zstd];

/// A file with these bytes, under a name that says nothing about packing.
fn file(folder: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("table");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn every_packing_is_read_in_one_stream_or_several() {
    let folder = tempfile::tempdir().unwrap();
    let (head, tail) = TABLE.split_at(30);
    for pack in PACKERS {
        for bytes in [pack(TABLE), [pack(head), pack(tail)].concat()] {
            let reader = open(&Input::File(file(&folder, &bytes))).unwrap();
            let table = read_table(reader, &ReadOptions::default()).unwrap();
            assert_eq!(table.debts.len(), 3);
        }
    }
}

#[test]
fn gzip_may_be_padded_with_zero_bytes_and_with_nothing_else() {
    let read = |tail: &[u8]| {
        let bytes = [&gzip(TABLE), tail].concat();
        let mut text = String::new();
        unpacked(&bytes[..]).unwrap().read_to_string(&mut text).map(|_| text)
    };
    for zeros in [1, 511, 200_000] {
        assert_eq!(read(&vec![0; zeros]).unwrap(), TABLE);
    }
    for junk in [&b"x"[..], b"\0\0x", &[&vec![0; 100_000][..], b"junk"].concat()] {
        let error = read(junk).unwrap_err();
        assert!(error.get_ref().unwrap().is::<Damaged>(), "{error}");
    }
    assert!(read(&[&[0; 8][..], &gzip(TABLE)].concat()).is_err(), "padding is only at the end");
}

#[test]
fn packed_data_that_ends_too_early_is_refused_wherever_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    for pack in PACKERS {
        let bytes = pack(TABLE);
        for length in 6..bytes.len() {
            let reader = open(&Input::File(file(&folder, &bytes[..length]))).unwrap();
            let refused = read_table(reader, &ReadOptions::default());
            assert!(
                matches!(refused, Err(ReadError::Refused(Refusal::Damaged(_)))),
                "{length} of {} bytes: {refused:?}",
                bytes.len()
            );
        }
    }
}

#[test]
fn packed_data_with_a_wrong_byte_is_refused_or_read_right() {
    let folder = tempfile::tempdir().unwrap();
    for pack in PACKERS {
        let bytes = pack(TABLE);
        for place in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[place] ^= 0x55;
            let mut read = Vec::new();
            let reader = open(&Input::File(file(&folder, &bytes)));
            // Bytes that are no part of the data proper, the time and system in gzip, may be anything.
            if reader.and_then(|mut reader| reader.read_to_end(&mut read)).is_ok() && read.len() > 6
            {
                let packed_no_more = read == bytes;
                assert!(packed_no_more || read == TABLE.as_bytes() || place < 10, "byte {place}");
            }
        }
    }
}

#[test]
fn a_folder_and_a_missing_file_are_the_systems_errors() {
    let folder = tempfile::tempdir().unwrap();
    assert!(open(&Input::File(folder.path().to_owned())).is_err());
    assert!(open(&Input::File(folder.path().join("none"))).is_err());
}
