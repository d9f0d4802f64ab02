//! Refusals as HTTP tells them: a status code, one word for programs, a sentence for people.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use protocol::JsonError;
use serde::{Deserialize, Serialize};
use site::{Class, SiteError};

use crate::limits::{ANSWER_TIME, BODY_TIME, MAX_BODY_BYTES, RETRY_AFTER_S};

/// Why a request got no other answer.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    told: Told<&'static str>,
}

/// The same as it is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Told<W> {
    /// One word.
    pub(crate) error: W,
    /// A sentence.
    pub(crate) reason: String,
}

/// The word of a problem, for who counts them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word(pub(crate) &'static str);

impl Problem {
    fn new(status: StatusCode, error: &'static str, reason: impl Into<String>) -> Self {
        Self { status, told: Told { error, reason: reason.into() } }
    }

    pub(crate) fn no_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no_path", "there is nothing at this path")
    }

    pub(crate) fn no_method() -> Self {
        let reason = "this path does not take this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "no_method", reason)
    }

    pub(crate) fn token() -> Self {
        let reason = "the administrator's token is missing or wrong: it is in admin.token in the \
                      data directory";
        Self::new(StatusCode::UNAUTHORIZED, "token", reason)
    }

    pub(crate) fn body_too_large() -> Self {
        let reason = format!("a body may have at most {MAX_BODY_BYTES} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", reason)
    }

    pub(crate) fn body_cut() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "cut", "the body ended early")
    }

    pub(crate) fn body_too_slow() -> Self {
        let reason = format!("the body did not come within {} s", BODY_TIME.as_secs());
        Self::new(StatusCode::REQUEST_TIMEOUT, "slow", reason)
    }

    pub(crate) fn other_body(path: &str) -> Self {
        let reason = format!("{path} takes another body: see the manual");
        Self::new(StatusCode::BAD_REQUEST, "body", reason)
    }

    pub(crate) fn too_many() -> Self {
        let reason = "too many requests are worked on already; ask again in a moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", reason)
    }

    pub(crate) fn too_many_connections() -> Self {
        let reason = "too many connections are open already; ask again later";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", reason)
    }

    pub(crate) fn no_answer_in_time() -> Self {
        let reason = format!(
            "no answer within {} s; ask again, a command under the same name",
            ANSWER_TIME.as_secs()
        );
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "slow", reason)
    }

    pub(crate) fn own_fault() -> Self {
        let reason = "the program could not finish this; it is its fault, please report it";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", reason)
    }

    /// What the site refuses. Faults of the store are logged too; nothing that a user wrote is in
    /// their words.
    fn of_site(error: &SiteError) -> Self {
        let status = match error.class() {
            Class::Unproved => StatusCode::UNAUTHORIZED,
            Class::NotAllowed => StatusCode::FORBIDDEN,
            Class::NotFound => StatusCode::NOT_FOUND,
            Class::Conflict => StatusCode::CONFLICT,
            Class::Refused => StatusCode::UNPROCESSABLE_ENTITY,
            Class::Passing => StatusCode::SERVICE_UNAVAILABLE,
            Class::Store | Class::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if matches!(error.class(), Class::Store | Class::Fault) || error.word() == "store" {
            tracing::error!(error = error.word(), "{error}");
        }
        Self::new(status, error.word(), error.to_string())
    }

    /// The whole answer as bytes, for a connection that nobody serves.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let body = serde_json::to_string(&self.told).unwrap_or_default();
        let status = self.status;
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             retry-after: {RETRY_AFTER_S}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

/// The class that a status code stands for; what [`Problem::of_site`] makes of it, read backwards.
pub(crate) const fn class_of(status: u16) -> Class {
    match status {
        401 => Class::Unproved,
        403 => Class::NotAllowed,
        404 => Class::NotFound,
        409 => Class::Conflict,
        503 => Class::Passing,
        500.. => Class::Fault,
        _ => Class::Refused,
    }
}

impl From<SiteError> for Problem {
    fn from(error: SiteError) -> Self {
        Self::of_site(&error)
    }
}

/// Of the body itself.
impl From<JsonError> for Problem {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::TooLarge { .. } => Self::body_too_large(),
            error => Self::new(StatusCode::BAD_REQUEST, "body", error.to_string()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let body = serde_json::to_vec(&self.told).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER_S.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        response.extensions_mut().insert(Word(self.told.error));
        response
    }
}
