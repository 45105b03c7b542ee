//! Owns the rules by which the status of a system follows from its facts, as manifests declare them.

use crate::domain::value::name::Name;

/// What is declared of a system.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Rules {
    /// Milliseconds after which a stream that last said `healthy` is `unknown`; `None`: never.
    pub(crate) stale_after_ms: Option<i64>,
}

impl Rules {
    /// After how many milliseconds of silence a stream of a check is stale; `None`: never.
    pub(crate) fn stale_after_ms(&self, _: Option<&Name>) -> Option<i64> {
        self.stale_after_ms
    }
}
