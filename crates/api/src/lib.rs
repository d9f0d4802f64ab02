//! A site over HTTP: who asks is proved, limits are kept, and what is asked goes through the one door,
//! `site`. Nothing is decided here.
//!
//! * `server.rs` the listener, its connections and their end; `limits.rs` what one may take;
//! * `routes.rs` the paths; `proof.rs` who asks; `problem.rs` refusals as status codes;
//! * `post.rs` one round of the post at a time; `metrics.rs` what is counted; `client.rs` the other end of the line.

mod client;
pub mod limits;
mod metrics;
mod post;
mod problem;
mod proof;
mod routes;
mod server;

pub use client::{As, Client, ClientError};
pub use metrics::Metrics;
pub use post::{Delivered, Post};
pub use proof::{Token, TokenError};
pub use server::Server;
