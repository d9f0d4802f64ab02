//! Sites that older programs left behind (`tests/fixtures`): opened, or restored from a backup, and gone
//! on with.

use std::fs;
use std::path::{Path, PathBuf};

use protocol::Hash;
use store::testing::{Cluster, run_in};

use super::backup::{lose, wait};
use super::town::Town;

/// A site as a program of that time left it.
struct Old {
    schema: u64,
    /// What Carl offered Ann.
    offered: &'static str,
    agent: &'static str,
    /// What Bob owes Ann, and Carl owes Bob, in milli-CHIPs.
    ann_has: i64,
    bob_has: i64,
    /// What goes round in the circle of the three.
    clears: i64,
}

const SITES: [Old; 2] = [
    Old {
        schema: 1,
        offered: "7d3a83e5-00b2-4a1d-b1f9-c40a31983dd7",
        agent: "12D3KooW9uDo4vqZyg9DRZnoKvE6j7a9DuaGhHmbg6zRojDTr1cN",
        ann_has: 10_000,
        bob_has: 9_000,
        clears: 7_500,
    },
    Old {
        schema: 2,
        offered: "7e969b29-c5f2-410c-a387-e9537daebf76",
        agent: "12D3KooWGKcpeAgoC9r25DYr7tzAZVQEPgsnBVZW5pa8cerG4GJE",
        ann_has: 2_500,
        bob_has: 1_000,
        clears: 1_000,
    },
];

impl Old {
    fn folder(&self) -> PathBuf {
        let name = format!("tests/fixtures/schema-{}", self.schema);
        Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
    }

    /// To whoever answers it, a tally with Ann.
    fn invitation(&self) -> PathBuf {
        self.folder().join("open-invitation.json")
    }

    /// Writes its database and its agent's key into a folder.
    fn put(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        let script = fs::read_to_string(self.folder().join("mychips.sql")).unwrap();
        wait(run_in(&folder.join("mychips.db"), &script));
        fs::copy(self.folder().join("agent.jwk"), folder.join("agent.jwk")).unwrap();
        fs::write(folder.join("mychips.toml"), "").unwrap();
    }

    /// A town whose users have their keys, and no site yet.
    fn town(&self) -> Town {
        let town = Town::bare();
        fs::create_dir(town.keys()).unwrap();
        for key in fs::read_dir(self.folder().join("keys")).unwrap() {
            let key = key.unwrap();
            fs::copy(key.path(), town.keys().join(key.file_name())).unwrap();
        }
        town
    }

    /// A backup of it, sealed as `mychips backup` seals.
    fn backup(&self, folder: &Path) {
        self.put(folder);
        let names = ["agent.jwk", "mychips.toml", "mychips.db"];
        let files = names.map(|name| {
            let bytes = fs::read(folder.join(name)).unwrap();
            let (many, sha256) = (bytes.len(), sha256(&bytes));
            format!(
                "    {{\n      \"name\": \"{name}\",\n      \"bytes\": {many},\n      \"sha256\": \"{sha256}\"\n    }}"
            )
        });
        let said = format!(
            "{{\n  \"format\": 1,\n  \"program\": \"mychips 0.1.0\",\n  \"agent\": \"{}\",\n  \"date\": \
             \"2026-11-25T22:00:00.000Z\",\n  \"epoch\": 0,\n  \"schema\": {},\n  \"store\": \"sqlite\",\n  \
             \"files\": [\n{}\n  ]",
            self.agent,
            self.schema,
            files.join(",\n"),
        );
        let seal = sha256(format!("{said}\n}}\n").as_bytes());
        let text = format!("{said},\n  \"seal\": \"{seal}\"\n}}\n");
        fs::write(folder.join("backup.json"), text).unwrap();
    }

    /// All that was in it is there, and all that a newer site does can be done.
    fn goes_on(&self, town: &Town) {
        town.is_well();
        assert_eq!((town.balance("bob", "ann"), town.balance("bob", "carl")), self.of_bob());
        // What Carl signed long ago still binds him, and what Bob gave away still counts.
        town.does(&format!("tally accept {} --as ann", self.offered));
        assert_eq!(town.json(&format!("tally show {} --as carl", self.offered))["status"], "open");
        assert_eq!(town.json("lift clear")["cleared"], 3 * self.clears);
        let (with_ann, with_carl) = self.of_bob();
        let after = (with_ann + self.clears, with_carl - self.clears);
        assert_eq!((town.balance("bob", "ann"), town.balance("bob", "carl")), after);
        town.does("pay bob 1 --as ann --memo later");
        assert_eq!(town.balance("bob", "ann"), after.0 + 1_000);
        let statement = town.does("statement bob --as ann");
        assert!(statement.out.contains("flour") && statement.out.contains("later"));
        if self.schema > 1 {
            let asked = town.json("invoice list --as carl");
            town.does(&format!(
                "pay --invoice {} --as carl",
                asked["invoices"][0]["invoice"].as_str().unwrap()
            ));
        }
        town.is_well();
    }

    /// Bob's balances with Ann and with Carl, in milli-CHIPs.
    const fn of_bob(&self) -> (i64, i64) {
        (-self.ann_has, self.bob_has)
    }
}

fn sha256(bytes: &[u8]) -> String {
    Hash::of(bytes).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_site_of_an_older_program_goes_on() {
    for old in SITES {
        let town = old.town();
        old.put(&town.site());
        assert_eq!(town.json("status")["agent"], old.agent);
        old.goes_on(&town);
        town.does(&format!("tally answer {} --as carl", old.invitation().display()));
        // From now on it is a site like any other.
        town.does("backup monday");
        lose(&town);
        assert_eq!(town.json("restore monday")["epoch"], 1);
        town.is_well();
    }
}

#[test]
fn a_backup_of_an_older_schema_is_restored_in_a_file_and_in_a_server() {
    for old in SITES {
        for server in [false, true] {
            let town = old.town();
            let monday = town.room.path().join("monday");
            old.backup(&monday);
            let database = wait(Cluster::shared().unwrap().database());
            let store = if server { database.as_str() } else { "sqlite" };
            let restored = town.json(&format!("restore monday --store {store}"));
            assert_eq!((&restored["epoch"], &restored["agent"]), (&1.into(), &old.agent.into()));
            assert_eq!((&restored["halves"], &restored["invitations"]), (&9.into(), &1.into()));
            // What counted once may have counted since.
            let invitation = old.invitation().display().to_string();
            let answered = town.run(&format!("tally answer {invitation} --as carl --json"));
            assert_eq!(answered.json_error()["error"], "invitation", "{}", answered.err);
            // Every device is heard.
            for user in ["ann", "bob", "carl"] {
                town.does(&format!("tally list --as {user}"));
            }
            old.goes_on(&town);
        }
    }
}
