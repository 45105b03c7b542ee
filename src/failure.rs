//! Owns errors a person can act on: what happened, and the remedy.

use std::fmt;

/// An error with a remedy. It travels inside `anyhow::Error`, which adds the places it passed.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    /// Lines of an input that show the place; empty if there are none.
    excerpt: String,
    hint: String,
}

impl Failure {
    /// An error with its remedy.
    #[expect(clippy::new_ret_no_self, reason = "it is only ever raised, as the error that carries it")]
    pub(crate) fn new(what: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self { what: what.into(), excerpt: String::new(), hint: hint.into() })
    }

    /// An error that also shows lines of its input.
    pub(crate) fn with_excerpt(
        what: impl Into<String>,
        excerpt: impl Into<String>,
        hint: impl Into<String>,
    ) -> anyhow::Error {
        anyhow::Error::new(Self { what: what.into(), excerpt: excerpt.into(), hint: hint.into() })
    }

    /// The excerpt of the first error in the chain that has one.
    pub(crate) fn excerpt(error: &anyhow::Error) -> &str {
        let failure = error.chain().find_map(|cause| cause.downcast_ref::<Self>());
        failure.map_or("", |failure| failure.excerpt.as_str())
    }

    /// The remedy of the first error in the chain that has one.
    pub(crate) fn hint(error: &anyhow::Error) -> Option<&str> {
        error.chain().find_map(|cause| cause.downcast_ref::<Self>()).map(|failure| failure.hint.as_str())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Failure {}
