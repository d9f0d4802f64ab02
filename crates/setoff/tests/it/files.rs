//! The files of a result: they add up, they can be read again, they appear whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use setoff::{
    FILES, Folder, FolderError, Outcome, ReadOptions, Table, Timing, clear, files, json, read_table,
};

use crate::result;

const TABLE: &str = "Ann,Bob,5\nBob,Cid,3\nCid,Ann,4\n\"=1+1, \"\"x\"\"\ny\",Ann,2.0005\n";

fn read(path: &Path) -> Table {
    read_table(fs::File::open(path).unwrap(), &ReadOptions::default()).unwrap()
}

fn outcome(text: &str) -> Outcome {
    let table = read_table(text.as_bytes(), &ReadOptions::default()).unwrap();
    clear(table, &mut |_| {}).unwrap()
}

fn written(folder: &tempfile::TempDir, outcome: &Outcome) -> std::path::PathBuf {
    let path = folder.path().join("out");
    Folder::new(&path, false).unwrap().write(outcome, "test").unwrap();
    path
}

fn rows(path: &Path) -> Vec<csv::StringRecord> {
    csv::Reader::from_path(path).unwrap().records().map(Result::unwrap).collect()
}

/// What a field of three places says, in milli-CHIPs.
fn milli(field: &str) -> i128 {
    let (whole, places) = field.split_once('.').unwrap();
    assert_eq!(places.len(), 3, "{field}");
    format!("{whole}{places}").parse().unwrap()
}

/// Names and amounts of a table's debts, summed by pair.
fn pairs(table: &Table) -> BTreeMap<(String, String), i128> {
    let mut pairs = BTreeMap::new();
    for debt in table.debts.iter().filter(|debt| debt.units.milli() > 0) {
        let name = |number| table.names.get(number).to_owned();
        *pairs.entry((name(debt.debtor), name(debt.creditor))).or_default() +=
            i128::from(debt.units.milli());
    }
    pairs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_files_add_up(table in result::table()) {
        let folder = tempfile::tempdir().unwrap();
        let outcome = result::cleared(table);
        let out = written(&folder, &outcome);
        let summary = &outcome.summary;

        let setoff = rows(&out.join("setoff.csv"));
        prop_assert_eq!(setoff.len(), outcome.table.debts.len());
        for (row, debt) in setoff.iter().zip(&outcome.table.debts) {
            prop_assert_eq!(milli(&row[2]), i128::from(debt.units.milli()));
            prop_assert_eq!(milli(&row[2]), milli(&row[3]) + milli(&row[4]));
        }
        prop_assert_eq!(setoff.iter().map(|row| milli(&row[3])).sum::<i128>(), summary.cleared);

        // What is left is a table again, and it has nothing more to clear.
        let residual = read(&out.join("residual.csv"));
        let again = result::cleared(residual.clone());
        prop_assert_eq!(again.summary.total, summary.left());
        prop_assert_eq!(again.summary.cleared, 0);

        // The circles are a table too: all of it clears, and it is what was cleared of each pair.
        if outcome.circles.iter().flatten().all(|c| c.units <= i128::from(protocol::Units::MAX.milli())) {
            let circles = read(&out.join("circles.csv"));
            let mut expected = pairs(&outcome.table);
            for (pair, units) in pairs(&residual) {
                *expected.get_mut(&pair).unwrap() -= units;
            }
            expected.retain(|_, units| *units > 0);
            prop_assert_eq!(pairs(&circles), expected);
        }

        // The potentials in the file prove the result to anybody who can multiply.
        let positions = rows(&out.join("positions.csv"));
        prop_assert_eq!(positions.len(), summary.positions.len());
        let potential: BTreeMap<&str, i128> =
            positions.iter().map(|row| (&row[0], row[7].parse().unwrap())).collect();
        let bound: i128 = setoff
            .iter()
            .map(|row| milli(&row[2]) * (1 + potential[&row[1]] - potential[&row[0]]).max(0))
            .sum();
        prop_assert_eq!(bound, summary.cleared);
        for row in &positions {
            prop_assert_eq!(milli(&row[2]) - milli(&row[1]), milli(&row[5]));
            prop_assert_eq!(milli(&row[4]) - milli(&row[3]), milli(&row[6]));
            prop_assert_eq!(&row[5], &row[6]);
        }
    }
}

#[test]
fn odd_names_come_back_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let out = written(&folder, &outcome(TABLE));
    let residual = read(&out.join("residual.csv"));
    let names: Vec<_> = (0..residual.participants()).map(|n| residual.names.get(n)).collect();
    assert!(names.contains(&"=1+1, \"x\"\ny"), "{names:?}");
}

