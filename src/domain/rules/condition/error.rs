//! Owns errors in expressions: place, cause, and remedy.

use std::fmt;
use std::ops::Range;

use crate::domain::value::wording::is_hidden;

/// How much of a line is shown around the fault, in characters.
const SHOWN: usize = 72;

/// Why a text is not a valid expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ExpressionError {
    /// The byte offset of the fault.
    pub(crate) offset: usize,
    /// Its length in bytes; 0 if something is missing.
    pub(crate) length: usize,
    /// The cause.
    pub(crate) message: String,
    /// What to write instead; empty if unknown.
    pub(crate) remedy: String,
}

impl ExpressionError {
    pub(super) fn new(at: &Range<usize>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { offset: at.start, length: at.len(), message: message.into(), remedy: remedy.into() }
    }

    /// The line and the column within it, both from 1, the column in characters.
    pub(crate) fn place(&self, text: &str) -> (usize, usize) {
        let before = &text[..self.offset.min(text.len())];
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }

    /// The faulty line with marks below the fault; a long line is cut to the part around it.
    pub(crate) fn excerpt(&self, text: &str) -> String {
        let (line, column) = self.place(text);
        let shown: Vec<char> = text.split('\n').nth(line - 1).unwrap_or_default().chars().collect();
        let fits = shown.len() <= SHOWN;
        let first = if fits { 0 } else { (column - 1).saturating_sub(SHOWN / 2) };
        let last = shown.len().min(first + SHOWN);
        let end = (self.offset + self.length).min(text.len());
        let marked = text.get(self.offset..end).unwrap_or_default();
        let marked = marked.split('\n').next().unwrap_or_default().chars().count();
        let marks = marked.clamp(1, (last + 1).saturating_sub(column - 1).max(1));
        let visible = |c: &char| if is_hidden(*c) { ' ' } else { *c };
        let line: String = shown[first.min(last)..last].iter().map(visible).collect();
        let dots = |cut: bool| if cut { "…" } else { "" };
        let indent = column - 1 - first + usize::from(first > 0);
        format!("{}{line}{}\n{}{}", dots(first > 0), dots(last < shown.len()), " ".repeat(indent), "^".repeat(marks))
    }
}

impl fmt::Display for ExpressionError {
    /// Cause and remedy on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "; {}", self.remedy) }
    }
}
