//! Owns stretches that return, unfolded once for all that ask: sorted, disjoint, and known as far as anybody has asked.

use std::cell::RefCell;
use std::ops::{Deref, Range};
use std::rc::Rc;

use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::{Span, union};

/// By how much more than asked for is unfolded at least, in milliseconds.
const LEAST_MORE_MS: i64 = 32 * DAY_MS;

/// What is known so far.
#[derive(Debug)]
pub(super) struct Unfolded(RefCell<Known>);

/// Stretches that are right within `within`.
#[derive(Debug)]
struct Known {
    within: Span,
    spans: Rc<[Span]>,
}

/// The stretches that touch a span, sorted and disjoint.
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
    /// None at all.
    pub(super) fn none() -> Self {
        Self { spans: Rc::new([]), range: 0..0 }
    }

    /// Those among sorted, disjoint stretches that touch `span`.
    pub(super) fn among(spans: Rc<[Span]>, span: Span) -> Self {
        let first = spans.partition_point(|of| of.end <= span.start);
        let end = first + spans[first..].partition_point(|of| of.start < span.end);
        Self { spans, range: first..end }
    }
}

impl Unfolded {
    /// Begins with stretches that do not return, sorted and disjoint.
    pub(super) fn new(once: Rc<[Span]>) -> Self {
        Self(RefCell::new(Known { within: Span::new(Instant::MIN, Instant::MIN), spans: once }))
    }

    /// The stretches that touch `span`, and reach out of it where they do; `returning` tells those that touch a span that was not
    /// asked for before.
    pub(super) fn touching(&self, span: Span, returning: impl Fn(Span) -> Vec<Span>) -> Touching {
        let mut known = self.0.borrow_mut();
        let had = if known.within.is_empty() { Span::new(span.start, span.start) } else { known.within };
        if span.start < had.start || had.end < span.end {
            let wanted = Span::new(had.start.min(span.start), had.end.max(span.end));
            // What grows grows by a share of its length, so that it is not put in order often.
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
