//! Owns the answer of a command: its output, unless already printed, and how the run ends.

use crate::exit::ExitStatus;
use crate::render::{Looks, Shown};

/// The answer of a command.
pub(crate) struct Answer {
    pub(super) shown: Option<Shown>,
    pub(super) exit: ExitStatus,
}

impl Answer {
    /// The answer of a command that has already written its output.
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
