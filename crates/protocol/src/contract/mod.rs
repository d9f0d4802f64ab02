//! Contracts: the texts that tallies agree to, each known by the hash of its text (protocol §3).
//! Sections are in `section.rs`; a contract with all that it includes, numbered, in `document.rs`.

mod document;
mod print;
mod section;

pub use document::{
    Clause, Document, DocumentError, MAX_CLAUSES, MAX_DOCUMENT_BYTES, MAX_INCLUDES,
};
pub use section::{Content, MAX_DEPTH, MAX_SECTIONS, Section};

use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::bounded::{Line, List, Prose, Word};
use crate::record::{Record, record};
use crate::{ContractId, JsonError, SignatureFault, Signed, Timestamp, Verified};

/// The most bytes of a publisher's host name, as in the domain name system.
pub const MAX_HOST_BYTES: usize = 253;
/// The most bytes of a title: it must fit a line of a table of contents.
pub const MAX_TITLE_BYTES: usize = 200;
/// The most bytes of the text of one section: some ten printed pages; longer ones have sections.
pub const MAX_TEXT_BYTES: usize = 32 * 1024;
/// The most sections directly inside one other, or at the top.
pub const MAX_SIBLINGS: usize = 100;

/// A contract as its author publishes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Contract {
    /// The publisher's host name.
    pub host: Line<MAX_HOST_BYTES>,
    /// Its name there.
    pub name: Word,
    /// Counts what was published under this name.
    pub version: NonZeroU32,
    /// The language of the text, a BCP 47 tag in small letters: `en`, `de-at`.
    pub language: Word,
    /// Whether tallies may agree to it; otherwise it is only for other contracts to include.
    pub top: bool,
    /// When it was published; none on a draft.
    pub published: Option<Timestamp>,
    /// Its title.
    pub title: Line<MAX_TITLE_BYTES>,
    /// What is said before the first section.
    pub text: Option<Prose<MAX_TEXT_BYTES>>,
    /// The name by which its own text refers to the whole: `[#tag]`.
    pub tag: Option<Word>,
    /// Its sections.
    pub sections: List<Section, MAX_SIBLINGS>,
    /// The hash of all the rest; [`Contract::seal`] fills it in.
    pub rid: Option<ContractId>,
}
record!(Contract, "contract", 1, outside: ["rid"]);

/// Why something is no contract.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ContractError {
    /// A reference `[#tag]` would mean two places.
    #[error("section {place}: the tag {tag:?} is used twice in this contract")]
    TagTwice {
        /// The second place.
        place: String,
        /// The tag.
        tag: Word,
    },
    /// A reference `[#tag]` means no place.
    #[error("section {place}: the text refers to [#{tag}], but no section has that tag")]
    NoSuchTag {
        /// Where the reference stands.
        place: String,
        /// What it names.
        tag: String,
    },
    /// Sections nested deeper than [`MAX_DEPTH`].
    #[error("section {place}: sections nest at most {MAX_DEPTH} deep")]
    TooDeep {
        /// The first one too deep.
        place: String,
    },
    /// More than [`MAX_SECTIONS`].
    #[error("section {place}: a contract has at most {MAX_SECTIONS} sections")]
    TooMany {
        /// The first one too many.
        place: String,
    },
    /// No canonical form.
    #[error("the contract has no canonical form: {0}")]
    Record(#[from] JsonError),
}

impl Contract {
    /// This contract with its `rid`, ready to be published; whoever changes it afterwards has
    /// written another contract.
    ///
    /// # Errors
    /// [`ContractError`] where tags or sections are not in order, or it is too large.
    pub fn seal(mut self) -> Result<Verified<Self>, ContractError> {
        self.check_sections()?;
        self.rid = Some(self.computed_rid()?);
        // Cannot fail, the rid was computed just now; checked like any other all the same.
        Verified::check(self, &()).map_err(|fault| match fault {
            SignatureFault::Record(error) => error.into(),
            other => JsonError::Shape { path: "rid".into(), reason: other.to_string() }.into(),
        })
    }

    /// The hash of all members but `rid`.
    ///
    /// # Errors
    /// [`JsonError`] where the contract is too large for a record.
    pub fn computed_rid(&self) -> Result<ContractId, JsonError> {
        self.hash().map(ContractId::from)
    }

    /// Checks what no single section can know: tags, references, depth and number.
    fn check_sections(&self) -> Result<(), ContractError> {
        let mut found = section::Found::default();
        found.take_tag("0", self.tag.as_ref())?;
        found.walk(&self.sections, &mut Vec::new())?;
        let own = self.text.as_ref().map(|text| ("0".to_owned(), text.as_str()));
        found.check_references(own)
    }
}

impl Signed for Contract {
    /// A contract is not signed, only named by its hash; those who agree to it sign their tally.
    type Keys = ();

    fn check_signatures(&self, (): &()) -> Result<(), SignatureFault> {
        if self.rid == Some(self.computed_rid()?) {
            Ok(())
        } else {
            Err(SignatureFault::Hash { member: "rid" })
        }
    }
}

/// The members in JSON, before sections and tags are checked.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Contract", deny_unknown_fields)]
struct Members {
    host: Line<MAX_HOST_BYTES>,
    name: Word,
    version: NonZeroU32,
    language: Word,
    top: bool,
    published: Option<Timestamp>,
    title: Line<MAX_TITLE_BYTES>,
    text: Option<Prose<MAX_TEXT_BYTES>>,
    tag: Option<Word>,
    #[serde(default, skip_serializing_if = "List::is_empty")]
    sections: List<Section, MAX_SIBLINGS>,
    rid: Option<ContractId>,
}

/// The members of the record; `record!` adds `kind` and `v`.
impl Contract {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Members::serialize(self, serializer)
    }

    fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let contract = Members::deserialize(from)?;
        contract.check_sections().map_err(serde::de::Error::custom)?;
        Ok(contract)
    }
}
