//! The commands at a site, one module each: flags in, a visit to the site, words or JSON out.

pub(crate) mod agent;
pub(crate) mod backup;
pub(crate) mod config;
pub(crate) mod contract;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod invoice;
mod journal;
pub(crate) mod key;
pub(crate) mod lift;
pub(crate) mod limits;
mod part;
pub(crate) mod pay;
pub(crate) mod peers;
pub(crate) mod referee;
pub(crate) mod restore;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod statement;
pub(crate) mod status;
pub(crate) mod tally;
pub(crate) mod town;
pub(crate) mod user;
pub(crate) mod verify;
