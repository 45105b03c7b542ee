//! Owns downtime events: the parts of an outage that are charged, each a maximal stretch with one attribution and source.

use crate::domain::health::transition::Source;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;

/// One downtime event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Event {
    pub(crate) objective: Name,
    pub(crate) system: Name,
    pub(crate) start: Instant,
    /// `None` while it lasts.
    pub(crate) end: Option<Instant>,
    /// The upstream it belongs to; `None`: the system itself.
    pub(crate) upstream: Option<Name>,
    pub(crate) source: Source,
    /// Microseconds of downtime in each millisecond.
    pub(crate) weight: i64,
}

impl Event {
    /// From its start to its end or, while it lasts, to `as_of`.
    pub(crate) fn span(&self, as_of: Instant) -> Span {
        Span::new(self.start, self.end.unwrap_or(as_of))
    }

    /// Whether some of it lies in `range`.
    pub(crate) fn touches(&self, range: Span) -> bool {
        self.start < range.end && self.end.is_none_or(|end| end > range.start)
    }

    /// The system whose outage it is.
    pub(crate) fn cause(&self) -> &Name {
        self.upstream.as_ref().unwrap_or(&self.system)
    }
}
