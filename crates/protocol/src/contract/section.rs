//! Sections of a contract: their content, their JSON form, and the rules about tags and nesting.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{ContractError, MAX_SIBLINGS, MAX_TEXT_BYTES, MAX_TITLE_BYTES, print};
use crate::ContractId;
use crate::bounded::{Line, List, Prose, Word};

/// The deepest nesting of sections: `1.2.3.4.5.6` is as much as a reader follows, and the strict
/// reader of JSON has room for it.
pub const MAX_DEPTH: usize = 6;

/// The most sections of one contract, at all depths together.
pub const MAX_SECTIONS: usize = 500;

/// A section of a contract.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Flat", into = "Flat")]
pub struct Section {
    /// Its title; an included contract without one keeps its own.
    pub title: Option<Line<MAX_TITLE_BYTES>>,
    /// The name by which texts of this contract refer to it: `[#tag]`.
    pub tag: Option<Word>,
    /// What it says.
    pub content: Content,
}

/// What a section says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// Its own text and sections.
    Own {
        /// The text before the first section inside.
        text: Option<Prose<MAX_TEXT_BYTES>>,
        /// The sections inside.
        sections: List<Section, MAX_SIBLINGS>,
    },
    /// Another contract stands here as it is; `source` in JSON.
    Include(ContractId),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flat {
    title: Option<Line<MAX_TITLE_BYTES>>,
    tag: Option<Word>,
    text: Option<Prose<MAX_TEXT_BYTES>>,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    sections: List<Section, MAX_SIBLINGS>,
    source: Option<ContractId>,
}

impl TryFrom<Flat> for Section {
    type Error = &'static str;

    fn try_from(flat: Flat) -> Result<Self, &'static str> {
        let Flat { title, tag, text, sections, source } = flat;
        let content = match source {
            None if title.is_none() && text.is_none() && sections.is_empty() => {
                return Err("a section needs a title, a text, sections or a source");
            }
            None => Content::Own { text, sections },
            Some(rid) if text.is_none() && sections.is_empty() => Content::Include(rid),
            Some(_) => {
                return Err("a section with a source has no text and no sections of its own");
            }
        };
        Ok(Self { title, tag, content })
    }
}

impl From<Section> for Flat {
    fn from(section: Section) -> Self {
        let Section { title, tag, content } = section;
        match content {
            Content::Own { text, sections } => Self { title, tag, text, sections, source: None },
            Content::Include(rid) => {
                Self { title, tag, text: None, sections: List::default(), source: Some(rid) }
            }
        }
    }
}

/// A place in a contract: `2.1` for the first section inside the second.
pub(super) fn place(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(".")
}

/// What a walk over the sections of one contract has found.
#[derive(Default)]
pub(super) struct Found<'a> {
    sections: usize,
    tags: BTreeSet<&'a str>,
    texts: Vec<(String, &'a str)>,
}

impl<'a> Found<'a> {
    pub(super) fn take_tag(
        &mut self,
        place: &str,
        tag: Option<&'a Word>,
    ) -> Result<(), ContractError> {
        match tag {
            Some(tag) if !self.tags.insert(tag.as_str()) => {
                Err(ContractError::TagTwice { place: place.to_owned(), tag: tag.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Goes through sections; never deeper than [`MAX_DEPTH`], so recursion is safe.
    pub(super) fn walk(
        &mut self,
        sections: &'a [Section],
        numbers: &mut Vec<usize>,
    ) -> Result<(), ContractError> {
        for (index, section) in sections.iter().enumerate() {
            numbers.push(index + 1);
            let here = place(numbers);
            self.sections += 1;
            if numbers.len() > MAX_DEPTH {
                return Err(ContractError::TooDeep { place: here });
            }
            if self.sections > MAX_SECTIONS {
                return Err(ContractError::TooMany { place: here });
            }
            self.take_tag(&here, section.tag.as_ref())?;
            if let Content::Own { text, sections } = &section.content {
                self.texts.extend(text.as_ref().map(|text| (here, text.as_str())));
                self.walk(sections, numbers)?;
            }
            numbers.pop();
        }
        Ok(())
    }

    pub(super) fn check_references(self, own: Option<(String, &str)>) -> Result<(), ContractError> {
        for (place, text) in own.into_iter().chain(self.texts) {
            for tag in print::references(text) {
                if !self.tags.contains(tag) {
                    return Err(ContractError::NoSuchTag { place, tag: tag.to_owned() });
                }
            }
        }
        Ok(())
    }
}
