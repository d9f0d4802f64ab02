//! What can go wrong with a data directory, through the real program: a clear word, the documented
//! exit code, nothing lost, nothing changed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Write, stderr};
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::town::Town;

/// The bytes of every file of a site, but those of the lock, which names whoever was there last,
/// and of the files beside the database, which hold what it holds.
fn bytes(town: &Town) -> BTreeMap<String, Vec<u8>> {
    let names = town.room.names("site").into_iter();
    let names =
        names.filter(|name| name != "lock" && !name.contains("-wal") && !name.contains("-shm"));
    names.map(|name| (name.clone(), fs::read(town.site().join(name)).unwrap())).collect()
}

/// Asks for something that must not be done, and must change nothing.
fn is_refused(town: &Town, words: &str, code: i32, error: &str, says: &[&str]) {
    let before = bytes(town);
    let run = town.run(&format!("{words} --json"));
    assert_eq!((run.code, &run.json_error()["error"]), (code, &error.into()), "{}", run.err);
    for say in says {
        assert!(run.err.contains(say), "{say}: {}", run.err);
    }
    assert_eq!(bytes(town), before, "{words}");
}

#[test]
fn a_data_directory_that_is_a_file_is_told() {
    let town = Town::bare();
    town.room.put("site", "a letter");
    for words in ["init", "status", "pay bob 1 --as ann", "doctor"] {
        let run = town.run(&format!("{words} --json"));
        assert_eq!((run.code, &run.json_error()["error"]), (3, &"io".into()), "{}", run.err);
        assert!(run.err.contains("site: it is a file"), "{}", run.err);
    }
    assert_eq!(fs::read(town.site()).unwrap(), b"a letter");
}

#[test]
fn a_damaged_agent_key_is_named_and_nothing_is_touched() {
    let town = Town::with_tally();
    let file = town.site().join("agent.jwk");
    let good = fs::read(&file).unwrap();
    for damaged in [&b""[..], b"{}", b"\0\0\0\0", &good[..good.len() / 2]] {
        fs::write(&file, damaged).unwrap();
        for words in ["status", "pay ann 1 --as bob", "doctor"] {
            is_refused(&town, words, 1, "key", &["agent.jwk", "restore it"]);
        }
    }
    fs::write(&file, good).unwrap();
    town.does("pay ann 1 --as bob");
    town.is_well();
}

#[test]
fn a_damaged_database_is_named_and_left_as_it_is() {
    let town = Town::with_tally();
    town.does("pay ann 1 --as bob");
    let file = town.site().join("mychips.db");
    let good = fs::read(&file).unwrap();
    for from in [0, 100] {
        let mut damaged = good.clone();
        damaged[from..4096].fill(0x5a);
        fs::write(&file, damaged).unwrap();
        for words in ["status", "pay ann 1 --as bob"] {
            is_refused(&town, words, 3, "store", &["mychips.db"]);
        }
    }
    fs::write(&file, good).unwrap();
    assert_eq!(town.balance("ann", "bob"), 1_000);
    town.is_well();
}

#[test]
fn a_newer_schema_is_refused_and_left_as_it_is() {
    let town = Town::with_tally();
    let newer = "INSERT INTO schemas (number) VALUES (4000)";
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    let file = town.site().join("mychips.db");
    runtime.block_on(store::testing::run_in(&file, newer)).unwrap();
    for words in ["status", "pay ann 1 --as bob", "doctor", "init"] {
        is_refused(&town, words, 3, "store", &["schema 4000", "use the newer program"]);
    }
    let older = "DELETE FROM schemas WHERE number = 4000";
    runtime.block_on(store::testing::run_in(&file, older)).unwrap();
    town.does("pay ann 1 --as bob");
    town.is_well();
}

#[test]
fn the_lock_of_a_program_that_was_killed_keeps_nobody_out() {
    let town = Town::with_tally();
    let lock = fs::File::open(town.site().join("lock")).unwrap();
    let mut command = Command::new("sleep");
    let mut holder = command.arg("600").stdin(lock).process_group(0).spawn().unwrap();
    fs::write(town.site().join("lock"), format!("{}\n", holder.id())).unwrap();
    holder.kill().unwrap();
    holder.wait().unwrap();
    town.does("pay ann 1 --as bob");
    town.is_well();
}

