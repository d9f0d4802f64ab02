//! `mychips clear`: reads a table, has it cleared, writes the files, prints the result.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::time::Instant;

use setoff::{Choice, Folder, Input, Outcome, ReadOptions, Timing};

use crate::cli::Clear;
use crate::failure::{self, Failure};
use crate::page;
use crate::progress::Progress;

/// Exit code after an interruption, as a shell gives it.
const INTERRUPTED: i32 = 130;

/// Runs the command; `started` is when the program was.
pub(crate) fn run(flags: &Clear, started: Instant) -> Result<(), Failure> {
    let folder = flags.out.as_deref().map(|out| Folder::new(out, flags.force)).transpose()?;
    if folder.is_some() {
        // Without a handler an interruption ends us all the same, only leaving the files behind.
        let _ = ctrlc::set_handler(|| {
            setoff::discard_partial();
            std::process::exit(INTERRUPTED);
        });
    }
    let outcome = work(flags, folder.as_ref())?;
    let timing = Timing { run: started.elapsed() };
    let out = flags.out.as_ref().map(|out| out.display().to_string());
    let text = if flags.json {
        let object = setoff::json(&outcome, timing, flags.verify, out.as_deref());
        object.map_err(io::Error::from).map(|object| object + "\n")
    } else {
        let page = page::Page { outcome: &outcome, timing, verified: flags.verify, out };
        Ok(page.render(&page::Look::of_stdout()))
    };
    failure::printed(text.and_then(|text| print(&text)))
}

/// Everything but printing.
fn work(flags: &Clear, folder: Option<&Folder>) -> Result<Outcome, Failure> {
    let (input, name) = if flags.file.as_os_str() == "-" {
        (Input::Stdin, "standard input".to_owned())
    } else {
        (Input::File(flags.file.clone()), flags.file.display().to_string())
    };
    let progress = Progress::new();
    let options = ReadOptions { separator: flags.separator, max_bad: flags.max_bad };
    let reader = setoff::open(&input).map_err(|error| Failure::open(&name, &error))?;
    let table = setoff::read_table(reader, &options).map_err(|e| Failure::read(&name, &e))?;
    let choice = match flags.max_hops {
        Some(max_hops) => Choice::Short { max_hops },
        None if flags.fair => Choice::Even,
        None => Choice::Largest,
    };
    let outcome = setoff::clear_as(table, choice, &mut |stage| progress.show(stage))?;
    if let Some(folder) = folder {
        progress.writing();
        let title = flags.file.file_name().filter(|name| *name != "-").map(OsStr::to_string_lossy);
        folder.write(&outcome, title.as_deref().unwrap_or(&name))?;
    }
    Ok(outcome)
}

fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
