//! Long searches beside those who wait for other things: a worker of the runtime must not be kept for seconds.

use tokio::runtime::{Handle, RuntimeFlavor};

use crate::error::SiteError;

/// Runs a search where it keeps nobody waiting but whoever asked. A runtime of one thread has nobody else to keep waiting,
/// and what is simulated there must not depend on when another thread is done: there it is run at once.
///
/// # Errors
/// Whatever it says; [`SiteError::Unproved`] where the program ends before it is done.
pub(crate) async fn aside<T: Send + 'static>(
    search: impl FnOnce() -> Result<T, SiteError> + Send + 'static,
) -> Result<T, SiteError> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return search();
    }
    match tokio::task::spawn_blocking(search).await {
        Ok(found) => found,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(ended) => Err(SiteError::Unproved { reason: ended.to_string() }),
        },
    }
}
