//! A line that died without a word. By itself, as it takes the longest: libp2p's ping waits ten seconds
//! for a stream, whatever it is told.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use protocol::address::Transport;
use wire::{Kind, Limits};

use crate::line::{Line, tcp_line};
use crate::sites::{Desk, LONG, Site, agent, limits, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_died_is_found_out_though_nothing_is_said() {
    let soon = Limits { silent: Duration::from_secs(1), idle: LONG * 60, ..limits() };
    let desk = Desk::knowing([agent(2)]);
    let quernby = Site::start_with(1, Transport::Tcp, desk, soon).await;
    let highfold = Site::start(2, Transport::Tcp).await;
    let line = Arc::new(Line::default());
    let at = [tcp_line(Arc::clone(&line), highfold.at()[0].port).await];
    quernby.say_at(highfold.agent(), &at, Kind::Chain, "hello").await.unwrap();
    line.stopped.store(true, Ordering::Relaxed);
    until("closed", || async { quernby.wire.counts().connections == 0 }).await;
    line.stopped.store(false, Ordering::Relaxed);
    quernby.say_at(highfold.agent(), &at, Kind::Chain, "hello").await.unwrap();
}