#[test]
fn a_folder_in_use_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let theirs = folder.path().join("theirs.txt");
    fs::write(&theirs, "mine").unwrap();
    assert!(matches!(Folder::new(folder.path(), false), Err(FolderError::NotEmpty(_))));
    assert!(matches!(Folder::new(&theirs, true), Err(FolderError::NotAFolder(_))));

    let forced = Folder::new(folder.path(), true).unwrap();
    forced.write(&outcome(TABLE), "first").unwrap();
    forced.write(&outcome("A,B,1\nB,A,1\n"), "second").unwrap();
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "mine");
    assert_eq!(rows(&folder.path().join("setoff.csv")).len(), 2);
    let mut found: Vec<_> = names_in(folder.path());
    found.retain(|name| name != "theirs.txt");
    let mut expected = FILES.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn an_explanation_that_is_left_out_is_said_to_be_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let out = Folder::new(folder.path(), true).unwrap();
    let mut outcome = outcome(TABLE);
    out.write(&outcome, "explained").unwrap();
    outcome.circles = None;
    out.write(&outcome, "too long").unwrap();
    let expected = files(&outcome).len();
    assert_eq!((names_in(folder.path()).len(), expected), (expected, FILES.len() - 1));
    assert!(!folder.path().join("circles.csv").exists(), "nor that of the run before");
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("are left out") && !page.contains("circles.csv"), "{page}");
    let timing = Timing { run: std::time::Duration::ZERO };
    let text = json(&outcome, timing, false, None).unwrap();
    assert!(text.contains(r#""lifts":null,"explained":false"#), "{text}");
}

#[test]
fn every_row_that_was_left_out_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("A,B,1\n{}B,A,1\n", "x,x,1\n".repeat(30));
    let options = ReadOptions { separator: None, max_bad: 30 };
    let mut outcome = result::cleared(read_table(text.as_bytes(), &options).unwrap());
    outcome.table.refused += 7;
    let refused = rows(&written(&folder, &outcome).join("refused.csv"));
    let lines: Vec<_> = refused.iter().map(|row| row[0].to_owned()).collect();
    let expected = (2..32).map(|line| line.to_string()).chain([String::new()]).collect::<Vec<_>>();
    assert_eq!(lines, expected);
    assert_eq!(
        (&refused[0][1], &refused[30][1]),
        ("debtor and creditor are the same", "and 7 more")
    );
}

#[test]
fn an_empty_folder_and_missing_parents_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = outcome(TABLE);
    let deep = folder.path().join("a/b/c");
    for path in [folder.path().join("empty"), deep] {
        if path.ends_with("empty") {
            fs::create_dir(&path).unwrap();
        }
        Folder::new(&path, false).unwrap().write(&outcome, "test").unwrap();
        assert_eq!(names_in(&path).len(), FILES.len());
        assert_eq!(
            names_in(path.parent().unwrap()).iter().filter(|n| n.contains("partial")).count(),
            0
        );
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_there_stays_the_same_folder() {
    use std::os::unix::fs::MetadataExt;
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("out");
    fs::create_dir(&path).unwrap();
    let before = fs::metadata(&path).unwrap().ino();
    Folder::new(&path, false).unwrap().write(&outcome(TABLE), "test").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().ino(), before, "somebody may be working in it");
    assert_eq!(names_in(&path).len(), FILES.len());
    assert_eq!(names_in(parent.path()), ["out"]);
}

#[test]
fn of_two_runs_into_one_folder_the_second_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    for (name, there) in [("new", false), ("there", true)] {
        let path = parent.path().join(name);
        if there {
            fs::create_dir(&path).unwrap();
        }
        let runs = [Folder::new(&path, false).unwrap(), Folder::new(&path, false).unwrap()];
        runs[0].write(&outcome(TABLE), "first").unwrap();
        let second = runs[1].write(&outcome("A,B,1\nB,A,1\n"), "second");
        assert!(matches!(second, Err(FolderError::NotEmpty(_))), "{second:?}");
        assert_eq!(rows(&path.join("setoff.csv")).len(), 4, "the first run's files are untouched");
        assert_eq!(names_in(&path).len(), FILES.len());
    }
    assert_eq!(names_in(parent.path()), ["new", "there"]);
}

#[test]
fn a_folder_of_the_name_of_a_file_stops_it_before_anything_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let accepted = Folder::new(folder.path(), true).unwrap();
    accepted.write(&outcome(TABLE), "first").unwrap();
    fs::remove_file(folder.path().join("circles.csv")).unwrap();
    fs::create_dir(folder.path().join("circles.csv")).unwrap();
    let in_the_way = |result: Result<(), FolderError>| match result {
        Err(FolderError::Io { path, .. }) => assert!(path.ends_with("circles.csv"), "{path:?}"),
        other => panic!("{other:?}"),
    };
    in_the_way(Folder::new(folder.path(), true).map(drop));
    in_the_way(accepted.write(&outcome("A,B,1\nB,A,1\n"), "second"));
    assert_eq!(rows(&folder.path().join("setoff.csv")).len(), 4, "the first run's");
    assert_eq!(names_in(folder.path()).len(), FILES.len());
}

#[test]
fn what_cannot_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let inside_a_file = folder.path().join("file/out");
    if let Ok(folder) = Folder::new(&inside_a_file, false) {
        assert!(matches!(folder.write(&outcome(TABLE), "test"), Err(FolderError::Io { .. })));
    }
    assert_eq!(names_in(folder.path()), ["file"]);
}

fn names_in(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
