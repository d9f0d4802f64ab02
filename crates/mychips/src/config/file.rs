//! `mychips.toml`: read with the line of each value, written by `mychips init`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::nearest;
use super::place::has_password;
use super::{Given, KEYS, Origin};
use crate::failure::Failure;
use crate::home;

/// Its name in the data directory.
pub(crate) const FILE: &str = "mychips.toml";

/// The most bytes: a few lines for each key, and room for remarks.
pub(crate) const MAX_CONFIG_BYTES: usize = 64 * 1024;

/// What the file says; nothing where there is none.
pub(super) fn read(folder: &Path) -> Result<BTreeMap<String, Given>, Failure> {
    let path = folder.join(FILE);
    let failed = |error: std::io::Error| Failure::io("cannot read", &path, &error);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        // The data directory itself is a file: whoever enters it says so.
        Err(error) if error.kind() == ErrorKind::NotADirectory => return Ok(BTreeMap::new()),
        Err(error) => return Err(failed(error)),
    };
    let mode = file.metadata().map_err(failed)?.mode();
    let mut text = String::new();
    let most = u64::try_from(MAX_CONFIG_BYTES).unwrap_or(u64::MAX);
    file.take(most + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() > MAX_CONFIG_BYTES {
        let reason = format!("{} is longer than {MAX_CONFIG_BYTES} bytes", path.display());
        return Err(Failure::refused("config", reason));
    }
    let given = values(&text, &path)?;
    if mode & 0o077 != 0 && given.values().any(|given| has_password(&given.text)) {
        return Err(Failure::refused(
            "config",
            format!("{} holds a password, and others may read it: chmod 600 {0}", path.display()),
        ));
    }
    Ok(given)
}

/// The values of a file's text, by key.
pub(super) fn values(text: &str, path: &Path) -> Result<BTreeMap<String, Given>, Failure> {
    let at = |offset: usize| {
        let before = text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n');
        Origin::File(path.to_owned(), before.count() as u64 + 1)
    };
    let table = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        at(offset).refusal(&format!("not TOML: {}", error.message()))
    })?;
    let mut found = BTreeMap::new();
    flatten(table.get_ref(), "", &at, &mut found)?;
    Ok(found)
}

fn flatten(
    table: &DeTable<'_>,
    above: &str,
    at: &impl Fn(usize) -> Origin,
    found: &mut BTreeMap<String, Given>,
) -> Result<(), Failure> {
    for (key, value) in table {
        let origin = at(key.span().start);
        let name = format!("{above}{}", key.get_ref());
        let below = format!("{name}.");
        if let DeValue::Table(table) = value.get_ref()
            && KEYS.iter().any(|key| key.name.starts_with(&below))
        {
            flatten(table, &below, at, found)?;
            continue;
        }
        if !KEYS.iter().any(|key| key.name == name) {
            let hint = nearest::hint(&name, "", KEYS.iter().map(|key| key.name));
            return Err(origin.refusal(&format!("there is no key {name}{hint}")));
        }
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.to_string(),
            other => {
                let what = other.type_str();
                return Err(origin.refusal(&format!("{name} is a text or a number, not {what}")));
            }
        };
        found.insert(name, Given { text, origin });
    }
    Ok(())
}

/// Writes a file that only its owner reads, where there is none: the store that was chosen, and
/// every other key as a remark.
pub(crate) fn write(folder: &Path, store: Option<&str>) -> Result<(), Failure> {
    let path = folder.join(FILE);
    if path.exists() {
        return Ok(());
    }
    home::write_new(&path, &[text(store).as_bytes()])
}

/// The text of a file, with another store named in it; all else stays as it is.
pub(crate) fn with_store(text: &str, store: &str) -> String {
    let line = format!("store = {}", serde_json::Value::from(store));
    let spans = DeTable::parse(text).ok().and_then(|table| {
        let (key, value) = table.get_ref().get_key_value("store")?;
        Some((key.span().start, value.span().end))
    });
    match spans {
        Some((start, end)) => format!("{}{line}{}", &text[..start], &text[end..]),
        // Before any table, where it belongs.
        None => format!("{line}\n{text}"),
    }
}

fn text(store: Option<&str>) -> String {
    let mut text = "# The configuration of this site; mychips config show says what counts, and why.\n\
                    # Variables (MYCHIPS_STORE, MYCHIPS_HTTP_PORT …) and flags count before this file.\n"
        .to_owned();
    for key in KEYS {
        let chosen = store.filter(|_| key.name == "store");
        let value = chosen.unwrap_or(key.usual);
        let value = match value.parse::<u64>() {
            Ok(number) => number.to_string(),
            // What JSON writes between quotes, TOML reads.
            Err(_) => serde_json::Value::from(value).to_string(),
        };
        let what = key.what.replace('\n', "\n# ");
        let remark = if chosen.is_some() { "" } else { "#" };
        text.push_str(&format!("\n# {what}\n{remark}{} = {value}\n", key.name));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let path = Path::new("mychips.toml");
        assert!(values(&text(None), path).unwrap().is_empty());
        let url = "postgres://ann:s\"3\\c@host/db";
        let found = values(&text(Some(url)), path).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["store"]);
        assert_eq!(found["store"].text, url);
        // Each remark, taken as said, is what is usual.
        let said = text(Some("sqlite")).replace("\n#", "\n").replace("\n ", "\n# ");
        let found = values(&said, path).unwrap();
        for key in KEYS {
            assert_eq!(found[key.name].text, key.usual, "{said}");
        }
    }

    #[test]
    fn another_store_is_named_and_nothing_else_changes() {
        let path = Path::new("mychips.toml");
        let url = "postgres://ann:s\"3\\c@host/db";
        for before in ["", "# mine\nstore = 'sqlite' # here\n[http]\nport = 1\n", "http.port = 1"] {
            let said = with_store(before, url);
            let found = values(&said, path).unwrap();
            assert_eq!(found["store"].text, url, "{said}");
            let (old, new) = (values(before, path).unwrap(), found.get("http.port"));
            assert_eq!(old.get("http.port").map(|g| &g.text), new.map(|g| &g.text), "{said}");
            assert_eq!(before.contains("# here"), said.contains("# here"), "{said}");
            assert_eq!(values(&with_store(&said, "sqlite"), path).unwrap()["store"].text, "sqlite");
        }
    }

    #[test]
    fn any_text_is_values_or_a_reason() {
        let path = Path::new("mychips.toml");
        for text in ["", "store", "store =", "= 1", "[http", "\0", "store = 1\nstore = 2", "é = 1"]
        {
            let _ = values(text, path);
        }
        let deep = format!("x = {}", "[".repeat(50_000));
        assert!(values(&deep, path).is_err());
    }
}
