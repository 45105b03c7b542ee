//! Owns episodes: stretches of time in which something was so, the last of which may last still.

use crate::domain::health::timeline::END;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

/// A stretch of time in which something was so: `[start, end)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Episode {
    pub(crate) start: Instant,
    /// `None` while it lasts.
    pub(crate) end: Option<Instant>,
}

impl Episode {
    /// The same as a span that has an end. One that ends as it starts lasts for that millisecond.
    pub(super) fn span(self) -> Span {
        Span::new(self.start, self.end.map_or(END, |end| end.max(self.start.plus(1))))
    }

    /// How long it lasted up to `until`, in milliseconds.
    pub(crate) fn millis(self, until: Instant) -> i64 {
        self.end.unwrap_or(until).since(self.start).max(0)
    }

    /// Whether it touches the closed stretch `[from, until]`.
    pub(crate) fn touches(self, from: Instant, until: Instant) -> bool {
        self.span().end > from && self.start <= until
    }
}
