//! What is counted, as Prometheus reads it. Labels are words of the program only: their type is
//! `&'static str`, so nothing that a user wrote can get into one.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use site::Posted;

/// A label and its word.
type Label = (&'static str, &'static str);

/// Upper ends of the times that are told apart, in seconds: from a read in memory to the limit.
const TIMES_S: [f64; 10] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// What tells counts, each with its name.
struct Asked(Box<dyn Fn() -> Vec<(&'static str, u64)> + Send + Sync>);

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}

/// What is counted of a serving site. Copies count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    commands: Family<[Label; 2], Counter>,
    refusals: Family<[Label; 1], Counter>,
    requests: Family<[Label; 2], Counter>,
    times: Family<[Label; 1], Histogram>,
    connections: Gauge,
    waiting: Gauge,
    notes: Family<[Label; 1], Counter>,
    waiting_letters: Gauge,
    agents: Family<[Label; 1], Gauge>,
    asked_of_agents: Arc<OnceLock<Asked>>,
    post_failures: Counter<u64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("mychips");
        let commands = Family::default();
        registry.register("commands", "Commands that were answered", commands.clone());
        let refusals = Family::default();
        registry.register("refusals", "Requests that were refused", refusals.clone());
        let requests = Family::default();
        registry.register("requests", "Requests", requests.clone());
        let histogram: fn() -> Histogram = || Histogram::new(TIMES_S);
        let times = Family::new_with_constructor(histogram);
        let help = "Time from a request's head to its answer";
        registry.register_with_unit("request", help, Unit::Seconds, times.clone());
        let connections = Gauge::default();
        registry.register("connections", "Open connections", connections.clone());
        let waiting = Gauge::default();
        registry.register("queue", "Commands that wait to be decided", waiting.clone());
        let notes = Family::default();
        registry.register("notes", "Notes between halves at this site", notes.clone());
        let waiting_letters = Gauge::default();
        let help = "Letters for other sites, as of the last round of the post";
        registry.register("letters", help, waiting_letters.clone());
        let agents = Family::default();
        let help = "What was counted of other agents since the start, and their connections now";
        registry.register("agents", help, agents.clone());
        let post_failures = Counter::default();
        let help = "Rounds of the post that the store could not do";
        registry.register("post_failures", help, post_failures.clone());
        Self {
            registry: Arc::new(registry),
            commands,
            refusals,
            requests,
            times,
            connections,
            waiting,
            notes,
            waiting_letters,
            agents,
            asked_of_agents: Arc::default(),
            post_failures,
        }
    }

    /// A command was answered.
    pub(crate) fn command(&self, kind: &'static str, done: bool) {
        let outcome = if done { "done" } else { "refused" };
        self.commands.get_or_create(&[("kind", kind), ("outcome", outcome)]).inc();
    }

    /// A request was answered; `error` is the word of its refusal.
    pub(crate) fn request(
        &self,
        path: &'static str,
        status: u16,
        error: Option<&'static str>,
        took: Duration,
    ) {
        let class = match status / 100 {
            2 => "2xx",
            4 => "4xx",
            5 => "5xx",
            _ => "other",
        };
        self.requests.get_or_create(&[("path", path), ("status", class)]).inc();
        self.times.get_or_create(&[("path", path)]).observe(took.as_secs_f64());
        if let Some(error) = error {
            self.refusals.get_or_create(&[("error", error)]).inc();
        }
    }

    /// How many connections are open.
    pub(crate) fn connected(&self, open: usize) {
        self.connections.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// A round of the post was done.
    pub fn posted(&self, posted: Posted) {
        let count = |outcome, many: usize| {
            self.notes.get_or_create(&[("outcome", outcome)]).inc_by(many as u64);
        };
        count("delivered", posted.delivered);
        count("refused", posted.refused);
    }

    /// So many letters wait for other sites.
    pub fn waiting_abroad(&self, letters: u64) {
        self.waiting_letters.set(i64::try_from(letters).unwrap_or(i64::MAX));
    }

    /// From now on this is asked what was counted of other agents, each count with its name, whenever
    /// somebody reads the metrics. Only the first is asked.
    pub fn agents(&self, counts: impl Fn() -> Vec<(&'static str, u64)> + Send + Sync + 'static) {
        let _ = self.asked_of_agents.set(Asked(Box::new(counts)));
    }

    /// A round of the post failed.
    pub fn post_failed(&self) {
        self.post_failures.inc();
    }

    /// Everything, in the text form of `OpenMetrics` 1.0.
    pub(crate) fn text(&self, waiting: usize) -> String {
        let most = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        for (name, count) in self.asked_of_agents.get().map(|asked| asked.0()).unwrap_or_default() {
            self.agents.get_or_create(&[("count", name)]).set(most(count));
        }
        let mut text = String::new();
        // Writing into a text cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
