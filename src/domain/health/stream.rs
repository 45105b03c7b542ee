//! Owns step 1, streams: what one is called, its transitions, and what it says from each moment on.

use super::rules::Rules;
use super::silence;
use super::transition::{Source, Status, Transition};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;

/// A stream by its names.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct StreamName {
    pub(crate) system: Name,
    pub(crate) source: Source,
    pub(crate) check: Option<Name>,
}

/// The transitions of one stream, oldest first, at most one a moment.
#[derive(Clone, Debug)]
pub(crate) struct StreamHistory {
    pub(crate) source: Source,
    pub(crate) check: Option<Name>,
    pub(crate) transitions: Vec<Transition>,
}

impl StreamHistory {
    /// Calls `each` for every change of what the stream says, oldest first, up to `through`; `None`: it does not count from then on, as if
    /// it had never said anything. All steps that look at one stream alone are taken here.
    pub(crate) fn each_change(&self, rules: &Rules, through: Instant, mut each: impl FnMut(Instant, Option<Status>)) {
        silence::each_change(&self.transitions, rules.stale_after_ms(self.check.as_ref()), through, |at, status| {
            each(at, Some(status));
        });
    }
}
