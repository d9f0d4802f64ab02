//! The flags that commands at a site share, and the values that people write.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use protocol::Cuid;

/// Where the site is, and how the answer is printed.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// The site's data directory [default: mychips in the XDG data folder, ~/.local/share]
    #[arg(long, value_name = "DIR", env = "MYCHIPS_DATA", hide_env_values = true)]
    pub(crate) data: Option<PathBuf>,

    /// Print JSON, and errors as JSON on standard error; amounts in integer milli-CHIPs
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is said of the configuration on the command line.
#[derive(Clone, Debug, Default, Args)]
#[expect(clippy::doc_markdown, reason = "help on a terminal, as it is")]
pub(crate) struct Settings {
    /// Where the site's rows are: sqlite, or postgres://user@host/database
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// The server's address
    #[arg(long, value_name = "ADDRESS")]
    http_address: Option<String>,
    /// The server's port; 0 takes a free one
    #[arg(long, value_name = "PORT")]
    http_port: Option<String>,
    /// off, error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// auto, text or json
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// How often circles of debt are cleared, like 1h or 30s; or off
    #[arg(long, value_name = "SPAN")]
    clearing_every: Option<String>,
}

impl Settings {
    /// The keys that something was said of, and what.
    pub(crate) fn given(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("store", &self.store),
            ("http.address", &self.http_address),
            ("http.port", &self.http_port),
            ("log.level", &self.log_level),
            ("log.format", &self.log_format),
            ("clearing.every", &self.clearing_every),
        ];
        all.into_iter().filter_map(|(key, text)| Some((key, text.clone()?))).collect()
    }
}

/// The folder of users' keys.
#[derive(Clone, Debug, Args)]
pub(crate) struct KeyFolder {
    /// The folder of users' keys [default: mychips-keys in the XDG data folder, ~/.local/share]
    #[arg(long, value_name = "DIR", env = "MYCHIPS_KEYS", hide_env_values = true)]
    pub(crate) keys: Option<PathBuf>,
}

/// Who acts.
#[derive(Clone, Debug, Args)]
pub(crate) struct As {
    /// The user who acts or looks
    #[arg(long = "as", value_name = "USER")]
    pub(crate) user: Cuid,
}

/// A length of time: `30d`, `12h`, `45m`, `20s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// In milliseconds, above zero.
    pub(crate) ms: i64,
}

/// The longest: ten years. Whatever is meant for longer is meant for ever.
const LONGEST_MS: i64 = 3_653 * 24 * 60 * 60_000;

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not a length of time like 30d, 12h, 45m or 20s, at most ten years";
        let unit = text.chars().next_back().ok_or(wrong)?;
        let seconds: i64 = match unit {
            'd' => 24 * 60 * 60,
            'h' => 60 * 60,
            'm' => 60,
            's' => 1,
            _ => return Err(wrong),
        };
        let number = &text[..text.len() - unit.len_utf8()];
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong);
        }
        let number: i64 = number.parse().map_err(|_| wrong)?;
        let ms = number.checked_mul(seconds * 1_000).ok_or(wrong)?;
        if (1..=LONGEST_MS).contains(&ms) { Ok(Self { ms }) } else { Err(wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_strictly() {
        let ms = |text: &str| text.parse::<Span>().map(|span| span.ms);
        assert_eq!(ms("30d"), Ok(2_592_000_000));
        assert_eq!(ms("12h"), Ok(43_200_000));
        assert_eq!(ms("1m"), Ok(60_000));
        assert_eq!(ms("20s"), Ok(20_000));
        for wrong in
            ["", "d", "0d", "30", "-1d", "+1d", "1.5d", "4000d", "0s", "9999999999999999999d", "3é"]
        {
            assert!(ms(wrong).is_err(), "{wrong}");
        }
    }
}
