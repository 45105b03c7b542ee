//! Owns recurring spans, unfolded once and cached: sorted and disjoint.

use std::cell::RefCell;
use std::ops::{Deref, Range};
use std::rc::Rc;

use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::{Span, union};

/// The least unfolded beyond the requested span, in milliseconds.
const LEAST_MORE_MS: i64 = 32 * DAY_MS;

/// The spans known so far.
#[derive(Debug)]
pub(super) struct Unfolded(RefCell<Known>);

/// Spans that are complete within `within`.
#[derive(Debug)]
struct Known {
    within: Span,
    spans: Rc<[Span]>,
}

/// The spans that touch a given one, sorted and disjoint.
#[derive(Debug)]
pub(crate) struct Touching {
    spans: Rc<[Span]>,
    range: Range<usize>,
}

impl Deref for Touching {
    type Target = [Span];

    fn deref(&self) -> &[Span] {
        &self.spans[self.range.clone()]
    }
}

impl Touching {
    /// No spans.
    pub(super) fn none() -> Self {
        Self { spans: Rc::new([]), range: 0..0 }
    }

    /// The spans, of these sorted and disjoint ones, that touch `span`.
    pub(super) fn among(spans: Rc<[Span]>, span: Span) -> Self {
        let first = spans.partition_point(|of| of.end <= span.start);
        let end = first + spans[first..].partition_point(|of| of.start < span.end);
        Self { spans, range: first..end }
    }
}

impl Unfolded {
    /// Begins with spans that do not recur, sorted and disjoint.
    pub(super) fn new(once: Rc<[Span]>) -> Self {
        Self(RefCell::new(Known { within: Span::new(Instant::MIN, Instant::MIN), spans: once }))
    }

    /// The spans that touch `span`, not cut to it. `returning` computes those that touch a span not yet known.
    pub(super) fn touching(&self, span: Span, returning: impl Fn(Span) -> Vec<Span>) -> Touching {
        let mut known = self.0.borrow_mut();
        let had = if known.within.is_empty() { Span::new(span.start, span.start) } else { known.within };
        if span.start < had.start || had.end < span.end {
            let wanted = Span::new(had.start.min(span.start), had.end.max(span.end));
            // Growing by a share of the length keeps sorting rare.
            let more = LEAST_MORE_MS + wanted.millis() / 4;
            let within = Span::new(
                wanted.start.plus(if wanted.start < had.start { -more } else { 0 }),
                wanted.end.plus(if had.end < wanted.end { more } else { 0 }),
            );
            let fresh = [Span::new(within.start, had.start), Span::new(had.end, within.end)];
            let fresh = fresh.into_iter().filter(|span| !span.is_empty()).flat_map(returning);
            let spans = union(known.spans.iter().copied().chain(fresh).collect());
            *known = Known { within, spans: spans.into() };
        }
        Touching::among(Rc::clone(&known.spans), span)
    }
}
