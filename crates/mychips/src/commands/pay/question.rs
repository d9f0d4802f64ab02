//! The question before a payment is signed: what it costs is shown first, and at a terminal its payer says yes.

use std::io::{self, BufRead, IsTerminal as _, Write};

use super::Pay;
use crate::failure::{self, Failure};

/// Where a payer is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Stdout,
    Stderr,
}

/// Shows what a payment gives and costs, and asks for it where that can be asked: `page` is shown with the question;
/// `line` alone says it on standard error where nobody is asked.
///
/// # Errors
/// [`Failure`]: the answer is no, and nothing was signed; or nobody could be asked.
pub(super) fn agreed(
    flags: &Pay,
    page: impl FnOnce() -> Result<String, Failure>,
    line: Option<&str>,
) -> Result<(), Failure> {
    let is_yes = match at(flags) {
        None => {
            if let Some(line) = line.filter(|_| !flags.place.json) {
                failure::remark(line);
            }
            return Ok(());
        }
        Some(At::Stdout) => ask(&page()?, &mut io::stdin().lock(), &mut io::stdout().lock()),
        Some(At::Stderr) => ask(&page()?, &mut io::stdin().lock(), &mut io::stderr().lock()),
    };
    match is_yes {
        Ok(true) => Ok(()),
        Ok(false) => {
            Err(Failure::refused("declined", "you did not say yes: nothing was signed, nor paid"))
        }
        Err(error) => {
            let text = format!("cannot ask whether to pay ({error}): say --yes");
            Err(Failure::refused("declined", text))
        }
    }
}

/// Whether the payer is asked.
pub(super) fn is_asked(flags: &Pay) -> bool {
    at(flags).is_some()
}

/// Where to ask: nowhere if the payer said --yes, or there is no terminal to ask at.
fn at(flags: &Pay) -> Option<At> {
    if flags.yes || !io::stdin().is_terminal() {
        return None;
    }
    match (io::stderr().is_terminal(), io::stdout().is_terminal()) {
        (true, _) => Some(At::Stderr),
        (false, true) => Some(At::Stdout),
        (false, false) => None,
    }
}

/// Shows a page and asks; only a yes is one.
fn ask(page: &str, answers: &mut impl BufRead, to: &mut impl Write) -> io::Result<bool> {
    let end = if page.ends_with('\n') { "" } else { "\n" };
    write!(to, "{page}{end}\nPay? [y/N] ")?;
    to.flush()?;
    let mut answer = String::new();
    if answers.read_line(&mut answer)? == 0 {
        // The input ended: what comes next begins on a line of its own.
        writeln!(to)?;
    }
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown, and whether it is a yes.
    fn asked(answer: &str) -> (bool, String) {
        let mut shown = Vec::new();
        let yes = ask("cost  0.405", &mut answer.as_bytes(), &mut shown).unwrap();
        (yes, String::from_utf8(shown).unwrap())
    }

    #[test]
    fn only_a_yes_pays() {
        for yes in ["y\n", "Y\n", "yes\n", " YES \r\n", "y"] {
            assert_eq!(asked(yes), (true, "cost  0.405\n\nPay? [y/N] ".to_owned()), "{yes:?}");
        }
        for no in ["\n", "n\n", "no\n", "yep\n", "pay\n", "n\ny\n"] {
            assert!(!asked(no).0, "{no:?}");
        }
        assert_eq!(asked(""), (false, "cost  0.405\n\nPay? [y/N] \n".to_owned()), "no answer");
    }
}
