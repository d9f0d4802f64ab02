//! Two real sites on bad lines: that lose, that are slow, that somebody listens to, and through a relay.
//! `LINES_LONG=1` says more over them, as `make soak` does.

mod capture;
mod proxied;
mod proxy;
mod relayed;
mod restarts;
mod spaces;

/// How often both pay: enough that much is under way at once.
fn times() -> u16 {
    if std::env::var_os("LINES_LONG").is_some() { 150 } else { 12 }
}
