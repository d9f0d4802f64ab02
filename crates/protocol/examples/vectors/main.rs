//! Writes our half of the test vectors into a folder: `cargo run -p protocol --example vectors -- DIR`.
//! What is written is in `made.rs`; `vectors/regenerate` calls this.
#![allow(clippy::print_stdout)]

mod made;

use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("usage: vectors DIR")?);
    for (name, text) in made::files()? {
        let path = folder.join(name);
        fs::write(&path, text)?;
        println!("{}", path.display());
    }
    Ok(())
}
