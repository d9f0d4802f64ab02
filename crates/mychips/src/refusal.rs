//! What a site refuses, as it is told at a command line: the words are the site's own, the exit code
//! follows from the class, and here and there is advice about flags.

use site::{Class, SiteError};

use crate::failure::Failure;

impl From<SiteError> for Failure {
    fn from(error: SiteError) -> Self {
        let (class, word, reason) = (error.class(), error.word(), error.to_string());
        Self::of_site(class, word, &reason)
    }
}

/// What to do about it at a command line.
pub(crate) fn with_advice(word: &str, reason: &str) -> String {
    match word {
        "over_limit" => {
            let would = reason.split_once(" would ").map_or(reason, |(_, would)| would);
            format!("this would {would}: pay less, or say --over-limit")
        }
        "closing" => {
            "the tally is closing or closed: it takes only what brings its balance toward \
                      zero"
                .to_owned()
        }
        _ => reason.to_owned(),
    }
}

/// Whether a failure of this class ends with the code of failed reading or writing.
pub(crate) fn is_io(class: Class, word: &str) -> bool {
    match class {
        Class::Store => true,
        Class::Passing => word == "store",
        Class::Unproved
        | Class::NotAllowed
        | Class::NotFound
        | Class::Conflict
        | Class::Refused
        | Class::Fault => false,
    }
}
