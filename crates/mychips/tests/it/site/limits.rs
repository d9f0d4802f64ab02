//! Every named limit is told, under the name of where it stands.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::town::Town;

/// The crates whose limits a site keeps.
const CRATES: [&str; 6] = ["protocol", "store", "site", "api", "wire", "mychips"];

/// The names of the constants in the files of a folder: crate, first module, constant.
fn named(folder: &Path, inside: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        // Within a crate's first module, deeper ones do not count.
        let inside =
            if inside.contains("::") { inside.to_owned() } else { format!("{inside}::{stem}") };
        if path.is_dir() {
            named(&path, &inside, found);
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            let line = line.trim_start();
            let Some((_, constant)) = line.split_once("const ") else { continue };
            let Some((name, _)) = constant.split_once(':') else { continue };
            if line.starts_with("pub") && name.starts_with("MAX_") {
                found.insert(format!("{inside}::{name}"));
            }
        }
    }
}

#[test]
fn every_named_limit_has_a_row() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut expected = BTreeSet::new();
    for name in CRATES {
        named(&crates.join(name).join("src"), name, &mut expected);
    }
    assert!(expected.len() > 30, "{expected:?}");
    let told = Town::bare().json("limits");
    let rows = told["limits"].as_array().unwrap();
    let told: BTreeSet<String> =
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, expected, "a named limit and its row in commands/limits.rs go together");
    assert_eq!(rows.len(), told.len());
    assert!(rows.iter().all(|row| row["value"].as_i64().unwrap() > 0));
}

#[test]
fn limits_are_a_table_for_people() {
    let mut town = Town::bare();
    town.asks("limits");
    assert!(!town.told.contains('…'), "{}", town.told);
    insta::assert_snapshot!("site_limits", town.told);
}
