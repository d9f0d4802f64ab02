//! What a user tells a partner of itself, chosen from its cert and signed again.

use std::str::FromStr;

use protocol::cert::Disclosure;
use protocol::{Cert, Cuid};

use crate::failure::Failure;
use crate::visit::Visit;

/// The words of a list like `names,email`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told(Vec<String>);

impl FromStr for Told {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<String> = text.split(',').map(|word| word.trim().to_owned()).collect();
        let good = |word: &String| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        };
        if words.iter().all(good) { Ok(Self(words)) } else { Err("not words parted by commas") }
    }
}

/// The cert that tells what was chosen, signed; none where nothing was chosen: then all is told.
pub(super) fn told(
    visit: &Visit,
    user: &Cuid,
    chosen: Option<&Told>,
) -> Result<Option<Cert>, Failure> {
    let Some(Told(words)) = chosen else { return Ok(None) };
    let cert = visit.user(user)?.cert;
    let cert =
        cert.ok_or_else(|| Failure::refused("no_user", format!("{user} has no cert yet")))?;
    let mut chosen = Disclosure::least();
    for word in words {
        add(&mut chosen, &cert, word)?;
    }
    let told = cert.disclose(&chosen);
    let told = told.map_err(|error| Failure::misused(format!("--disclose: {error}")))?;
    let told = told.signed(&visit.keys()?.of(user)?);
    told.map(Some).map_err(|error| Failure::refused("signature", error.to_string()))
}

/// Adds to what is told all that a word means.
fn add(chosen: &mut Disclosure, cert: &Cert, word: &str) -> Result<(), Failure> {
    let all = Disclosure::everything(cert);
    match word {
        "all" => *chosen = all,
        "names" => chosen.name = all.name,
        "connect" => chosen.connect = all.connect,
        "place" => chosen.place = all.place,
        "state" => chosen.state = true,
        "birth" => chosen.birth = true,
        // It is told in any case.
        "name" => {}
        word => {
            let (ways, places) = (cert.connect.iter().enumerate(), cert.place.iter().enumerate());
            let ways = ways.filter(|(_, way)| way.media.as_str() == word).map(|(at, _)| at);
            let places = places.filter(|(_, one)| one.r#type.as_str() == word).map(|(at, _)| at);
            let before = chosen.connect.len() + chosen.place.len();
            chosen.connect.extend(ways);
            chosen.place.extend(places);
            if chosen.connect.len() + chosen.place.len() == before {
                return Err(unknown(cert, word));
            }
        }
    }
    Ok(())
}

fn unknown(cert: &Cert, word: &str) -> Failure {
    let ways = cert.connect.iter().map(|way| way.media.as_str());
    let places = cert.place.iter().map(|place| place.r#type.as_str());
    let own: Vec<&str> = ways.chain(places).collect();
    let own = if own.is_empty() { String::new() } else { format!(", {}", own.join(", ")) };
    let known = "name, names, connect, place, state, birth, all";
    Failure::misused(format!("--disclose: your cert has no {word:?}; there are {known}{own}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_strictly() {
        let words = |text: &str| text.parse::<Told>().map(|told| told.0);
        assert_eq!(words("names, email"), Ok(vec!["names".to_owned(), "email".to_owned()]));
        for wrong in ["", ",", "a,,b", "Email", "e mail", "1"] {
            assert!(words(wrong).is_err(), "{wrong:?}");
        }
    }
}
