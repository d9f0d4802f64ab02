//! The agent of a site: what joins the site to the wire. Letters of the outbox go to other agents, and what these
//! send is heard.
//!
//! * `desk.rs` takes what comes; `carrier.rs` brings what goes, sorted into messages; `rounds.rs` keeps sending;
//! * `near.rs` which places are asked.

mod carrier;
mod desk;
mod errands;
mod near;
mod rounds;

pub use carrier::Carrier;
pub use desk::Desk;
pub use near::Near;
pub use rounds::deliver;
