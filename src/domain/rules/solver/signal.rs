//! Owns signals: a value over time, as runs on each of which it is absent, constant, or a quotient of two linear
//! functions; and when two signals compare in some way.

use std::cmp::Ordering;
use std::rc::Rc;

use super::linear::{Fraction, Quotient};
use crate::domain::rules::condition::Relation;
use crate::domain::value::instant::Instant;
use crate::domain::value::moments::Moments;
use crate::domain::value::span::Span;

/// A value over a run of time.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Value {
    Null,
    Number(Quotient),
    Text(Rc<str>),
    Boolean(bool),
}

impl Value {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// A constant integer.
    pub(crate) const fn whole(number: i128) -> Self {
        Self::Number(Quotient::constant(number, 1))
    }
}

/// A value at one instant.
#[derive(Clone, Debug)]
pub(crate) enum Reading {
    Null,
    Number(Fraction),
    Text(Rc<str>),
    Boolean(bool),
}

/// A value over a stretch: adjacent runs that cover it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Signal(Vec<(Span, Value)>);

impl Signal {
    /// Since when it is known; the end of time if never.
    fn start(&self) -> Instant {
        self.0.first().map_or(Instant::MAX, |(span, _)| span.start)
    }

    /// The stretch it covers.
    pub(crate) fn span(&self) -> Span {
        Span::new(self.start(), self.0.last().map_or(Instant::MAX, |(span, _)| span.end))
    }

    /// The number of runs: a measure of memory.
    pub(crate) fn runs(&self) -> usize {
        self.0.len()
    }

    /// The same value throughout.
    pub(crate) fn steady(stretch: Span, value: Value) -> Self {
        Self(vec![(stretch, value)])
    }

    /// `true` at these instants of the stretch, `false` otherwise.
    pub(crate) fn when(moments: &Moments, stretch: Span) -> Self {
        let not = moments.without(stretch);
        let within = moments.within(stretch);
        let runs = |moments: &Moments, holds: bool| {
            moments.spans().iter().map(|span| (*span, Value::Boolean(holds))).collect::<Vec<_>>()
        };
        let mut all = runs(&within, true);
        all.extend(runs(&not, false));
        all.sort_unstable_by_key(|(span, _)| *span);
        Self(all)
    }

    /// A signal of consecutive runs; equal neighbors are joined and empty ones dropped.
    pub(super) fn of(runs: impl IntoIterator<Item = (Span, Value)>) -> Self {
        let mut joined: Vec<(Span, Value)> = Vec::new();
        for (span, value) in runs {
            match joined.last_mut() {
                _ if span.is_empty() => {}
                Some((last, known)) if *known == value && last.end == span.start => last.end = span.end,
                _ => joined.push((span, value)),
            }
        }
        Self(joined)
    }

    /// The value at an instant of the stretch; `Null` elsewhere.
    pub(crate) fn at(&self, at: Instant) -> Reading {
        let run = self.0.get(self.0.partition_point(|(span, _)| span.end <= at));
        match run.filter(|(span, _)| span.start <= at).map(|(_, value)| value) {
            None | Some(Value::Null) => Reading::Null,
            Some(Value::Number(number)) => Reading::Number(number.at(at)),
            Some(Value::Text(text)) => Reading::Text(Rc::clone(text)),
            Some(Value::Boolean(boolean)) => Reading::Boolean(*boolean),
        }
    }

    /// The highest or the lowest number of the value within a stretch, including an earlier `peak`; `None` without any.
    /// A quotient of two linear functions is monotone, so only the ends of runs matter.
    pub(crate) fn peak(&self, within: Span, highest: bool, mut peak: Option<Fraction>) -> Option<Fraction> {
        if within.is_empty() {
            return peak;
        }
        let first = self.0.partition_point(|(span, _)| span.end <= within.start);
        for (span, value) in self.0[first..].iter().take_while(|(span, _)| span.start < within.end) {
            let (Value::Number(number), part) = (value, span.intersect(within)) else { continue };
            for found in [number.at(part.start), number.at(part.end.plus(-1))] {
                let beyond = if highest { Ordering::Greater } else { Ordering::Less };
                if peak.is_none_or(|peak| found.compare(peak) == beyond) {
                    peak = Some(found);
                }
            }
        }
        peak
    }

    /// Multiplies numbers by a factor; other values stay the same.
    pub(super) fn times(&self, factor: i64) -> Self {
        let times = |value: &Value| match value {
            Value::Number(Quotient { numerator, denominator }) => {
                Value::Number(Quotient::new(*numerator * factor.into(), *denominator))
            }
            other => other.clone(),
        };
        Self(self.0.iter().map(|(span, value)| (*span, times(value))).collect())
    }

    /// When this value and another one are both present and compare as required. Values of different types never do.
    pub(super) fn compare(&self, relation: Relation, other: &Self) -> Moments {
        let mut found = Moments::none();
        // One of them may be known for much longer than the other.
        let start = self.start().max(other.start());
        let first = |signal: &Self| signal.0.partition_point(|(span, _)| span.end <= start);
        let (mut mine, mut theirs) = (first(self), first(other));
        while let (Some((a, left)), Some((b, right))) = (self.0.get(mine), other.0.get(theirs)) {
            let common = a.intersect(*b);
            let mut take = |span: Span, order: Ordering| {
                if relation.accepts(order) {
                    found.append(span);
                }
            };
            match (left, right) {
                _ if common.is_empty() => {}
                (Value::Number(left), Value::Number(right)) => {
                    left.compare(*right, common).into_iter().for_each(|(span, order)| take(span, order));
                }
                (Value::Text(left), Value::Text(right)) => take(common, left.cmp(right)),
                (Value::Boolean(left), Value::Boolean(right)) => take(common, left.cmp(right)),
                _ => {}
            }
            if a.end <= b.end {
                mine += 1;
            } else {
                theirs += 1;
            }
        }
        found
    }

    /// When this value is `true`.
    pub(super) fn holds(&self) -> Moments {
        Moments::of(self.0.iter().filter(|(_, value)| *value == Value::Boolean(true)).map(|(span, _)| *span).collect())
    }
}

impl Relation {
    pub(super) fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Greater => order.is_gt(),
        }
    }
}
