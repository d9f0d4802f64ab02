//! Work shared among threads, with results in the order of the work.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What `work` makes of each number below `parts`, in their order, whichever thread did which.
pub(crate) fn each<R: Send>(
    threads: usize,
    parts: usize,
    work: impl Fn(usize) -> R + Sync,
) -> Vec<R> {
    if threads <= 1 || parts <= 1 {
        return (0..parts).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(parts));
    let busy = || {
        let mut own = Vec::new();
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= parts {
                break;
            }
            own.push((part, work(part)));
        }
        // A thread that panicked ends all of it when the scope does.
        if let Ok(mut done) = done.lock() {
            done.append(&mut own);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(parts) {
            scope.spawn(busy);
        }
        busy();
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_unstable_by_key(|(part, _)| *part);
    done.into_iter().map(|(_, result)| result).collect()
}
