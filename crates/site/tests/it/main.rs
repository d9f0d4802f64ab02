//! A site as its users meet it, on each of the three stores.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod abroad;
mod after_a_restart;
mod any_json;
mod asked;
mod at_once;
mod between;
mod both_machines;
mod continuous;
mod device;
mod invitations;
mod invoices;
mod letters;
mod lifts;
mod lost;
mod moved;
mod negotiation;
mod on_table;
mod once;
mod pair;
mod payment_law;
mod payments;
mod rebuilt;
mod referee;
mod refusals;
mod rekey;
mod restored;
mod seek;
mod story;
mod street;
mod town;
mod two_sites;
mod unpaid;
mod words;
