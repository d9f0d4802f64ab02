//! A contract with all that it includes, as numbered clauses: what people read before they sign.
//! Its plain text is in `print.rs`.

use std::collections::BTreeMap;

use thiserror::Error;

use super::section::place;
use super::{Content, Contract, Section};
use crate::ContractId;
use crate::Verified;
use crate::bounded::Word;

/// The deepest that contracts include each other; a circle is impossible, as each names the other
/// by its hash, but a chain could be any length.
pub const MAX_INCLUDES: usize = 8;
/// The most clauses of a document: a few contracts may include the same one again and again, and
/// nobody would read more.
pub const MAX_CLAUSES: usize = 2_000;
/// The most bytes of text of a document, titles included: about three hundred pages.
pub const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// A contract with all that it includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The contract at the top.
    pub contract: Verified<Contract>,
    /// What is said before the first clause, references resolved.
    pub text: Option<String>,
    /// The clauses in reading order.
    pub clauses: Vec<Clause>,
}

/// A numbered piece of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its number: `1`, `1.1`, …
    pub number: String,
    /// Its title.
    pub title: Option<String>,
    /// Its text, references resolved.
    pub text: Option<String>,
    /// The contract that it was written in.
    pub from: ContractId,
}

/// Why there is no document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// A contract that is included is not known here; ask its publisher for it.
    #[error("section {place} includes the contract {rid}, which is not known here")]
    Missing {
        /// The number of the section that includes it.
        place: String,
        /// The contract.
        rid: ContractId,
    },
    /// The look-up gave another contract than asked for.
    #[error("section {place} includes the contract {rid}, but the look-up gave another")]
    Another {
        /// The number of the section that includes it.
        place: String,
        /// The contract asked for.
        rid: ContractId,
    },
    /// Included deeper than [`MAX_INCLUDES`].
    #[error("section {place}: contracts include each other at most {MAX_INCLUDES} deep")]
    TooDeep {
        /// The number of the section that includes too deep.
        place: String,
    },
    /// More than [`MAX_CLAUSES`].
    #[error(
        "section {place}: a contract with all that it includes has at most {MAX_CLAUSES} clauses"
    )]
    TooMany {
        /// The first clause too many.
        place: String,
    },
    /// More than [`MAX_DOCUMENT_BYTES`].
    #[error(
        "section {place}: a contract with all that it includes has at most {MAX_DOCUMENT_BYTES} bytes"
    )]
    TooLarge {
        /// The clause that went beyond.
        place: String,
    },
}

impl Document {
    /// Puts in what a contract includes and numbers the clauses. `lookup` finds a contract by its
    /// `rid`, if it is known.
    ///
    /// # Errors
    /// [`DocumentError`] names the section: an unknown contract, or a limit.
    pub fn of(
        contract: Verified<Contract>,
        lookup: impl Fn(ContractId) -> Option<Verified<Contract>>,
    ) -> Result<Self, DocumentError> {
        let mut builder =
            Builder { lookup, clauses: Vec::new(), bytes: 0, numbers: Vec::new(), includes: 0 };
        let text = builder.contract(&contract)?;
        Ok(Self { contract, text, clauses: builder.clauses })
    }
}

struct Builder<F> {
    lookup: F,
    clauses: Vec<Clause>,
    bytes: usize,
    numbers: Vec<usize>,
    includes: usize,
}

impl<F: Fn(ContractId) -> Option<Verified<Contract>>> Builder<F> {
    /// Adds the sections of a contract that stands at the present number; gives its own text.
    fn contract(&mut self, contract: &Verified<Contract>) -> Result<Option<String>, DocumentError> {
        // A verified contract has its rid.
        let Some(from) = contract.rid else { return Ok(None) };
        let mut numbers = Numbers { by_tag: BTreeMap::new(), from };
        if let Some(tag) = &contract.tag {
            numbers.by_tag.insert(tag.clone(), place(&self.numbers));
        }
        numbers.collect(&contract.sections, &mut self.numbers.clone());
        let text = contract.text.as_ref().map(|text| numbers.resolve(text.as_str()));
        self.count(text.as_deref().map_or(0, str::len))?;
        self.sections(&contract.sections, &numbers)?;
        Ok(text)
    }

    fn sections(&mut self, sections: &[Section], numbers: &Numbers) -> Result<(), DocumentError> {
        for (index, section) in sections.iter().enumerate() {
            self.numbers.push(index + 1);
            let at = self.clauses.len();
            let number = place(&self.numbers);
            if at >= MAX_CLAUSES {
                return Err(DocumentError::TooMany { place: number });
            }
            let title = section.title.as_ref().map(ToString::to_string);
            self.count(title.as_deref().map_or(0, str::len))?;
            self.clauses.push(Clause { number, title, text: None, from: numbers.from });
            match &section.content {
                Content::Own { text, sections } => {
                    let text = text.as_ref().map(|text| numbers.resolve(text.as_str()));
                    self.count(text.as_deref().map_or(0, str::len))?;
                    self.clauses[at].text = text;
                    self.sections(sections, numbers)?;
                }
                Content::Include(rid) => self.include(at, *rid)?,
            }
            self.numbers.pop();
        }
        Ok(())
    }

    /// Puts another contract in place of the clause at `at`.
    fn include(&mut self, at: usize, rid: ContractId) -> Result<(), DocumentError> {
        let place = place(&self.numbers);
        if self.includes >= MAX_INCLUDES {
            return Err(DocumentError::TooDeep { place });
        }
        let Some(included) = (self.lookup)(rid) else {
            return Err(DocumentError::Missing { place, rid });
        };
        if included.rid != Some(rid) {
            return Err(DocumentError::Another { place, rid });
        }
        self.includes += 1;
        let text = self.contract(&included)?;
        self.includes -= 1;
        let clause = &mut self.clauses[at];
        clause.from = rid;
        clause.text = text;
        clause.title.get_or_insert_with(|| included.title.to_string());
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), DocumentError> {
        self.bytes += bytes;
        if self.bytes > MAX_DOCUMENT_BYTES {
            return Err(DocumentError::TooLarge { place: place(&self.numbers) });
        }
        Ok(())
    }
}

/// The numbers that the tags of one contract have in this document.
struct Numbers {
    by_tag: BTreeMap<Word, String>,
    from: ContractId,
}

impl Numbers {
    fn collect(&mut self, sections: &[Section], numbers: &mut Vec<usize>) {
        for (index, section) in sections.iter().enumerate() {
            numbers.push(index + 1);
            if let Some(tag) = &section.tag {
                self.by_tag.insert(tag.clone(), place(numbers));
            }
            if let Content::Own { sections, .. } = &section.content {
                self.collect(sections, numbers);
            }
            numbers.pop();
        }
    }

    /// A text with each `[#tag]` as the number that it means.
    fn resolve(&self, text: &str) -> String {
        super::print::replace_references(text, |tag| {
            let (_, number) = self.by_tag.iter().find(|(known, _)| known.as_str() == tag)?;
            // The tag of the contract at the top: the whole.
            Some(if number.is_empty() {
                "this contract".into()
            } else {
                format!("section {number}")
            })
        })
    }
}
