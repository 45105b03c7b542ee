//! Owns problems in manifests: place, object, cause and remedy.

use std::fmt;
use std::sync::Arc;

/// A position in a file; both count from 1, columns in characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Position {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// How severe a problem is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Severity {
    /// The input could not be read, so its declarations are unknown.
    Unreadable,
    /// The text is invalid.
    Error,
    /// The text is valid but probably not what was meant.
    Warning,
}

/// A problem in an input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Problem {
    pub(crate) severity: Severity,
    /// The path as reached from the given one, or `stdin`.
    pub(crate) file: Arc<str>,
    /// `None` if it concerns the entire file.
    pub(crate) at: Option<Position>,
    /// Kind and name of the object, as far as known: `SLO checkout-availability`.
    pub(crate) subject: Option<String>,
    /// The cause, with the invalid value.
    pub(crate) message: String,
    /// What to write instead, if known.
    pub(crate) remedy: Option<String>,
    /// The line it concerns, if there is one to show.
    pub(crate) excerpt: Option<Excerpt>,
}

/// A line of a file, cut if long and safe to print, and the position on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Excerpt {
    pub(crate) text: String,
    /// The characters of the text before the position.
    pub(crate) before: usize,
}

impl fmt::Display for Problem {
    /// `slo.yaml:12:11: error: SLO checkout-availability: target 0.999 is 0.999%; did you mean 99.9?`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(Position { line, column }) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        let severity = if self.severity == Severity::Warning { "warning" } else { "error" };
        write!(f, ": {severity}: ")?;
        if let Some(subject) = &self.subject {
            write!(f, "{subject}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

/// Keeps the first `most` problems, errors before warnings; returns whether any was left out.
pub(super) fn shorten(problems: &mut Vec<Problem>, most: usize) -> bool {
    let all = problems.len();
    let is_error = |problem: &Problem| problem.severity != Severity::Warning;
    let mut errors = most;
    let mut warnings = most.saturating_sub(problems.iter().filter(|problem| is_error(problem)).count());
    problems.retain(|problem| {
        let left = if is_error(problem) { &mut errors } else { &mut warnings };
        let keeps = *left > 0;
        *left = left.saturating_sub(1);
        keeps
    });
    problems.len() < all
}

/// Collects the problems of a document.
pub(super) struct Report {
    pub(super) file: Arc<str>,
    pub(super) subject: Option<String>,
    pub(super) problems: Vec<Problem>,
}

impl Report {
    pub(super) fn new(file: &Arc<str>) -> Self {
        Self { file: Arc::clone(file), subject: None, problems: Vec::new() }
    }

    /// Adds an error; the remedy may be empty.
    pub(super) fn error(&mut self, at: Position, message: impl Into<String>, remedy: impl Into<String>) {
        self.note(Severity::Error, at, message.into(), remedy.into());
    }

    /// Adds a warning: valid but probably not what was meant. The remedy may be empty.
    pub(super) fn warn(&mut self, at: Position, message: impl Into<String>, remedy: impl Into<String>) {
        self.note(Severity::Warning, at, message.into(), remedy.into());
    }

    pub(super) fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity != Severity::Warning)
    }

    fn note(&mut self, severity: Severity, at: Position, message: String, remedy: String) {
        let remedy = Some(remedy).filter(|remedy| !remedy.is_empty());
        let (file, subject) = (Arc::clone(&self.file), self.subject.clone());
        self.problems.push(Problem { severity, file, at: Some(at), subject, message, remedy, excerpt: None });
    }
}
