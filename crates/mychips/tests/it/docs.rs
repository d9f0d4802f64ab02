//! Documents must not rot: every relative link and anchor in a Markdown file leads somewhere, and
//! every `sh` block that calls `mychips` runs as printed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::BufRead as _;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use protocol::chit::Entry;
use protocol::lading::Position;
use protocol::{Cert, Chit, Contract, Lading, Record, Side, Tally, Units, Verified};

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/mychips").to_owned()
}

/// Every Markdown file below `dir`, without hidden and built folders.
fn markdown_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !name.starts_with('.') && !matches!(name, "target" | "build" | "node_modules") {
                markdown_files(&path, found);
            }
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// A Markdown text cut into prose lines (numbered from 1) and fenced blocks (info, content).
pub(crate) struct Cut {
    pub(crate) prose: Vec<(usize, String)>,
    pub(crate) blocks: Vec<(String, String)>,
}

pub(crate) fn cut(text: &str) -> Cut {
    let mut out = Cut { prose: Vec::new(), blocks: Vec::new() };
    let mut fence: Option<String> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let bare = line.trim_start();
        let run = bare.chars().take_while(|&c| bare.starts_with(c)).count();
        let fences = run >= 3 && (bare.starts_with('`') || bare.starts_with('~'));
        match &fence {
            Some(open) if fences && bare.starts_with(open.as_str()) && bare[run..].is_empty() => {
                fence = None;
            }
            Some(_) => {
                if let Some((_, content)) = out.blocks.last_mut() {
                    content.push_str(line);
                    content.push('\n');
                }
            }
            None if fences => {
                fence = Some(bare[..run].to_owned());
                out.blocks.push((bare[run..].trim().to_owned(), String::new()));
            }
            None => out.prose.push((number, without_code(line))),
        }
    }
    out
}

/// The line with its `code` spans blanked.
fn without_code(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    let closed = parts.len() - 1 - (parts.len() - 1) % 2;
    let keep = |(place, part): (usize, &&str)| {
        if place % 2 == 1 && place < closed { String::new() } else { (*part).to_owned() }
    };
    parts.iter().enumerate().map(keep).collect()
}

/// The targets of inline links, pictures and reference definitions in a line of prose.
fn targets(line: &str) -> Vec<String> {
    let inline = line.split("](").skip(1).filter_map(|rest| {
        let end = rest.find([')', ' '])?;
        Some(rest[..end].trim_matches(['<', '>']).to_owned())
    });
    let definition = line.trim_start().strip_prefix('[').and_then(|rest| {
        let (_, target) = rest.split_once("]: ")?;
        target.split_whitespace().next().map(str::to_owned)
    });
    inline.chain(definition).collect()
}

/// The anchors that a text offers: its headings, as GitHub and mdBook name them, and `id="…"`.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut out = BTreeSet::new();
    for line in text.lines() {
        for id in line.split("id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            out.insert(id.to_owned());
        }
    }
    for heading in headings(text) {
        let slug: String = heading
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let again = seen.entry(slug.clone()).or_default();
        out.insert(if *again == 0 { slug } else { format!("{slug}-{again}") });
        *again += 1;
    }
    out
}

/// The headings of a text, code spans included, fenced blocks left out.
fn headings(text: &str) -> Vec<String> {
    let outside: BTreeSet<usize> = cut(text).prose.iter().map(|&(number, _)| number).collect();
    (1..)
        .zip(text.lines())
        .filter(|(number, line)| outside.contains(number) && line.starts_with('#'))
        .filter_map(|(_, line)| line.trim_start_matches('#').strip_prefix(' '))
        .map(|heading| heading.trim().to_owned())
        .collect()
}

/// `dir/target` with `..` and `.` worked out.
fn resolve(dir: &Path, target: &str) -> PathBuf {
    let mut out = dir.to_owned();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::Normal(name) => out.push(name),
            _ => {}
        }
    }
    out
}

