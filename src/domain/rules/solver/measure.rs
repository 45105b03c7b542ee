//! Owns the numeric properties of an objective's window, as SPEC's table of the budget defines them, as functions of
//! time.

use super::account::Segment;
use super::linear::{Linear, Quotient, cut};
use super::signal::Value;
use crate::domain::account::objective::Objective;
use crate::domain::account::weights::FULL;
use crate::domain::budget::balance::SCALED_MS;
use crate::domain::rules::condition::Property;
use crate::domain::value::instant::MINUTE_MS;
use crate::domain::value::span::Span;
use crate::domain::value::target::WHOLE;

/// Microseconds in a millisecond.
pub(super) const FULL_WIDE: i128 = FULL as i128;

/// A number over the parts of one segment.
type Parts = Vec<(Span, Value)>;

/// A numeric property over a segment; null for others.
pub(super) fn measured(objective: &Objective, segment: &Segment, property: Property) -> Parts {
    let (span, sums) = (segment.span, segment.sums);
    let (consumed, total) = (segment.consumed(objective), segment.total(objective));
    let spends = sums.consumed(objective.dependency_exclusion);
    match property {
        Property::TotalMinutes => vec![(span, scaled_minutes(total))],
        Property::ConsumedMinutes => vec![(span, down_minutes(spends))],
        Property::ConsumedStrictMinutes => vec![(span, down_minutes(sums.strict()))],
        Property::ExcludedMinutes => vec![(span, down_minutes(sums.excluded))],
        Property::TooShortMinutes => vec![(span, down_minutes(sums.too_short))],
        Property::NotCountedMinutes => vec![(span, minutes(sums.not_counted))],
        Property::RemainingMinutes => positive_minutes(span, total - consumed),
        Property::OverspentMinutes => positive_minutes(span, consumed - total),
        Property::RemainingPercent => remaining_percent(span, consumed, total),
        Property::CurrentAvailability => availability(segment, spends),
        Property::StrictAvailability => availability(segment, sums.strict()),
        Property::CoveragePercent => percent(span, segment.elapsed - sums.unknown, segment.elapsed),
        Property::BurnRate => {
            rate(span, spends, segment.elapsed_length() * (FULL_WIDE * i128::from(objective.target.error_share())))
        }
        _ => vec![(span, Value::Null)],
    }
}

pub(super) fn minutes(millis: Linear) -> Value {
    Value::Number(Quotient::new(millis, Linear::constant(MINUTE_MS.into())))
}

/// Minutes from microseconds.
fn down_minutes(micros: Linear) -> Value {
    Value::Number(Quotient::new(micros, Linear::constant(FULL_WIDE * i128::from(MINUTE_MS))))
}

/// Minutes from microseconds times [`WHOLE`].
fn scaled_minutes(scaled: Linear) -> Value {
    Value::Number(Quotient::new(scaled, Linear::constant(SCALED_MS * i128::from(MINUTE_MS))))
}

/// The same, floored at 0.
fn positive_minutes(span: Span, scaled: Linear) -> Parts {
    let value = |part: &Span| if scaled.at(part.start) > 0 { scaled_minutes(scaled) } else { Value::whole(0) };
    cut(span, &[scaled]).into_iter().map(|part| (part, value(&part))).collect()
}

/// With a zero budget, 100 until something is consumed, then 0.
fn remaining_percent(span: Span, consumed: Linear, total: Linear) -> Parts {
    let left = total - consumed;
    let value = |part: &Span| {
        let at = part.start;
        if consumed.at(at) == 0 {
            Value::whole(100)
        } else if left.at(at) <= 0 {
            Value::whole(0)
        } else {
            Value::Number(Quotient::new(left * 100, total))
        }
    };
    cut(span, &[consumed, left]).into_iter().map(|part| (part, value(&part))).collect()
}

fn availability(segment: &Segment, down: Linear) -> Parts {
    let length = segment.elapsed_length() * FULL_WIDE;
    percent(segment.span, length - down, length)
}

/// A share in percent; null where the total is zero.
fn percent(span: Span, part: Linear, whole: Linear) -> Parts {
    let value = |at: &Span| match whole.at(at.start) {
        0 => Value::Null,
        _ => Value::Number(Quotient::new(part * 100, whole)),
    };
    cut(span, &[whole]).into_iter().map(|part| (part, value(&part))).collect()
}

/// A burn rate from consumed microseconds and the consumption of a rate of 1, in microseconds times [`WHOLE`]; null
/// where something is consumed without a budget.
pub(super) fn rate(span: Span, consumed: Linear, allowed: Linear) -> Parts {
    let value = |part: &Span| {
        if consumed.at(part.start) == 0 {
            Value::whole(0)
        } else if allowed.at(part.start) > 0 {
            Value::Number(Quotient::new(consumed * WHOLE.into(), allowed))
        } else {
            Value::Null
        }
    };
    cut(span, &[consumed, allowed]).into_iter().map(|part| (part, value(&part))).collect()
}
