//! Owns what is wrong with a manifest: where, about which object, why, and what to do about it.

use std::fmt;
use std::sync::Arc;

/// A place in a file; both count from 1, columns in characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Position {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// How much a problem matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Severity {
    /// The input could not be read at all, so nothing is known about what it declares.
    Unreadable,
    /// What is written is not valid.
    Error,
    /// What is written is valid and probably not what was meant.
    Warning,
}

/// Something wrong with what was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Problem {
    pub(crate) severity: Severity,
    /// The path as reached from what was given, or `stdin`.
    pub(crate) file: Arc<str>,
    /// `None` when it concerns the file as a whole.
    pub(crate) at: Option<Position>,
    /// Kind and name of the object, as far as they are known: `SLO checkout-availability`.
    pub(crate) subject: Option<String>,
    /// The cause, with the offending value.
    pub(crate) message: String,
    /// What to write instead, where that can be said.
    pub(crate) remedy: Option<String>,
    /// The line it is about, where there is one to show.
    pub(crate) excerpt: Option<Excerpt>,
}

/// A line of a file, cut when long and fit to be shown, and the place on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Excerpt {
    pub(crate) text: String,
    /// The characters of the text before the place.
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

/// Keeps so many problems, errors before warnings, in their order; returns whether any was left out.
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

/// Collects the problems of one document while it is being read.
pub(super) struct Report {
    pub(super) file: Arc<str>,
    pub(super) subject: Option<String>,
    pub(super) problems: Vec<Problem>,
}

impl Report {
    pub(super) fn new(file: &Arc<str>) -> Self {
        Self { file: Arc::clone(file), subject: None, problems: Vec::new() }
    }

    /// Notes that something is not valid; an empty remedy is none.
    pub(super) fn error(&mut self, at: Position, message: impl Into<String>, remedy: impl Into<String>) {
        self.note(Severity::Error, at, message.into(), remedy.into());
    }

    /// Notes that something is valid and probably not what was meant; an empty remedy is none.
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
