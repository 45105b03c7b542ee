//! Owns episodes: spans of time in which something held, possibly ongoing.

use crate::domain::health::timeline::END;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

/// A span of time in which something held: `[start, end)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Episode {
    pub(crate) start: Instant,
    /// `None` while it is ongoing.
    pub(crate) end: Option<Instant>,
}

impl Episode {
    /// The same as a span with an end. An empty one lasts a millisecond.
    pub(super) fn span(self) -> Span {
        Span::new(self.start, self.end.map_or(END, |end| end.max(self.start.plus(1))))
    }

    /// Its length up to `until`, in milliseconds.
    pub(crate) fn millis(self, until: Instant) -> i64 {
        self.end.unwrap_or(until).since(self.start).max(0)
    }

    /// Whether it touches the closed stretch `[from, until]`.
    pub(crate) fn touches(self, from: Instant, until: Instant) -> bool {
        self.span().end > from && self.start <= until
    }
}
