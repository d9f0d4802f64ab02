//! What was measured: a line for each on the terminal, all of it as JSON, and a page with bars.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::rounds::Came;

/// What was measured, in order.
pub(crate) struct Report {
    lines: Vec<Line>,
    machine: String,
}

struct Line {
    store: String,
    what: String,
    number: f64,
    unit: &'static str,
}

/// The aims that a line is measured against, in the words of the lines.
const AIMS: [(&str, &str, f64); 5] = [
    ("sqlite", "written", 5_000.0),
    ("sqlite", "chits checked by doctor", 10_000.0),
    ("postgres", "chits checked by doctor", 10_000.0),
    ("sqlite at scale", "chits checked by doctor", 10_000.0),
    ("postgres at scale", "chits checked by doctor", 10_000.0),
];

const RATIO: &str = "payments written for one TPC-B-like transaction";

impl Report {
    pub(crate) fn begin() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let info = read("/proc/cpuinfo");
        let model = info.lines().find_map(|line| line.strip_prefix("model name"));
        let model = model.map_or("", |line| line.trim_start_matches(['\t', ' ', ':']));
        let load = read("/proc/loadavg");
        let load = load.split(' ').next().unwrap_or_default();
        let machine = format!("{cores} cores, {model}; load when it began: {load}");
        println!("bench: {machine}");
        Self { lines: Vec::new(), machine }
    }

    pub(crate) fn about(&self, store: &str, what: &str) {
        println!("\n{store}: {what}");
    }

    pub(crate) fn say(&mut self, store: &str, what: &str, number: f64, unit: &'static str) {
        let digits = if number < 100.0 { 1 } else { 0 };
        println!("  {what:<52} {number:>10.digits$} {unit}");
        let (store, what) = (store.to_owned(), what.to_owned());
        self.lines.push(Line { store, what, number, unit });
    }

    pub(crate) fn rate(&mut self, store: &str, what: &str, many: f64, seconds: f64) {
        self.say(store, what, many / seconds, "a second");
    }

    pub(crate) fn waited(&mut self, store: &str, what: &str, came: &Came) {
        self.say(store, &format!("{what}: half of them within"), came.waited_ms(50), "ms");
        self.say(store, &format!("{what}: 99 of 100 within"), came.waited_ms(99), "ms");
    }

    fn find(&self, store: &str, what: &str) -> Option<f64> {
        let line = self.lines.iter().find(|line| line.store == store && line.what == what);
        line.map(|line| line.number)
    }

    /// Our rate on PostgreSQL by that of pgbench on the same cluster.
    pub(crate) fn ratio(&mut self) {
        let ours = self.find("postgres", "written");
        let theirs = self.find("postgres", "pgbench: TPC-B-like transactions");
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            println!();
            self.say("postgres", RATIO, ours / theirs, "(aim: 2)");
        }
    }

    /// Where the time of a payment goes, in microseconds: what is measured alone, and what a store
    /// takes beyond one that keeps nothing.
    fn parts(&self, store: &str) -> Option<[(&'static str, f64); 3]> {
        let micros = |rate: f64| 1_000_000.0 / rate;
        let verify = micros(self.find("verify", "signatures checked on one core")?);
        let decided = micros(self.find("memory", "written")?);
        let kept = micros(self.find(store, "written")?);
        Some([
            ("check the signature", verify),
            ("decide, print, hand over", (decided - verify).max(0.0)),
            ("keep: rows, letters, the disk", (kept - decided).max(0.0)),
        ])
    }

    pub(crate) fn write(&self, folder: &Path) {
        let lines: Vec<Value> = self.lines.iter().map(line).collect();
        let all = json!({ "machine": self.machine, "measured": lines });
        let text = serde_json::to_string_pretty(&all).unwrap();
        std::fs::write(folder.join("bench.json"), text).unwrap();
        std::fs::write(folder.join("bench.html"), self.page()).unwrap();
    }

    fn page(&self) -> String {
        let mut page = String::from(HEAD);
        // Writing to a string cannot fail.
        let _ = write!(page, "<p>{}</p><h2>Where the time of a payment goes</h2>", self.machine);
        page.push_str("<p>Time for each payment while 64 callers write at once. The signature is measured alone on one core; deciding is a site on a store in memory, less that; keeping is what the store takes beyond it.</p>");
        for store in ["sqlite", "postgres"] {
            if let Some(parts) = self.parts(store) {
                bars(&mut page, store, &parts);
            }
        }
        let mut store = "";
        for line in &self.lines {
            if line.store != store {
                store = &line.store;
                let _ = write!(page, "</table><h2>{store}</h2><table>");
            }
            let aim = AIMS.iter().find(|aim| aim.0 == line.store && aim.1 == line.what);
            let aim = aim.map_or(String::new(), |aim| format!("aim {}", aim.2));
            let digits = if line.number < 100.0 { 1 } else { 0 };
            let _ = write!(
                page,
                "<tr><td>{}<td class=n>{:.digits$}<td>{}<td>{aim}",
                line.what, line.number, line.unit
            );
        }
        page.push_str("</table>");
        page
    }
}

const HEAD: &str = "<!doctype html><meta charset=utf-8><title>How fast a site is</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}td{padding:.1rem .8rem .1rem 0}.n{text-align:right;font-variant-numeric:tabular-nums}svg text{font:13px system-ui,sans-serif;fill:#222}</style><h1>How fast a site is</h1>";

fn line(line: &Line) -> Value {
    json!({ "store": line.store, "what": line.what, "number": line.number, "unit": line.unit })
}

fn bars(page: &mut String, store: &str, parts: &[(&str, f64)]) {
    let all: f64 = parts.iter().map(|part| part.1).sum();
    let _ = write!(
        page,
        "<h3>{store}: {all:.0} µs</h3><svg viewBox='0 0 760 {}' role=img>",
        parts.len() * 30
    );
    for (place, (what, micros)) in parts.iter().enumerate() {
        let (y, width) = (place * 30, (micros / all * 380.0).max(1.0));
        let _ = write!(
            page,
            "<text x=0 y={}>{what}</text><rect x=230 y={y} width={width:.0} height=22 fill='#2b6cb0'/><text x={:.0} y={}>{micros:.0} µs</text>",
            y + 16,
            238.0 + width,
            y + 16
        );
    }
    page.push_str("</svg>");
}
