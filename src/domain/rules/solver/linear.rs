//! Owns exact functions of time: linear ones, quotients of two of them, and the milliseconds at which their order
//! changes.
//!
//! Two quotients compare like the product of their denominators, which are positive, times their difference: a
//! polynomial of degree two at most. It is monotone on both sides of its vertex, so on each side the instants at which
//! it is negative, zero and positive are three runs, whose ends bisection finds. No value is rounded.

use std::cmp::Ordering;
use std::ops::{Add, Mul, Sub};

use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

/// `constant + slope × t`, with t in milliseconds since 1970. Constants stay below 2^100 and slopes below 2^60.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Linear {
    constant: i128,
    slope: i128,
}

impl Linear {
    pub(crate) const fn constant(value: i128) -> Self {
        Self { constant: value, slope: 0 }
    }

    /// The function that is `value` at `at` and grows by `slope` per millisecond.
    pub(crate) fn through(at: Instant, value: i64, slope: i64) -> Self {
        let slope = i128::from(slope);
        Self { constant: i128::from(value) - slope * i128::from(at.millis()), slope }
    }

    pub(crate) fn at(self, at: Instant) -> i128 {
        self.constant + self.slope * i128::from(at.millis())
    }
}

impl Add for Linear {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { constant: self.constant + other.constant, slope: self.slope + other.slope }
    }
}

impl Sub for Linear {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + other * -1
    }
}

impl Mul<i128> for Linear {
    type Output = Self;

    fn mul(self, factor: i128) -> Self {
        Self { constant: self.constant * factor, slope: self.slope * factor }
    }
}

/// A fraction that is never rounded; its denominator is positive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fraction {
    pub(crate) numerator: i128,
    pub(crate) denominator: i128,
}

impl Fraction {
    /// Compares two fractions of any size.
    pub(crate) fn compare(self, other: Self) -> Ordering {
        let products = self.numerator.checked_mul(other.denominator).zip(other.numerator.checked_mul(self.denominator));
        if let Some((mine, theirs)) = products {
            return mine.cmp(&theirs);
        }
        // Compares integer parts, then the inverses of the remainders the other way round, as in Euclid's algorithm.
        let split =
            |part: Self| (part.numerator.div_euclid(part.denominator), part.numerator.rem_euclid(part.denominator));
        let ((whole, rest), (other_whole, other_rest)) = (split(self), split(other));
        whole.cmp(&other_whole).then_with(|| match (rest, other_rest) {
            (0, 0) => Ordering::Equal,
            (0, _) => Ordering::Less,
            (_, 0) => Ordering::Greater,
            _ => {
                let inverse = Self { numerator: self.denominator, denominator: rest };
                Self { numerator: other.denominator, denominator: other_rest }.compare(inverse)
            }
        })
    }
}

/// A quotient of two linear functions, on a span where the denominator is positive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Quotient {
    pub(crate) numerator: Linear,
    pub(crate) denominator: Linear,
}

impl Quotient {
    pub(crate) const fn new(numerator: Linear, denominator: Linear) -> Self {
        Self { numerator, denominator }
    }

    /// The same number at all times.
    pub(crate) const fn constant(numerator: i128, denominator: i128) -> Self {
        Self::new(Linear::constant(numerator), Linear::constant(denominator))
    }

    pub(crate) fn at(self, at: Instant) -> Fraction {
        Fraction { numerator: self.numerator.at(at), denominator: self.denominator.at(at) }
    }

    /// Splits `span` by how the quotient compares with another one.
    pub(crate) fn compare(self, other: Self, span: Span) -> Vec<(Span, Ordering)> {
        let order = |at: Instant| self.at(at).compare(other.at(at));
        let mut runs = Vec::new();
        for section in sections(self, other, span) {
            monotone_runs(section, order, &mut runs);
        }
        runs
    }
}

/// The parts of `span` on both sides of the vertex of left × right's denominator − right × left's denominator.
fn sections(left: Quotient, right: Quotient, span: Span) -> [Span; 2] {
    let whole = [span, Span::new(span.end, span.end)];
    let ((ln, ld), (rn, rd)) = ((left.numerator, left.denominator), (right.numerator, right.denominator));
    let square = ln.slope * rd.slope - rn.slope * ld.slope;
    if square == 0 {
        return whole;
    }
    let middle = ln.constant * rd.slope + ln.slope * rd.constant - rn.constant * ld.slope - rn.slope * ld.constant;
    let vertex = (-middle * square.signum()).div_euclid(2 * square.abs());
    let start = i128::from(span.start.millis()) - 1;
    let last = i128::from(span.end.millis()) - 1;
    let vertex = Instant::from_millis(vertex.clamp(start, last) as i64);
    [Span::new(span.start, vertex.plus(1)), Span::new(vertex.plus(1), span.end)]
}

