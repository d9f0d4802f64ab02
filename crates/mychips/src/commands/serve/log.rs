//! The log, on standard error: text for people at a terminal, JSON for programs otherwise. Only this
//! program's own crates write to it.

use std::io::{IsTerminal, stderr};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Format, Level};

/// Whose lines count. Others may quote what users sent.
const OURS: [&str; 5] = ["api", "mychips", "site", "store", "wire"];

impl From<Level> for LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Off => Self::OFF,
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
            Level::Trace => Self::TRACE,
        }
    }
}

/// Begins the log.
pub(super) fn start(level: Level, format: Format) {
    let targets = Targets::new().with_targets(OURS.map(|ours| (ours, LevelFilter::from(level))));
    let registry = tracing_subscriber::registry();
    // Only one begins in a process: this one.
    let text = match format {
        Format::Auto => stderr().is_terminal(),
        Format::Text => true,
        Format::Json => false,
    };
    let _ = if text {
        registry
            .with(
                layer().with_ansi(stderr().is_terminal()).with_writer(stderr).with_filter(targets),
            )
            .try_init()
    } else {
        let json = layer().json().flatten_event(true).with_current_span(false);
        let json = json.with_span_list(false).with_writer(stderr);
        registry.with(json.with_filter(targets)).try_init()
    };
}
