//! Frames on a stream: read within limits of size, time and memory, and written. What is wrong with a
//! message that comes is a value, since libp2p tells nobody of streams that fail while they are read.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use libp2p_request_response::Codec;
use libp2p_swarm::StreamProtocol;
use protocol::json::MAX_RECORD_BYTES;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::frame::{BadReply, HEAD_BYTES, Head, Reply};
use crate::limits::CHUNK_BYTES;
use crate::table::Kind;

/// A message on its way out, or what came in.
#[derive(Debug)]
pub(crate) enum Request {
    /// A whole frame to be sent.
    Send(Arc<[u8]>),
    /// What came.
    Got(Got),
}

/// What came.
#[derive(Debug)]
pub(crate) enum Got {
    /// A message, and the room that it takes.
    Whole(Kind, Vec<u8>, Option<OwnedSemaphorePermit>),
    /// There was no room for it.
    NoRoom,
    /// A kind without a row.
    KindUnknown,
    /// More bytes than its kind may have; none of them were read.
    TooLarge(Kind, u32),
    /// It did not come in time.
    Stalled,
    /// It ended too early.
    Short,
    /// It did not end at its end.
    Garbage,
}

/// Reads and writes frames; copies share the room for messages.
#[derive(Clone)]
pub(crate) struct Frames {
    room: Arc<Semaphore>,
    read_within: Duration,
}

impl Frames {
    pub(crate) fn new(bytes: usize, read_within: Duration) -> Self {
        let room = bytes.min(Semaphore::MAX_PERMITS);
        Self { room: Arc::new(Semaphore::new(room)), read_within }
    }

    /// How many bytes there is room for.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn free(&self) -> usize {
        self.room.available_permits()
    }

    /// Reads a message from a stream.
    pub(crate) async fn read(&self, io: &mut (impl AsyncRead + Unpin + Send)) -> io::Result<Got> {
        let mut head = [0; HEAD_BYTES];
        io.read_exact(&mut head).await?;
        let head = Head::read(head);
        let length = usize::try_from(head.length).unwrap_or(usize::MAX);
        let Some(kind) = Kind::of_byte(head.byte) else {
            // So that whoever sends it hears the answer: a program that is newer than this one.
            pass_over(io, length.min(MAX_RECORD_BYTES)).await?;
            return Ok(Got::KindUnknown);
        };
        if length > kind.row().max_bytes {
            return Ok(Got::TooLarge(kind, head.length));
        }
        let mut bytes = Vec::new();
        let mut room: Option<OwnedSemaphorePermit> = None;
        while bytes.len() < length {
            let chunk = CHUNK_BYTES.min(length - bytes.len());
            let needed = u32::try_from(chunk).unwrap_or(u32::MAX);
            let Ok(more) = Arc::clone(&self.room).try_acquire_many_owned(needed) else {
                drop(room);
                pass_over(io, length - bytes.len()).await?;
                return Ok(Got::NoRoom);
            };
            match &mut room {
                Some(room) => room.merge(more),
                None => room = Some(more),
            }
            let start = bytes.len();
            bytes.resize(start + chunk, 0);
            io.read_exact(&mut bytes[start..]).await?;
        }
        match io.read(&mut [0; 1]).await? {
            0 => Ok(Got::Whole(kind, bytes, room)),
            _ => Ok(Got::Garbage),
        }
    }
}

/// Reads so many bytes and keeps none.
async fn pass_over(io: &mut (impl AsyncRead + Unpin + Send), mut bytes: usize) -> io::Result<()> {
    let mut chunk = [0; 4096];
    while bytes > 0 {
        let most = bytes.min(chunk.len());
        match io.read(&mut chunk[..most]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => bytes -= read,
        }
    }
    Ok(())
}

impl Codec for Frames {
    type Protocol = StreamProtocol;
    type Request = Request;
    type Response = Reply;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Request>
    where
        T: AsyncRead + Unpin + Send,
    {
        let got = match timeout(self.read_within, self.read(io)).await {
            Ok(Ok(got)) => got,
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Got::Short,
            // The line broke: nobody to answer.
            Ok(Err(error)) => return Err(error),
            Err(_) => Got::Stalled,
        };
        Ok(Request::Got(got))
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Reply>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut head = [0; HEAD_BYTES];
        io.read_exact(&mut head).await?;
        let head = Head::read(head);
        let mut body = vec![0; Reply::room(head).map_err(bad)?];
        io.read_exact(&mut body).await?;
        Reply::read(head, body).map_err(bad)
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        request: Request,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        match request {
            Request::Send(frame) => io.write_all(&frame).await,
            Request::Got(_) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        reply: Reply,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&reply.write()).await
    }
}

