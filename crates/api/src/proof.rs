//! Who asks: an administrator by its token, a user by a request that it signed.

use std::fmt;
use std::str::FromStr;

use axum::http::{HeaderMap, header};
use protocol::Hash;
use protocol::record::Record;
use protocol::request::Request;
use serde::{Deserialize, Serialize};
use site::{Caller, Command, CommandId, Query, Site, SiteError};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::problem::Problem;

/// The administrator's token: 32 random bytes, written like a hash. Whoever has it runs the site.
#[derive(Clone, Copy)]
pub struct Token([u8; 32]);

/// The text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a token: 43 characters of base64url")]
pub struct TokenError;

impl Token {
    /// From its bytes, which nobody can guess.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The token as it is written.
    #[must_use]
    pub fn text(&self) -> String {
        Hash::from_bytes(self.0).to_string()
    }

    /// Whether another is the same, in a time that tells nothing of where they differ.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let hash: Hash = text.parse().map_err(|_| TokenError)?;
        Ok(Self(*hash.as_bytes()))
    }
}

/// What a body asks for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Asked {
    Command(Command),
    Query(Query),
}

/// A body with the administrator's token beside it; a name goes with a command.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plain {
    pub(crate) id: Option<String>,
    pub(crate) command: Option<Command>,
    pub(crate) query: Option<Query>,
}

/// Who asks, under which name, for what.
pub(crate) struct Proved {
    pub(crate) caller: Caller,
    pub(crate) id: Option<CommandId>,
    pub(crate) asked: Asked,
}

/// Whether the administrator's token is there and right; none where there is none at all.
///
/// # Errors
/// [`Problem::token`] where it is wrong.
pub(crate) fn administrator(headers: &HeaderMap, token: &Token) -> Result<Option<()>, Problem> {
    let Some(given) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let given = given.to_str().ok().and_then(|given| given.strip_prefix("Bearer "));
    let given: Option<Token> = given.and_then(|given| given.parse().ok());
    match given {
        Some(given) if token.is(&given) => Ok(Some(())),
        _ => Err(Problem::token()),
    }
}

/// Reads a body and proves who sent it.
///
/// # Errors
/// [`Problem`] says what is missing.
pub(crate) async fn proved(
    site: &Site,
    token: &Token,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Proved, Problem> {
    if administrator(headers, token)?.is_some() {
        let plain: Plain = protocol::json::parse(body)?.read()?;
        let id = plain.id.map(|id| name(&id)).transpose()?;
        let asked = match (plain.command, plain.query) {
            (Some(command), None) => Asked::Command(command),
            (None, Some(query)) => Asked::Query(query),
            _ => return Err(Problem::other_body("this path")),
        };
        return Ok(Proved { caller: Caller::Administrator, id, asked });
    }
    let request = Request::read(body)?;
    let caller = site.caller(&request).await?;
    let asked = request.body.read()?;
    Ok(Proved { caller, id: Some(name(request.id.as_str())?), asked })
}

fn name(id: &str) -> Result<CommandId, Problem> {
    CommandId::new(id).ok_or_else(|| {
        let reason = "id: a name of 1 to 100 bytes".to_owned();
        SiteError::Record(protocol::JsonError::Shape { path: "id".to_owned(), reason }).into()
    })
}
