//! Owns reading a quorum: `all`, `any`, `majority` or a number.

use crate::domain::health::quorum::Quorum;
use crate::manifest::mapping::fields::Field;
use crate::manifest::mapping::shape::Content;
use crate::manifest::problem::Report;

/// The largest number.
pub(super) const MOST: u32 = 10_000;

pub(super) static CONTENT: [Content; 2] =
    [Content::Word(|| Quorum::WORDS.map(|(word, _)| word).to_vec()), Content::Count(MOST)];

/// Reads a quorum.
pub(super) fn read(field: &Field<'_>, report: &mut Report) -> Option<Quorum> {
    let text = field.scalar().unwrap_or_default();
    let word = Quorum::WORDS.iter().find(|(word, _)| *word == text).map(|(_, quorum)| *quorum);
    if word.is_some() {
        return word;
    }
    if let Some(number) = field.whole_number().filter(|number| (1..=MOST).contains(number)) {
        return Some(Quorum::Number(number));
    }
    field.expected(&format!("all, any, majority or a whole number from 1 to {MOST}"), "", report);
    None
}