/// What is wrong with a link found in `file`, if anything.
fn fault(file: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    if target.starts_with('/') {
        return Some("is absolute: link relative to this file".to_owned());
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let aim = if path.is_empty() { file.to_owned() } else { resolve(file.parent()?, path) };
    if !aim.starts_with(root()) || !aim.exists() {
        return Some("leads nowhere".to_owned());
    }
    if anchor.is_empty() {
        return None;
    }
    let text = fs::read_to_string(&aim).unwrap_or_default();
    (!anchors(&text).contains(anchor)).then(|| format!("has no heading #{anchor}"))
}

#[test]
fn every_link_leads_somewhere() {
    let mut files = Vec::new();
    markdown_files(&root(), &mut files);
    assert!(files.iter().any(|file| file.ends_with("docs/book/src/SUMMARY.md")), "no book found");
    let mut faults = Vec::new();
    let mut links = 0;
    for file in &files {
        let text = fs::read_to_string(file).expect("a readable document");
        for (number, line) in cut(&text).prose {
            for target in targets(&line) {
                links += 1;
                if let Some(fault) = fault(file, &target) {
                    faults.push(format!("{}:{number}: {target} {fault}", file.display()));
                }
            }
        }
    }
    assert!(links > 0, "the scanner found no link at all");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Runs, in order and in one empty folder that holds the samples, the `sh` blocks of a document
/// that call `mychips`, and returns how many there were.
fn run_blocks(document: &str) -> usize {
    let text = fs::read_to_string(root().join(document)).expect("the document");
    let home = tempfile::tempdir().expect("a folder");
    let town = home.path().join("samples/quernby");
    fs::create_dir_all(&town).expect("a folder");
    for entry in fs::read_dir(root().join("samples/quernby")).expect("the sample town") {
        let file = entry.expect("a readable entry").path();
        fs::copy(&file, town.join(file.file_name().expect("a name"))).expect("a copy");
    }
    let program = Path::new(env!("CARGO_BIN_EXE_mychips")).parent().expect("a folder");
    let mut path = program.as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let blocks: Vec<String> = cut(&text)
        .blocks
        .into_iter()
        .filter(|(info, block)| info == "sh" && block.contains("mychips "))
        .map(|(_, block)| block)
        .collect();
    for block in &blocks {
        let run = Command::new("sh")
            .args(["-e", "-c", block])
            .current_dir(home.path())
            .env("PATH", &path)
            .env("HOME", home.path())
            .env_remove("XDG_DATA_HOME")
            .env_remove("MYCHIPS_DATA")
            .env_remove("MYCHIPS_KEYS")
            .output()
            .expect("a shell");
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{document} shows this, which fails:\n{block}\n{said}");
    }
    blocks.len()
}

#[test]
fn commands_shown_to_readers_work() {
    assert!(run_blocks("README.md") > 0, "README.md shows how to clear a table");
    assert!(run_blocks("docs/book/src/use/set-off.md") > 0, "the manual shows how to clear");
    assert!(run_blocks("docs/book/src/use/site.md") > 0, "the manual shows how to keep a site");
}

/// A terminal of a reader who does what README.md shows: its variables, and what runs in the background.
struct Terminal {
    env: BTreeMap<String, String>,
    serving: Option<std::process::Child>,
    /// Where the site that it serves is reached by others.
    place: String,
}

impl Terminal {
    fn new() -> Self {
        Self { env: BTreeMap::new(), serving: None, place: String::new() }
    }

    fn shell(&self, home: &Path, line: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_mychips")).parent().expect("a folder");
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", line]).current_dir(home).env("PATH", path).env("HOME", home);
        shell.env_remove("XDG_DATA_HOME").envs(&self.env);
        // Tests run side by side: ports are free ones.
        shell.env("MYCHIPS_HTTP_PORT", "0").env("MYCHIPS_PEERS_LISTEN", "127.0.0.1:0");
        // A reader waits a minute at most for a circle to clear.
        shell.env("MYCHIPS_CLEARING_EVERY", "2s");
        shell
    }

    /// Gives a line; what the other site has to send may take a moment.
    fn gives(&mut self, home: &Path, line: &str) -> String {
        if let Some(exports) = line.strip_prefix("export ") {
            for (name, value) in exports.split(' ').filter_map(|one| one.split_once('=')) {
                let value = value.trim_matches('"').replace("$PWD", &home.display().to_string());
                self.env.insert(name.to_owned(), value);
            }
            return String::new();
        }
        if let Some(background) = line.strip_suffix(" &") {
            let mut shell = self.shell(home, &format!("exec {background}"));
            let mut serving = shell.stdout(std::process::Stdio::piped()).spawn().expect("a shell");
            let (mut said, out) = (String::new(), serving.stdout.as_mut().expect("its words"));
            std::io::BufReader::new(out).read_line(&mut said).expect("a line");
            let place = said.split_once("for other sites at ").expect("a place").1;
            place.rsplit_once(": ").expect("what is served").0.clone_into(&mut self.place);
            self.serving = Some(serving);
            let sign = Path::new(&self.env["MYCHIPS_DATA"]).join("serve.json");
            return until("it is served", || {
                sign.exists().then(String::new).ok_or_else(|| "not yet".to_owned())
            });
        }
        if line == "kill %1" {
            self.ends();
            return String::new();
        }
        until(line, || {
            let run = self.shell(home, line).output().expect("a shell");
            let said = String::from_utf8_lossy(&run.stderr).into_owned();
            let out = String::from_utf8_lossy(&run.stdout).into_owned();
            if run.status.success() { Ok(out) } else { Err(said) }
        })
    }

    fn ends(&mut self) {
        if let Some(mut child) = self.serving.take() {
            let killed = Command::new("kill").arg(child.id().to_string()).status();
            assert!(killed.expect("kill").success());
            assert!(child.wait().expect("its end").success(), "it ended in good order");
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(child) = &mut self.serving {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Tries until it goes well, two minutes at most: two sites that look for one way round at the same time are in each
/// other's way, and rest for most of one.
fn until(what: &str, attempt: impl Fn() -> Result<String, String>) -> String {
    let begun = std::time::Instant::now();
    loop {
        match attempt() {
            Ok(out) => return out,
            Err(why) => assert!(begun.elapsed().as_secs() < 120, "README.md shows {what}: {why}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// What the sites of README.md are called by, which differs from run to run.
#[derive(Default)]
struct Names {
    /// The last invitation's link.
    link: String,
    invoice: String,
    /// The referee, and where it answers.
    referee: String,
    /// Ann, and where her site answers.
    ann: String,
    /// The lift that clears the circle.
    lift: String,
    /// What was shown by each command, each time that it was given.
    shown: BTreeMap<String, Vec<String>>,
}

impl Names {
    /// A line as a reader gives it, with what is elided in the document.
    fn whole(&self, line: &str) -> String {
        let line = line.replace("chip://ann:12D3Koo…@127.0.0.1:8421", &self.ann);
        let line = line.replace("12D3Koo…@127.0.0.1:8541", &self.referee);
        let line = ["ann", "bob", "cat"]
            .iter()
            .fold(line, |line, name| line.replace(&format!("chip://{name}:12D3Koo…"), &self.link));
        line.replace("7d1c", &self.invoice).replace("5Zr8", &self.lift)
    }

    /// How often a command was given.
    fn times(&self, line: &str) -> usize {
        self.shown.get(line).map_or(0, Vec::len)
    }

    fn learn(&mut self, terminal: &Terminal, line: &str, out: String) {
        let last = |label: &str| {
            let found = out.lines().find_map(|line| line.strip_prefix(label));
            found.expect("a row").trim().to_owned()
        };
        if line.starts_with("mychips tally invite") {
            let link = out.lines().find(|line| line.starts_with("chip://"));
            link.expect("a link").clone_into(&mut self.link);
        } else if line == "mychips status" {
            self.referee = format!("{}@{}", last("Agent"), terminal.place);
        } else if line == "mychips user show ann" {
            self.ann = format!("chip://{}@{}", last("Address"), terminal.place);
        } else if line.starts_with("mychips invoice list") {
            self.invoice = out;
            return;
        } else if let Some(cleared) = out.lines().find(|line| line.contains("  clearing  ")) {
            cleared.split(' ').next().expect("a lift").clone_into(&mut self.lift);
        }
        self.shown.entry(line.to_owned()).or_default().push(out);
    }
}

/// README.md shows two sites in two terminals, and then three: every line of it, in order, does what it says.
#[test]
fn the_sites_in_terminals_are_as_the_readme_shows_them() {
    let text = fs::read_to_string(root().join("README.md")).expect("the document");
    let home = tempfile::tempdir().expect("a folder");
    let mut terminals: BTreeMap<&str, Terminal> =
        ["ann", "bob", "cat", "referee"].map(|name| (name, Terminal::new())).into();
    let (mut names, mut lines) = (Names::default(), 0);
    let blocks = cut(&text).blocks;
    for (info, block) in &blocks {
        let Some(whose) = info.strip_prefix("console ") else { continue };
        let whose = if whose == "each" { vec!["ann", "bob", "cat"] } else { vec![whose] };
        for (name, line) in whose.iter().flat_map(|name| block.lines().map(move |l| (name, l))) {
            let line = line.strip_prefix("$ ").expect("a command");
            let terminal = terminals.get_mut(name).expect("a terminal");
            let out = given(terminal, home.path(), &names.whole(line), names.times(line));
            names.learn(terminal, line, out);
            lines += 1;
        }
    }
    assert!(lines > 65, "README.md shows two sites, three, and a circle");
    let shows = |line: &str, words: &str| {
        let out = names.shown[line].last().expect("what was shown");
        assert!(out.contains(words), "{line}: {out}");
    };
    shows("mychips tally list --as bob", "close");
    shows("mychips lift list --as cat", "to ann");
    shows("mychips lift list --as bob", "passed on");
    shows("mychips statement bob --as ann", "from cat: bread");
    shows("mychips statement cat --as bob", "passed on");
    // By which lift each is rid of 3, of a circle of which each sees its own part.
    for name in ["ann", "bob", "cat"] {
        let line = format!("mychips lift show 5Zr8 --as {name}");
        for words in ["clearing", "commit", "+3.000", "-3.000", "what both signed"] {
            shows(&line, words);
        }
        let referee = names.referee.split('@').next().expect("an agent");
        shows(&line, referee);
    }
    // And what is left: the smallest of the three debts is gone from all of them, as both sides of each say.
    let owed = |whose: &str, partner: &str| {
        until("what is left of a circle", || {
            balance(&terminals[whose], home.path(), whose, partner)
        })
    };
    let left = [("ann", "cat", 0), ("cat", "bob", -2_000), ("bob", "ann", -2_000)];
    for (debtor, creditor, milli) in left {
        assert_eq!(owed(debtor, creditor), milli.to_string(), "{debtor} owes {creditor}");
        assert_eq!(owed(creditor, debtor), (-milli).to_string(), "{creditor} is owed by {debtor}");
    }
}

/// What a user is owed on its open tally with a partner, in milli-CHIPs, once all chits there are agreed on.
fn balance(of: &Terminal, home: &Path, user: &str, partner: &str) -> Result<String, String> {
    let line = format!("mychips tally list --as {user} --json");
    let out = of.shell(home, &line).output().expect("a shell");
    let list: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
    let tallies = list["tallies"].as_array().into_iter().flatten();
    let open = tallies.filter(|one| one["status"] == "open");
    let mut with = open.filter(|one| one["partner"]["user"] == partner);
    let one = with.next().ok_or_else(|| list.to_string())?;
    let agreed = one["chits"] == one["agreed"];
    if agreed { Ok(one["balance"].to_string()) } else { Err(one.to_string()) }
}

/// What a line gives that was given so often before; some go well before that has come which they are to show.
fn given(terminal: &mut Terminal, home: &Path, line: &str, before: usize) -> String {
    let awaited = match (line, before) {
        ("mychips invoice list --as bob", _) => {
            return until(line, || {
                let out = terminal.shell(home, &format!("{line} --json")).output();
                let list: serde_json::Value =
                    serde_json::from_slice(&out.expect("a shell").stdout).unwrap_or_default();
                let uuid = list["invoices"][0]["invoice"].as_str();
                uuid.map(str::to_owned).ok_or_else(|| list.to_string())
            });
        }
        ("mychips statement bob --as ann", 0) => "17.500",
        ("mychips statement bob --as ann", _) => "from cat",
        ("mychips tally list --as bob", 0) => "close",
        ("mychips lift list --as bob" | "mychips statement cat --as bob", _) => "passed on",
        // The circle clears when a site looks next; the first thing that shows it waits for that.
        ("mychips tally list --as cat" | "mychips tally list --as bob", _) => "-2.000",
        ("mychips tally list --as ann", _) => "2.000",
        (line, _) => return terminal.gives(home, line),
    };
    until(line, || {
        let out = terminal.shell(home, line).output().expect("a shell");
        let out = String::from_utf8_lossy(&out.stdout).into_owned();
        if out.contains(awaited) { Ok(out) } else { Err(out) }
    })
}

#[test]
fn the_scanner_sees_links_and_leaves_code_alone() {
    let text = "# A b\n[one](x.md#y) and ![two](z.png) `[no](code.md)`\n\
        ```sh\n[no](fenced.md)\n# no heading\n```\n[three]: w.md\n";
    let cut = cut(text);
    let found: Vec<String> = cut.prose.iter().flat_map(|(_, line)| targets(line)).collect();
    assert_eq!(found, ["x.md#y", "z.png", "w.md"]);
    assert_eq!(cut.blocks, [("sh".to_owned(), "[no](fenced.md)\n# no heading\n".to_owned())]);
    assert_eq!(headings(text), ["A b"]);
}

#[test]
fn anchors_are_named_as_readers_meet_them() {
    let text = "# The `rid`: a hash, §3\n## Same\n## Same\n<a id=\"own\"></a>\n";
    let expected = ["own", "same", "same-1", "the-rid-a-hash-3"];
    assert_eq!(anchors(text), expected.map(str::to_owned).into());
}

#[test]
fn broken_links_are_told_apart() {
    let readme = root().join("README.md");
    assert_eq!(fault(&readme, "https://example.org/nowhere"), None);
    assert_eq!(fault(&readme, "samples/README.md"), None);
    assert!(fault(&readme, "samples/none.md").is_some_and(|why| why.contains("nowhere")));
    assert!(fault(&readme, "samples/README.md#none").is_some_and(|why| why.contains("#none")));
    assert!(fault(&readme, "../outside.md").is_some());
    assert!(fault(&readme, "/etc/hosts").is_some_and(|why| why.contains("absolute")));
}

/// What the worked example shows of one record.
struct Shown {
    record: String,
    canonical: String,
    hash: String,
}

/// The records of the worked example, in order.
fn worked_example() -> Vec<Shown> {
    let path = root().join("docs/book/src/protocol/3-example.md");
    let blocks = cut(&fs::read_to_string(path).expect("the worked example")).blocks;
    let of = |info: &str| -> Vec<String> {
        let blocks = blocks.iter().filter(|(found, _)| found == info);
        blocks.map(|(_, block)| block.trim().to_owned()).collect()
    };
    let rest = of("text canonical").into_iter().zip(of("text hash"));
    let shown = of("json record").into_iter().zip(rest);
    shown.map(|(record, (canonical, hash))| Shown { record, canonical, hash }).collect()
}

/// Reads a shown record, and compares the canonical form and the hash shown with it.
fn read_shown<R: Record>(shown: &Shown) -> R {
    let record = R::read(shown.record.as_bytes()).expect("a good record");
    assert_eq!(record.canonical().expect("a canonical form").as_str(), shown.canonical);
    assert_eq!(record.hash().expect("a hash").to_string(), shown.hash);
    record
}

#[test]
fn the_worked_example_is_true() {
    let shown = worked_example();
    let [contract, cert, tally, set, chit] = shown.as_slice() else {
        panic!("the worked example shows {} records", shown.len());
    };
    let contract = read_shown::<Contract>(contract);
    let cert = Verified::check(read_shown::<Cert>(cert), &()).expect("a signed cert");
    let tally = Verified::check(read_shown::<Tally>(tally), &()).expect("a signed tally");
    assert_eq!(tally.party(Side::Foil).cert, *cert);
    let contract = Verified::check(contract, &()).expect("a contract under its own hash");
    assert_eq!(Some(tally.members().agree.rid), contract.rid);
    let chits = [read_shown::<Chit>(set), read_shown::<Chit>(chit)];
    let [set, chit] = chits.map(|c| Verified::check(c, &tally.keys()).expect("a signed chit"));

    // The figures of the chapter on lading, for the same tally.
    let set = match set.into_inner().entry {
        Entry::Set { set, .. } => set,
        other => panic!("the first chit is {other:?}"),
    };
    let dairy = tally.half(Side::Stock);
    let consent = dairy.consent(Some(&set), None);
    let here = Position::new(chit.effect_on(Side::Stock), Units::ZERO, Units::ZERO);
    let here = here.expect("a position");
    let units = |milli| Units::new(milli).expect("an amount");
    let more = Lading::inward(here, &consent);
    let figures = [more.most(), more.free(), more.debt()];
    assert_eq!(figures, [units(88_800), Units::ZERO, Units::ZERO]);
    assert_eq!(more.cost(units(10_000)).expect("a cost").reward, units(50));
    let back = Lading::outward(here, &consent);
    assert_eq!([back.most(), back.free(), back.debt()], [units(61_200); 3]);
}
