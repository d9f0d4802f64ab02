//! The other end of the line: for the command line, for tests, for programs beside the site.

use std::net::SocketAddr;

use axum::body::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request as HttpRequest, header};
use hyper_util::rt::TokioIo;
use protocol::record::Record;
use protocol::request::{Body, Request};
use protocol::{AgentId, Cuid, SignError, Signer, Timestamp};
use serde::de::DeserializeOwned;
use site::{Answer, Class, Command, Found, Health, Query};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use crate::post::Delivered;
use crate::problem::{Told, class_of};
use crate::proof::{Asked, Plain, Token};

/// The most bytes of an answer: rows of the largest page with certs far beyond the usual.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A site that is served, as seen by one who asks it. Keeps one connection.
pub struct Client {
    address: SocketAddr,
    token: Option<Token>,
    line: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The site says no.
    #[error("{reason}")]
    Refused {
        /// What the refusal means.
        class: Class,
        /// One word.
        word: String,
        /// A sentence.
        reason: String,
    },
    /// Nobody is there, or the line broke. A command may have been done: ask again under its name.
    #[error("no answer from {address}: {reason}")]
    Lost {
        /// Where.
        address: SocketAddr,
        /// What happened, in the system's words.
        reason: String,
    },
    /// The answer is not one that this program knows.
    #[error("an answer from {address} that is not to be read ({reason})")]
    Other {
        /// From where.
        address: SocketAddr,
        /// Why.
        reason: String,
    },
    /// The request was not signed.
    #[error(transparent)]
    Unsigned(#[from] SignError),
}

/// Who asks as a user, under which name, at which time.
pub struct As<'a, S: ?Sized> {
    /// The site's agent.
    pub agent: AgentId,
    /// The user.
    pub cuid: Cuid,
    /// The request's name.
    pub id: &'a str,
    /// Now.
    pub date: Timestamp,
    /// The user's key.
    pub key: &'a S,
}

impl Client {
    /// A client for the site at an address; the token makes it an administrator's.
    #[must_use]
    pub fn new(address: SocketAddr, token: Option<Token>) -> Self {
        Self { address, token, line: Mutex::new(None) }
    }

    /// Where the site is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// That the site is there.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.typed(Method::GET, "/health", Vec::new(), false).await
    }

    /// Has the site do something, as an administrator.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn administer(&self, id: &str, command: Command) -> Result<Answer, ClientError> {
        let plain = Plain { id: Some(id.to_owned()), command: Some(command), query: None };
        self.typed(Method::POST, "/v1/command", self.written(&plain)?, true).await
    }

    /// Asks a question, as an administrator.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn query(&self, query: Query) -> Result<Found, ClientError> {
        let plain = Plain { id: None, command: None, query: Some(query) };
        self.typed(Method::POST, "/v1/query", self.written(&plain)?, true).await
    }

    /// Has the post deliver what is due, as an administrator.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn deliver(&self) -> Result<Delivered, ClientError> {
        self.typed(Method::POST, "/v1/post", Vec::new(), true).await
    }

    /// Has the site do something, as a user.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn command_as<S: Signer + ?Sized>(
        &self,
        who: &As<'_, S>,
        command: Command,
    ) -> Result<Answer, ClientError> {
        let body = self.signed(who, &Asked::Command(command))?;
        self.typed(Method::POST, "/v1/command", body, false).await
    }

    /// Asks a question, as a user.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn query_as<S: Signer + ?Sized>(
        &self,
        who: &As<'_, S>,
        query: Query,
    ) -> Result<Found, ClientError> {
        let body = self.signed(who, &Asked::Query(query))?;
        self.typed(Method::POST, "/v1/query", body, false).await
    }

    fn signed<S: Signer + ?Sized>(
        &self,
        who: &As<'_, S>,
        asked: &Asked,
    ) -> Result<Vec<u8>, ClientError> {
        let unsigned = |error| ClientError::Unsigned(SignError::Record(error));
        let named = who.id.parse().map_err(|error| self.other(&error));
        let request = Request {
            agent: who.agent,
            cuid: who.cuid.clone(),
            id: named?,
            date: who.date,
            body: Body::of(asked).map_err(unsigned)?,
            sign: None,
        };
        let text = request.signed(who.key)?.to_text().map_err(unsigned)?;
        Ok(text.as_bytes().to_vec())
    }

    /// As text in the one spelling that the site reads: no member that is none.
    fn written(&self, plain: &Plain) -> Result<Vec<u8>, ClientError> {
        serde_json::to_vec(plain).map_err(|error| self.other(&error))
    }

    async fn typed<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        proved: bool,
    ) -> Result<T, ClientError> {
        let (status, bytes) = self.send(method, path, body, proved).await?;
        if status == 200 {
            return serde_json::from_slice(&bytes).map_err(|error| self.other(&error));
        }
        let told: Told<String> =
            serde_json::from_slice(&bytes).map_err(|error| self.other(&error))?;
        let class = class_of(status);
        let class =
            if class == Class::Fault && told.error == "store" { Class::Store } else { class };
        Err(ClientError::Refused { class, word: told.error, reason: told.reason })
    }

    /// Sends any request; gives the status code and the whole body. `proved`: with the token.
    ///
    /// # Errors
    /// [`ClientError::Lost`].
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        proved: bool,
    ) -> Result<(u16, Bytes), ClientError> {
        let body = Bytes::from(body);
        let mut line = self.line.lock().await;
        // A line that was kept may have been closed meanwhile; whatever is asked may be asked
        // again: a command does nothing twice under its name.
        if let Some(kept) = line.take()
            && let Ok(answer) = self.over(kept, &mut line, &method, path, &body, proved).await
        {
            return Ok(answer);
        }
        let stream = TcpStream::connect(self.address).await.map_err(|error| self.lost(&error))?;
        let _ = stream.set_nodelay(true);
        let (fresh, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| self.lost(&error))?;
        tokio::spawn(connection);
        self.over(fresh, &mut line, &method, path, &body, proved).await
    }

    async fn over(
        &self,
        mut sender: SendRequest<Full<Bytes>>,
        keep: &mut Option<SendRequest<Full<Bytes>>>,
        method: &Method,
        path: &str,
        body: &Bytes,
        proved: bool,
    ) -> Result<(u16, Bytes), ClientError> {
        let mut request = HttpRequest::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string());
        if let Some(token) = self.token.as_ref().filter(|_| proved) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.text()));
        }
        let request = request.body(Full::new(body.clone())).map_err(|error| self.other(&error))?;
        sender.ready().await.map_err(|error| self.lost(&error))?;
        let response = sender.send_request(request).await.map_err(|error| self.lost(&error))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
        let body = body.map_err(|error| self.lost(&error))?.to_bytes();
        *keep = Some(sender);
        Ok((status, body))
    }

    fn lost(&self, error: &dyn std::fmt::Display) -> ClientError {
        ClientError::Lost { address: self.address, reason: error.to_string() }
    }

    fn other(&self, error: &dyn std::fmt::Display) -> ClientError {
        ClientError::Other { address: self.address, reason: error.to_string() }
    }
}