/// Splits `span` by the order of a function that is monotone on it; extends the last run if it continues.
fn monotone_runs(span: Span, order: impl Fn(Instant) -> Ordering, runs: &mut Vec<(Span, Ordering)>) {
    let mut start = span.start;
    while start < span.end {
        let now = order(start);
        // The end of the first run, the instants that compare like the first one.
        let (mut inside, mut outside) = (start, span.end);
        if order(span.end.plus(-1)) == now {
            inside = span.end.plus(-1);
        }
        while outside.since(inside) > 1 {
            let middle = inside.plus(outside.since(inside) / 2);
            if order(middle) == now {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        match runs.last_mut() {
            Some((last, known)) if *known == now && last.end == start => last.end = outside,
            _ => runs.push((Span::new(start, outside), now)),
        }
        start = outside;
    }
}

/// Splits `span` into parts on which each function is negative, zero or positive throughout.
pub(crate) fn cut(span: Span, forms: &[Linear]) -> Vec<Span> {
    let mut parts = vec![span];
    for form in forms.iter().filter(|form| form.slope != 0) {
        let mut finer = Vec::with_capacity(parts.len());
        for part in parts {
            let mut runs = Vec::new();
            monotone_runs(part, |at| form.at(at).cmp(&0), &mut runs);
            finer.extend(runs.into_iter().map(|(run, _)| run));
        }
        parts = finer;
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Instant {
        Instant::from_millis(millis)
    }

    fn linear() -> impl Strategy<Value = Linear> {
        (-40..40_i64, -40..40_i64, -3..4_i64)
            .prop_map(|(around, value, slope)| Linear::through(at(around), value, slope))
    }

    /// A quotient whose denominator is positive on the grid.
    fn quotient() -> impl Strategy<Value = Quotient> {
        let positive = |form: &Linear| (0..40).all(|t| form.at(at(t)) > 0);
        let denominator = linear().prop_filter_map("not positive", move |form| {
            let form = if positive(&form) { form } else { form * -1 };
            positive(&form).then_some(form)
        });
        (linear(), denominator).prop_map(|(numerator, denominator)| Quotient::new(numerator, denominator))
    }

    proptest! {
        #[test]
        fn crossings_are_found_to_the_millisecond(left in quotient(), right in quotient(), scale in 0..2_usize) {
            // The same at sizes whose products overflow.
            let scale = [1, 1 << 90][scale];
            let large = |of: Quotient| Quotient::new(of.numerator * scale, of.denominator * scale);
            let span = Span::new(at(0), at(40));
            let runs = large(left).compare(right, span);
            let mut expected: Vec<(Span, Ordering)> = Vec::new();
            for t in 0..40 {
                let product = |a: Linear, b: Linear| a.at(at(t)) * b.at(at(t));
                let order = product(left.numerator, right.denominator).cmp(&product(right.numerator, left.denominator));
                match expected.last_mut() {
                    Some((last, known)) if *known == order => last.end = at(t + 1),
                    _ => expected.push((Span::new(at(t), at(t + 1)), order)),
                }
            }
            prop_assert_eq!(runs, expected);
        }

        #[test]
        fn fractions_compare_whatever_their_size(a in -99..99_i128, b in 1..99_i128, c in -99..99_i128, d in 1..99_i128) {
            let expected = (a * d).cmp(&(c * b));
            for (mine, theirs) in [(1, 1), (1 << 120, 1), (1 << 120, 1 << 119), (1, 1 << 118)] {
                let left = Fraction { numerator: a * mine, denominator: b * mine };
                let right = Fraction { numerator: c * theirs, denominator: d * theirs };
                prop_assert_eq!(left.compare(right), expected);
            }
        }

        #[test]
        fn cuts_leave_nothing_that_turns(forms in prop::collection::vec(linear(), 0..4)) {
            let parts = cut(Span::new(at(0), at(40)), &forms);
            prop_assert_eq!(parts.iter().map(|part| part.millis()).sum::<i64>(), 40);
            for part in parts {
                for form in &forms {
                    let sign = form.at(part.start).signum();
                    prop_assert!((part.start.millis()..part.end.millis()).all(|t| form.at(at(t)).signum() == sign));
                }
            }
        }
    }
}
