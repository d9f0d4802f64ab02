//! `Marks`: what becomes of letters on their way. Losing it costs time only, so its commit waits for no disk.

use std::ops::{Deref, DerefMut};

use protocol::Timestamp;

use crate::view::{Hand, View};
use crate::{Claim, Letter, LetterId, StoreError, Tx};

type Result<T> = std::result::Result<T, StoreError>;

/// A transaction that marks letters, and can do nothing else: that one is claimed ([`Tx::claim`]), that it need not be sent
/// again ([`Tx::done`]), and when it is tried again ([`Tx::failed`]). Its commit does not wait for the disk. It can be
/// asked all that a [`View`] can. Dropped without a commit, it changed nothing.
///
/// If the machine fails (no power; on PostgreSQL also a server that is killed, not a program of ours), what was committed
/// here lately may not have been.
///
/// **What is lost, and what never is.** Whole transactions are lost, from the end only: whatever was committed before a
/// commit that does wait ([`crate::Store::begin`]) lasts with that one, so no commit that saw a mark lasts without it.
/// * On SQLite all commits stand in one log, in order. Each frame's checksum goes on from the one before, so that reading stops
///   at the first that is damaged; and a commit with `synchronous = FULL` syncs the whole log, others' frames included,
///   before anybody sees it. `NORMAL`, as here, still syncs the log before it is copied into the file, and its header
///   when it begins again.
/// * On PostgreSQL `synchronous_commit = off` only leaves the record of the commit in the log for the server to flush soon.
///   The next commit that waits flushes the log up to its own record, whichever connection or program it is of; and it can
///   have seen the mark only where the mark's record stands before its own.
///
/// **Why that harms nobody.** A mark is nothing that a user or a peer was told, and nothing that was signed. Letters, and their
/// numbers, are given out by commits that wait ([`Tx::post`]): what is sent was on the disk before anybody could claim
/// it, and no number is given twice. What is signed and said is in such commits too. So, after a failure,
/// * a letter whose claim is lost is due and nobody's: this program or another at the same database sends it again. A program
///   that outlived its server and has the letter in hand may still settle it: as done where its agent took it, which is
///   so whoever sent it, and as failed only under its own claim, which is gone;
/// * a letter that was done is there again, and is sent again. What its half said later either was not done yet, and goes
///   after it; or was done by a mark after this one, and is there again too; or is of a commit that waited, and then
///   the mark lasts;
/// * a letter to be tried later is due at once, or when its claim ends; that it was tried may not count.
///
/// Each is a letter that comes twice, as one does where a receipt is lost or a claim ends too early. Who takes it once more
/// changes nothing: all converges after loss, duplication and reordering (protocol, §5 to §8). Until the failure somebody
/// may have seen a letter as gone that is there again after it.
#[derive(Debug)]
pub struct Marks(Tx);

impl Deref for Marks {
    type Target = View;

    fn deref(&self) -> &View {
        &self.0
    }
}

impl DerefMut for Marks {
    fn deref_mut(&mut self) -> &mut View {
        &mut self.0
    }
}

#[expect(clippy::missing_errors_doc, reason = "the same as of `Tx`")]
impl Marks {
    pub(crate) fn new(hand: Hand) -> Self {
        Self(Tx::new(hand))
    }

    /// As [`Tx::claim`].
    pub async fn claim(&mut self, claim: &Claim) -> Result<Vec<Letter>> {
        self.0.claim(claim).await
    }

    /// As [`Tx::done`].
    pub async fn done(&mut self, letters: &[LetterId]) -> Result<()> {
        self.0.done(letters).await
    }

    /// As [`Tx::failed`].
    pub async fn failed(
        &mut self,
        owner: &str,
        letters: &[LetterId],
        due: Timestamp,
    ) -> Result<()> {
        self.0.failed(owner, letters, due).await
    }

    /// Everybody sees from now on what was marked; it lasts with the next commit that waits for the disk.
    pub async fn commit(self) -> Result<()> {
        self.0.commit().await.map(|_| ())
    }
}
