//! The listener: connections are taken up to a limit, served, and drained at the end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use site::Site;
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::limits::{AtOnce, DRAIN_TIME, HEAD_TIME, MAX_HEAD_BYTES, MAX_HEADERS};
use crate::metrics::Metrics;
use crate::post::Post;
use crate::problem::Problem;
use crate::proof::Token;
use crate::routes::{App, router};

/// How many connections too many are told so at once; further ones are closed without a word.
const TOLD_AT_ONCE: usize = 32;

/// How long one that is told so may take to hear it.
const TOLD_TIME: Duration = Duration::from_secs(1);

/// How long to wait where the system has no more files to give.
const NO_FILES_TIME: Duration = Duration::from_millis(100);

/// A listener that answers for a site.
pub struct Server {
    listener: TcpListener,
    app: Arc<App>,
    connections: usize,
}

impl Server {
    /// Listens at an address; port 0 takes one that is free. Requests wait until [`Server::run`].
    ///
    /// # Errors
    /// The system's: the port is taken, or not to be had.
    pub async fn bind(
        address: SocketAddr,
        site: Site,
        token: Token,
        post: Arc<Post>,
        metrics: Metrics,
        at_once: AtOnce,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let app = Arc::new(App::new(site, token, post, metrics, at_once.requests));
        Ok(Self { listener, app, connections: at_once.connections })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system's.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `end`, then takes no more connections, and lets requests under way end.
    pub async fn run(self, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        let router = router(&self.app);
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(self.connections));
        let told = Arc::new(Semaphore::new(TOLD_AT_ONCE));
        loop {
            let stream = tokio::select! {
                () = &mut end => break,
                taken = self.listener.accept() => match taken {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "cannot take a connection");
                        sleep(NO_FILES_TIME).await;
                        continue;
                    }
                },
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                if let Ok(telling) = Arc::clone(&told).try_acquire_owned() {
                    tokio::spawn(async move {
                        let _telling = telling;
                        let _ = timeout(TOLD_TIME, turn_away(stream)).await;
                    });
                }
                continue;
            };
            // Answers are small: each goes out as it is.
            let _ = stream.set_nodelay(true);
            let service = TowerToHyperService::new(router.clone());
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME)
                .max_buf_size(MAX_HEAD_BYTES)
                .max_headers(MAX_HEADERS)
                .serve_connection(TokioIo::new(stream), service);
            let connection = graceful.watch(connection);
            let (metrics, free) = (self.app.metrics.clone(), Arc::clone(&places));
            let most = self.connections;
            let open = move || most.saturating_sub(free.available_permits());
            metrics.connected(open());
            tokio::spawn(async move {
                // Whatever goes wrong on a line is for the other end to see.
                let _ = connection.await;
                drop(place);
                metrics.connected(open());
            });
        }
        drop(self.listener);
        if timeout(DRAIN_TIME, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests under way did not end in time");
        }
    }
}

/// Hears what is asked, and says that it is too much.
async fn turn_away(stream: TcpStream) -> io::Result<()> {
    let mut heard = vec![0; MAX_HEAD_BYTES];
    stream.async_io(Interest::READABLE, || stream.try_read(&mut heard)).await?;
    let told = Problem::too_many_connections().to_bytes();
    stream.async_io(Interest::WRITABLE, || stream.try_write(&told)).await.map(|_| ())
}