fn bad(reason: BadReply) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// A message as a frame.
pub(crate) fn frame(kind: Kind, bytes: &[u8]) -> Arc<[u8]> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let head = Head { byte: kind.row().byte, length }.write();
    [&head[..], bytes].concat().into()
}

#[cfg(test)]
mod tests {
    use futures::io::Cursor;
    use proptest::prelude::*;

    use super::*;

    const VERSION: StreamProtocol = StreamProtocol::new("/mychips/1");

    fn read(frames: &mut Frames, bytes: &[u8]) -> Got {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let mut io = Cursor::new(bytes.to_vec());
        match runtime.block_on(frames.read_request(&VERSION, &mut io)) {
            Ok(Request::Got(got)) => got,
            other => panic!("{other:?}"),
        }
    }

    fn frames(room: usize) -> Frames {
        Frames::new(room, Duration::from_secs(10))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_frame_is_read_as_written(
            place in 0..Kind::ALL.len(),
            mut bytes in prop::collection::vec(any::<u8>(), 0..40_000),
        ) {
            let kind = Kind::ALL[place];
            bytes.truncate(kind.row().max_bytes);
            let mut frames = frames(50_000);
            let Got::Whole(read_kind, read_bytes, room) =
                read(&mut frames, &frame(kind, &bytes)) else {
                return Err(TestCaseError::fail("not whole"));
            };
            prop_assert_eq!(read_kind, kind);
            prop_assert_eq!(frames.free(), 50_000 - bytes.len());
            prop_assert_eq!(read_bytes, bytes);
            drop(room);
            prop_assert_eq!(frames.free(), 50_000);
        }

        /// Any bytes are read, or are something that is wrong, and take no room for long.
        #[test]
        fn any_bytes_are_something(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut frames = frames(1_000);
            drop(read(&mut frames, &bytes));
            prop_assert_eq!(frames.free(), 1_000);
        }
    }

    /// The frames in the book, as bytes.
    fn frames_in_the_book() -> Vec<Vec<u8>> {
        let book = include_str!("../../../docs/book/src/protocol/8-agents.md");
        let blocks = book.split("```text frame\n").skip(1).map(|rest| rest.split("```").next());
        blocks
            .map(|block| {
                let digits: Vec<u32> =
                    block.unwrap().chars().filter_map(|c| c.to_digit(16)).collect();
                digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
            })
            .collect()
    }

    #[test]
    fn the_book_shows_frames_as_they_are() {
        let shown = frames_in_the_book();
        let [question, refused, later] = shown.as_slice() else { panic!("{} frames", shown.len()) };
        let Got::Whole(Kind::Invitation, token, _) = read(&mut frames(100), question) else {
            panic!("no question")
        };
        assert_eq!(frame(Kind::Invitation, &token)[..], question[..]);
        assert_eq!(token, protocol::Hash::of(b"an example of a token").to_string().as_bytes());
        for (bytes, reply) in [
            (refused, Reply::Refused("not this one".to_owned())),
            (later, Reply::Later(1_500, "busy".to_owned())),
        ] {
            let (head, body) = bytes.split_first_chunk().unwrap();
            assert_eq!(Reply::read(Head::read(*head), body.to_vec()), Ok(reply.clone()));
            assert_eq!(&reply.write(), bytes);
        }
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        let whole = frame(Kind::Chain, b"hello");
        let mut frames = frames(8);
        assert!(matches!(read(&mut frames, &whole), Got::Whole(Kind::Chain, ..)));
        assert!(matches!(read(&mut frames, &whole[..7]), Got::Short));
        assert!(matches!(read(&mut frames, b""), Got::Short));
        assert!(matches!(read(&mut frames, &[&whole[..], b"!"].concat()), Got::Garbage));
        assert!(matches!(read(&mut frames, &frame(Kind::Chain, &[0; 9])), Got::NoRoom));
        assert!(matches!(read(&mut frames, &[200, 0, 0, 0, 1, 7]), Got::KindUnknown));
        let large = Head { byte: 3, length: 1 + 256 * 1024 }.write();
        assert!(matches!(read(&mut frames, &large), Got::TooLarge(Kind::Chain, _)));
    }
}
