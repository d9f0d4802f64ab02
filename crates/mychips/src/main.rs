//! The one program of a site. Thin: it reads flags, calls the crates, prints.
//!
//! Commands live in `cli`, each in a module of its name, exit codes in `failure`. What is done at a
//! site is in `commands/`: it goes through a `visit` to the data directory (`home`, its `config`), with the
//! key folder (`keys`) as the user's device.

mod backup;
mod clear;
mod cli;
mod commands;
mod config;
mod contracts;
mod device;
mod failure;
mod flags;
mod home;
mod imported;
mod keys;
mod links;
mod page;
mod progress;
mod qr;
mod reads;
mod refusal;
mod say;
mod served;
mod text;
mod visit;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use cli::{Cli, Command};
use failure::Failure;

fn main() -> ExitCode {
    let started = Instant::now();
    // A usage error is told in JSON too where the flag is there.
    let wants_json = std::env::args_os().skip(1).take_while(|a| a != "--").any(|a| a == "--json");
    let (result, json) = match Cli::try_parse() {
        Ok(Cli { command }) => (run(&command, started), command.json()),
        Err(error) if error.use_stderr() => {
            if !wants_json {
                let _ = error.print();
                return ExitCode::from(failure::USAGE);
            }
            (Err(Failure::usage(&error)), true)
        }
        Err(help) => (failure::printed(help.print()), wants_json),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell(json);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(command: &Command, started: Instant) -> Result<(), Failure> {
    match command {
        Command::Clear(flags) => clear::run(flags, started),
        Command::Init(flags) => commands::init::run(flags),
        Command::Serve(flags) => commands::serve::run(flags),
        Command::Key(flags) => commands::key::run(flags),
        Command::User(flags) => commands::user::run(flags),
        Command::Contract(flags) => commands::contract::run(flags),
        Command::Tally(flags) => commands::tally::run(flags),
        Command::Pay(flags) => commands::pay::run(flags),
        Command::Invoice(flags) => commands::invoice::run(flags),
        Command::Refuse(flags) => commands::invoice::refuse(flags),
        Command::Lift(flags) => commands::lift::run(flags),
        Command::Statement(flags) => commands::statement::run(flags),
        Command::Status(flags) => commands::status::run(flags),
        Command::Agent(flags) => commands::agent::run(flags),
        Command::Peers(flags) => commands::peers::run(flags),
        Command::Referee(flags) => commands::referee::run(flags),
        Command::Backup(flags) => commands::backup::run(flags),
        Command::Restore(flags) => commands::restore::run(flags),
        Command::Doctor(flags) => commands::doctor::run(flags),
        Command::Config(flags) => commands::config::run(flags),
        Command::Limits(flags) => commands::limits::run(flags),
        Command::Import(flags) => commands::import::run(flags),
        Command::Export(flags) => commands::export::run(flags),
        Command::Verify(flags) => commands::verify::run(flags),
        Command::Town(flags) => commands::town::run(flags),
        Command::Sim(command) => commands::simulate::run(command),
    }
}
