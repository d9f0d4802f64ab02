//! The end: SIGTERM or SIGINT asks for it, a second one does not wait for it.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::failure::Failure;

/// What a shell adds to the number of a signal that ended a program.
const BY_SIGNAL: i32 = 128;

/// The signals that end the program.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on they are heard.
    pub(super) fn new() -> Result<Self, Failure> {
        let hear = |kind| {
            let heard = signal(kind);
            heard.map_err(|error| Failure::refused("system", format!("no signals: {error}")))
        };
        let terminate = hear(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: hear(SignalKind::interrupt())? })
    }

    /// Says when the program is to end; ends it with the second signal.
    pub(super) async fn tell(mut self, end: watch::Sender<bool>) {
        self.next().await;
        tracing::info!("ending, when the requests under way have their answers");
        let _ = end.send(true);
        let second = self.next().await;
        std::process::exit(BY_SIGNAL + second);
    }

    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate().as_raw_value(),
            _ = self.interrupt.recv() => SignalKind::interrupt().as_raw_value(),
        }
    }
}

/// Waits until the program is to end.
pub(in crate::commands) async fn told(mut ended: watch::Receiver<bool>) {
    // Nobody left to say it: the program ends already.
    let _ = ended.wait_for(|ended| *ended).await;
}
