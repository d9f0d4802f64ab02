//! A circulation kept through changes, tested from outside: after each it is the largest, and says so.

mod refused;
mod run;
mod stories;
mod taken;
mod upheld;
