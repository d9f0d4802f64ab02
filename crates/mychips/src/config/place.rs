//! Where a site's rows are, and texts of that without their passwords.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// Where a site's rows are.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum StorePlace {
    /// In a file in the data directory.
    Sqlite,
    /// In a database of a server; the text may hold a password.
    Postgres(String),
}

impl StorePlace {
    /// Which kind of store it is, one word.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// For people: the file, or the database without its password.
    pub(crate) fn shown(&self, file: &Path) -> String {
        match self {
            Self::Sqlite => file.display().to_string(),
            Self::Postgres(url) => masked(url),
        }
    }
}

/// What stands where a password was.
const MASK: &str = "***";

impl fmt::Debug for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite => f.write_str("Sqlite"),
            Self::Postgres(url) => f.debug_tuple("Postgres").field(&masked(url)).finish(),
        }
    }
}

impl FromStr for StorePlace {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let server = ["postgres://", "postgresql://"].iter().any(|start| text.starts_with(start));
        match text {
            "sqlite" => Ok(Self::Sqlite),
            url if server && !url.contains(char::is_control) => Ok(Self::Postgres(url.to_owned())),
            _ => Err(()),
        }
    }
}

/// Whether a text holds a password.
pub(super) fn has_password(text: &str) -> bool {
    masked(text) != text
}

/// A text without the passwords that it may hold: `***` stands for them.
pub(super) fn masked(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (rest, query) = match rest.split_once('?') {
        // The question mark may be one of the password's, too: then nothing is sure but the scheme.
        Some((_, query)) if query.contains('@') => return format!("{scheme}://{MASK}"),
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    // A password may hold a slash or an @ that nobody escaped: all of it goes.
    let rest = match rest.rsplit_once('@') {
        Some((who, host)) => match who.split_once(':') {
            Some((user, _)) => format!("{user}:{MASK}@{host}"),
            None => format!("{who}@{host}"),
        },
        None => rest.to_owned(),
    };
    let mut shown = format!("{scheme}://{rest}");
    for (at, pair) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
        shown.push(if at == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name, _)) if name.to_ascii_lowercase().contains("password") => {
                shown.push_str(&format!("{name}={MASK}"));
            }
            _ => shown.push_str(pair),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        for (text, expected) in [
            ("postgres://ann@host/db", "postgres://ann@host/db"),
            ("postgres://ann:s3cret@host/db", "postgres://ann:***@host/db"),
            ("postgres://ann:s3/c@ret@host/db", "postgres://ann:***@host/db"),
            ("postgres://ann:@host", "postgres://ann:***@host"),
            ("postgres://ann:s3?c@ret@host/db", "postgres://***"),
            ("postgres://ann:s3@c?ret@host/db", "postgres://***"),
            ("postgres://host/db?password=s3@cret", "postgres://***"),
            (
                "postgres://host/db?host=/run&password=s3cret&user=ann",
                "postgres://host/db?host=/run&password=***&user=ann",
            ),
            ("mysql://ann:s3cret@host", "mysql://ann:***@host"),
            ("sqlite", "sqlite"),
        ] {
            assert_eq!(masked(text), expected);
        }
        let place: StorePlace = "postgres://ann:s3cret@host/db".parse().unwrap();
        assert!(!format!("{place:?}").contains("s3cret"));
    }
}
