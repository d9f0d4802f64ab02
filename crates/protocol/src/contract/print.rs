//! The plain text of a document, and references from one section to another: `[#tag]`.

use std::fmt;

use super::Document;

/// The tags that a text refers to. Brackets that are not of the form `[#tag]` are plain text.
pub(super) fn references(text: &str) -> impl Iterator<Item = &str> {
    text.split("[#").skip(1).filter_map(|rest| {
        let (tag, _) = rest.split_once(']')?;
        let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        (!tag.is_empty() && tag.bytes().all(letter)).then_some(tag)
    })
}

/// A text in which `meant` puts something in place of each reference that it knows.
pub(super) fn replace_references(text: &str, meant: impl Fn(&str) -> Option<String>) -> String {
    let mut pieces = text.split("[#");
    let mut replaced = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once(']').and_then(|(tag, rest)| Some((meant(tag)?, rest))) {
            Some((number, rest)) => replaced.extend([&number, rest]),
            None => replaced.extend(["[#", piece]),
        }
    }
    replaced
}

/// The whole document as plain text, its name and hash below the title.
impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let contract = &self.contract;
        writeln!(f, "{}\n", contract.title)?;
        write!(f, "{}/{}, version {}", contract.host, contract.name, contract.version)?;
        write!(f, ", language {}", contract.language)?;
        match contract.published {
            Some(date) => writeln!(f, ", published {date}")?,
            None => writeln!(f, ", not published")?,
        }
        if let Some(rid) = contract.rid {
            writeln!(f, "rid {rid}")?;
        }
        if let Some(text) = &self.text {
            writeln!(f, "\n{text}")?;
        }
        for clause in &self.clauses {
            write!(f, "\n{}", clause.number)?;
            if let Some(title) = &clause.title {
                write!(f, "  {title}")?;
            }
            writeln!(f)?;
            if let Some(text) = &clause.text {
                writeln!(f, "\n{text}")?;
            }
        }
        Ok(())
    }
}