/// Whether this machine lets the tests mount a disk of their own: as root, outside of most containers.
/// What is left out is said in the words that fail the run on the machine that guards main.
fn mounts() -> bool {
    let mut try_it = Command::new("unshare");
    try_it.args(["--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]);
    let mounts = try_it.output().is_ok_and(|output| output.status.success());
    if !mounts {
        let _ = writeln!(stderr(), "SKIP a disk of its own needs root, and the right to mount");
    }
    mounts
}

/// Runs a script with the site on a small disk of its own, `disk`; `m` is the program. The disk is
/// gone with the script.
fn on_a_small_disk(town: &Town, script: &str) -> String {
    let disk = town.room.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let script = format!(
        "set -eu\nmount -t tmpfs -o size=1500k tmpfs disk\ncp -p site/* disk/\n\
         m() {{ set +e; \"$PROGRAM\" \"$@\" 2>&1; echo \"exit $?\"; set -e; }}\n{script}"
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script]).current_dir(town.room.path());
    command.env("PROGRAM", env!("CARGO_BIN_EXE_mychips"));
    command.env("MYCHIPS_DATA", &disk).env("MYCHIPS_KEYS", town.keys());
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let also = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}{also}");
    said
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    if !mounts() {
        return;
    }
    let town = Town::with_tally();
    town.does("pay ann 1 --as bob --memo before");
    let said = on_a_small_disk(
        &town,
        "cat /dev/zero > disk/filler || true\n\
         m pay ann 1 --as bob --memo while\n\
         rm disk/filler\n\
         m doctor\n\
         m pay ann 1 --as bob --memo after\n\
         m statement bob --as ann\n\
         m doctor\n",
    );
    let (full, then) = said.split_once("exit 3\n").unwrap();
    assert!(full.contains("full") || full.contains("No space left"), "{full}");
    assert!(!full.contains("Paid"), "{full}");
    assert!(!then.contains("while") && then.contains("before") && then.contains("after"), "{then}");
    assert_eq!(then.matches("All is well").count(), 2, "{then}");
}

/// Little by little: wherever the room ends, what was said to be paid is kept, and nothing else.
#[test]
fn a_disk_that_fills_up_keeps_what_was_told() {
    if !mounts() {
        return;
    }
    let town = Town::with_tally();
    let said = on_a_small_disk(
        &town,
        "dd if=/dev/zero of=disk/filler bs=1024 2>/dev/null || true\n\
         for room in 200 160 120 80 60 40 20 8; do\n\
           truncate -s 0 disk/filler; rm -f disk/small; sync\n\
           dd if=/dev/zero of=disk/small bs=1024 count=$room 2>/dev/null || true\n\
           dd if=/dev/zero of=disk/filler bs=1024 2>/dev/null || true\n\
           rm disk/small\n\
           m pay ann 0.001 --as bob\n\
         done\n\
         rm -f disk/filler disk/small\n\
         m doctor --json\n\
         m statement ann --as bob --json\n\
         m pay ann 0.002 --as bob\n\
         m statement bob --as ann --json\n\
         m doctor --json\n",
    );
    let paid = said.matches("Paid 0.001").count();
    let refused = said.matches("exit 3").count();
    assert_eq!(paid + refused, 8, "{said}");
    assert_eq!(said.matches("\"ok\":true").count(), 2, "{said}");
    // Both halves have all that was told, the partner's once the post got through.
    assert_eq!(said.matches("\"index\"").count(), 2 * paid + 1, "{said}");
    assert!(paid > 0 && refused > 0, "{said}");
}

/// Wherever the room ends, there is no backup, nothing in its way, and the site as it was.
#[test]
fn a_disk_that_fills_up_during_a_backup_keeps_none() {
    if !mounts() {
        return;
    }
    let town = Town::with_tally();
    town.does("pay ann 1 --as bob");
    let said = on_a_small_disk(
        &town,
        "for room in 0 20 60 120 200; do\n\
           rm -f disk/filler disk/small; sync\n\
           dd if=/dev/zero of=disk/small bs=1024 count=$room 2>/dev/null || true\n\
           dd if=/dev/zero of=disk/filler bs=1024 2>/dev/null || true\n\
           rm -f disk/small\n\
           m backup disk/monday\n\
           ls -d disk/monday* 2>/dev/null && echo there || true\n\
         done\n\
         rm -f disk/filler\n\
         m backup disk/monday\n\
         m restore disk/monday --data restored\n\
         m doctor\n\
         m doctor --data restored\n",
    );
    assert_eq!(said.matches("exit 3").count(), 5, "{said}");
    assert!(!said.contains("there"), "{said}");
    assert_eq!(said.matches("exit 0").count(), 4, "{said}");
    assert_eq!(said.matches("All is well").count(), 2, "{said}");
}

#[test]
fn a_disk_that_may_only_be_read_is_told() {
    if !mounts() {
        return;
    }
    let town = Town::with_tally();
    let said = on_a_small_disk(
        &town,
        "mount -o remount,ro disk\n\
         m pay ann 1 --as bob\n\
         m init\n\
         m status --json\n\
         mount -o remount,rw disk\n\
         m pay ann 1 --as bob\n\
         m doctor\n",
    );
    assert_eq!(said.matches("exit 3").count(), 3, "{said}");
    assert_eq!(said.matches("Read-only file system").count(), 3, "{said}");
    assert!(said.contains("Paid 1.000") && said.contains("All is well"), "{said}");
}
