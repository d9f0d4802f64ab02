//! A site on one machine, as its users meet it: `mychips` and nothing else.

mod help;
mod killed;
mod refusals;
mod story;
mod town;
