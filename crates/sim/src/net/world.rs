//! The time and chance that a simulated site is handed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use protocol::{Hash, Timestamp};
use site::{Chance, Clock};

/// The beginning of simulated time: 2026-11-22 09:00 UTC, in milliseconds since 1970.
pub(super) const START_MS: i64 = 1_795_338_000_000;

/// The true time of the simulated world, in milliseconds since 1970.
#[derive(Clone, Debug)]
pub(super) struct Time(Arc<AtomicI64>);

impl Time {
    pub(super) fn begun() -> Self {
        Self(Arc::new(AtomicI64::new(START_MS)))
    }

    pub(super) fn ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, ms: i64) {
        self.0.store(ms, Ordering::Relaxed);
    }
}

/// A moment as records have it; whatever is beyond is the last one.
pub(super) fn moment(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms).unwrap_or(Timestamp::MAX)
}

/// A site's clock: true time, and how wrong it is.
#[derive(Debug)]
pub(super) struct SiteClock {
    time: Time,
    /// How far it was ahead when it was set, when that was, and how many millionths it has gone too fast since.
    skew_ms: AtomicI64,
    set_ms: AtomicI64,
    drift_ppm: AtomicI64,
}

impl SiteClock {
    pub(super) fn new(time: &Time, skew_ms: i64) -> Self {
        let [skew_ms, set_ms, drift_ppm] = [skew_ms, time.ms(), 0].map(AtomicI64::new);
        Self { time: time.clone(), skew_ms, set_ms, drift_ppm }
    }

    pub(super) fn set(&self, skew_ms: i64, drift_ppm: i64) {
        self.skew_ms.store(skew_ms, Ordering::Relaxed);
        self.set_ms.store(self.time.ms(), Ordering::Relaxed);
        self.drift_ppm.store(drift_ppm, Ordering::Relaxed);
    }

    /// How far it is ahead of true time, in milliseconds.
    pub(super) fn ahead_ms(&self) -> i64 {
        let since = self.time.ms() - self.set_ms.load(Ordering::Relaxed);
        let drifted = since * self.drift_ppm.load(Ordering::Relaxed) / 1_000_000;
        self.skew_ms.load(Ordering::Relaxed) + drifted
    }
}

impl Clock for SiteClock {
    fn now(&self) -> Timestamp {
        moment(self.time.ms() + self.ahead_ms())
    }
}

/// A site's chance: never the same twice, whatever became of its disk.
#[derive(Debug)]
pub(super) struct SiteChance {
    of: [u8; 32],
    drawn: AtomicU64,
}

impl SiteChance {
    pub(super) const fn new(of: [u8; 32]) -> Self {
        Self { of, drawn: AtomicU64::new(0) }
    }
}

impl Chance for SiteChance {
    fn bytes(&self) -> [u8; 32] {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mut text = self.of.to_vec();
        text.extend(drawn.to_be_bytes());
        *Hash::of(&text).as_bytes()
    }
}
