//! A site on one machine, as its users meet it: `mychips` and nothing else.

mod backup;
mod config;
mod devices;
mod exports;
mod faults;
mod help;
mod import;
mod invoices;
mod keys;
mod killed;
mod lifts;
mod limits;
mod lines;
mod lost_keys;
mod old_sites;
mod pair;
mod payments;
mod postgres;
mod refusals;
mod served;
mod serving;
mod story;
mod town;
mod two_sites;
mod words;
