//! Owns what a command answers with: what is to be printed, if it has not printed everything itself, and how the run ends.

use crate::exit::ExitStatus;
use crate::render::{Looks, Shown};

/// What a command answers with.
pub(crate) struct Answer {
    pub(super) shown: Option<Shown>,
    pub(super) exit: ExitStatus,
}

impl Answer {
    /// Of a command that has written everything as it came.
    pub(super) const fn written(exit: ExitStatus) -> Self {
        Self { shown: None, exit }
    }

    /// A text that is the same in every form.
    pub(super) fn text(text: String) -> Self {
        Self { shown: Some(Shown::text(text)), exit: ExitStatus::Pass }
    }

    pub(super) fn exits(self, exit: ExitStatus) -> Self {
        Self { exit, ..self }
    }
}

impl<T: 'static> From<Looks<T>> for Answer {
    fn from(looks: Looks<T>) -> Self {
        Self { shown: Some(looks.into()), exit: ExitStatus::Pass }
    }
}
