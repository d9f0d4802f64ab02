//! Long searches beside those who wait for other things: a worker of the runtime must not be kept for seconds.

use crate::error::SiteError;

/// Runs a search where it keeps nobody waiting but whoever asked.
///
/// # Errors
/// Whatever it says; [`SiteError::Unproved`] where the program ends before it is done.
pub(crate) async fn aside<T: Send + 'static>(
    search: impl FnOnce() -> Result<T, SiteError> + Send + 'static,
) -> Result<T, SiteError> {
    match tokio::task::spawn_blocking(search).await {
        Ok(found) => found,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(ended) => Err(SiteError::Unproved { reason: ended.to_string() }),
        },
    }
}
