//! What untrusted bytes meet first, for the fuzz targets in `fuzz/`: there is no such module in any
//! other build.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{AsyncRead, FutureExt as _};
use libp2p_core::Multiaddr;
use libp2p_request_response::Codec as _;
use libp2p_swarm::StreamProtocol;
use protocol::address::Endpoint;

use crate::codec::{Frames, Got, frame};
use crate::frame::Reply;
use crate::place;
use crate::table::{Kind, MAX_REPLY_BYTES};

const VERSION: StreamProtocol = StreamProtocol::new("/mychips/1");

/// Bytes that come a few at a time, as over a slow line.
struct Drip<'a> {
    bytes: &'a [u8],
    at_once: usize,
}

impl AsyncRead for Drip<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let some = into.len().min(self.at_once).min(self.bytes.len());
        let (now, later) = self.bytes.split_at(some);
        into[..some].copy_from_slice(now);
        self.bytes = later;
        Poll::Ready(Ok(some))
    }
}

/// Reads a message from a stream with these bytes, which come so many at once, where there is so much
/// room for messages; gives it where it is whole.
///
/// # Panics
/// Where the reader breaks one of its own rules.
#[must_use]
pub fn message(bytes: &[u8], at_once: u8, room: u16) -> Option<(Kind, Vec<u8>)> {
    let frames = Frames::new(room.into(), Duration::from_secs(1));
    let mut io = Drip { bytes, at_once: usize::from(at_once).max(1) };
    let got = frames.read(&mut io).now_or_never().expect("all bytes are there");
    let whole = match got {
        Ok(Got::Whole(kind, read, taken)) => {
            assert!(read.len() <= kind.row().max_bytes.min(room.into()), "more than allowed");
            assert_eq!(frames.free(), usize::from(room) - read.len());
            drop(taken);
            assert_eq!(&*frame(kind, &read), bytes, "written as it was read");
            Some((kind, read))
        }
        Ok(_) | Err(_) => None,
    };
    assert_eq!(frames.free(), usize::from(room), "room is lost");
    whole
}

/// Reads an answer from a stream with these bytes; says whether it is one.
///
/// # Panics
/// Where the reader breaks one of its own rules.
#[must_use]
pub fn reply(bytes: &[u8], at_once: u8) -> bool {
    let read = |bytes: &[u8], at_once| {
        let mut frames = Frames::new(0, Duration::from_secs(1));
        let mut io = Drip { bytes, at_once };
        frames.read_response(&VERSION, &mut io).now_or_never().expect("all bytes are there")
    };
    let Ok(reply) = read(bytes, usize::from(at_once).max(1)) else { return false };
    if let Reply::Refused(reason) | Reply::Later(_, reason) = &reply {
        assert!(!reason.contains(char::is_control), "a line of its own");
    }
    let written = reply.write();
    assert!(written.len() <= MAX_REPLY_BYTES + 5);
    assert_eq!(read(&written, usize::MAX).expect("what was read is written"), reply);
    true
}

/// The place that an address of libp2p's is, given as its bytes or its text.
///
/// # Panics
/// Where the reader breaks one of its own rules.
#[must_use]
pub fn place(bytes: &[u8]) -> Option<Endpoint> {
    let text = || std::str::from_utf8(bytes).ok()?.parse().ok();
    let address = Multiaddr::try_from(bytes.to_vec()).ok().or_else(text)?;
    let place = place::read(&address)?;
    let met = place::number(&place.host).expect("a number: names are not read");
    // Whoever is met there may say so; and what is written is read.
    let believed = place::believed(
        &[address, place::multiaddr((met, place.port).into(), place.transport)],
        met,
        1,
    );
    assert!(believed.is_empty() == place::reach(met).is_none());
    assert!(believed.iter().all(|one| *one == place));
    Some(place)
}
