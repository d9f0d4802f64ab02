//! Balancing obeys what was signed: nobody loses more than it signed to pay, and nothing goes on for
//! ever.

mod costed;
mod free;
mod gather;
mod largest;
mod net;
mod pump;
