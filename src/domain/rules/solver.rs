//! Owns solving a term: the set of instants t of a stretch at which it holds as of t, to the millisecond.
//!
//! Comparisons are solved on the runs of their two values ([`self::signal`]), hours by the rules of their zone, and
//! everything above them is algebra on sets of instants. Nothing is sampled.

mod account;
pub(crate) mod age;
pub(crate) mod ask;
pub(crate) mod days;
pub(crate) mod explained;
pub(crate) mod linear;
mod measure;
pub(crate) mod search;
pub(crate) mod signal;
mod strips;
pub(crate) mod system;
pub(crate) mod view;

use std::rc::Rc;

use self::ask::{Ask, What};
use self::linear::Quotient;
use self::signal::{Signal, Value};
use super::condition::property::{Shape, Unit};
use super::condition::{Comparison, Operand, Property, Subject, Term};
use crate::domain::value::decimal::SCALE;
use crate::domain::value::instant::{Instant, MINUTE_MS};
use crate::domain::value::moments::Moments;
use crate::domain::value::span::Span;

/// The instants of `stretch` at which the term holds. `views` returns the signal of a value over a stretch. It may
/// cover more than that or, if the stretch is too much to hold at once, only a first part of it.
pub(crate) fn solve<V, E>(term: &Term, stretch: Span, views: &mut V) -> Result<Moments, E>
where
    V: FnMut(&Ask, Span) -> Result<Rc<Signal>, E>,
{
    match term {
        Term::All(terms) => {
            let mut all = Moments::of(vec![stretch]);
            for term in terms {
                if all.is_empty() {
                    break;
                }
                all = all.and(&solve(term, stretch, views)?);
            }
            Ok(all)
        }
        Term::Any(terms) => {
            let mut any = Moments::none();
            for term in terms {
                any = any.or(solve(term, stretch, views)?);
            }
            Ok(any)
        }
        Term::Not(term) => Ok(solve(term, stretch, views)?.without(stretch)),
        Term::Compare(comparison) => compare(comparison, stretch, views),
        Term::Time(hours) => Ok(hours.moments(stretch)),
        Term::Held { term, for_ms } => {
            // Whether it already held at the first instant depends on the time before.
            let longer = Span::new(stretch.start.plus(-for_ms), stretch.end);
            Ok(solve(term, longer, views)?.held(*for_ms).within(stretch))
        }
        Term::Repeated { term, times, within_ms } => {
            let longer = Span::new(stretch.start.plus(-within_ms), stretch.end);
            Ok(solve(term, longer, views)?.repeated(*times, *within_ms, longer).within(stretch))
        }
        Term::Policy(urgency) => {
            let ask = Ask { subject: Subject::This, what: What::Policy(*urgency) };
            in_parts(stretch, |rest| {
                let signal = views(&ask, rest)?;
                Ok((signal.holds(), signal.span().end))
            })
        }
    }
}

/// When two values compare as required.
fn compare<V, E>(comparison: &Comparison, stretch: Span, views: &mut V) -> Result<Moments, E>
where
    V: FnMut(&Ask, Span) -> Result<Rc<Signal>, E>,
{
    let units = (unit_ms(&comparison.left), unit_ms(&comparison.right));
    in_parts(stretch, |rest| {
        let left = operand(&comparison.left, &comparison.right, rest, views)?;
        let right = operand(&comparison.right, &comparison.left, rest, views)?;
        let found = match units {
            // Durations in different units are compared in milliseconds.
            (Some(mine), Some(theirs)) if mine != theirs => {
                left.times(mine).compare(comparison.relation, &right.times(theirs))
            }
            _ => left.compare(comparison.relation, &right),
        };
        Ok((found, left.span().end.min(right.span().end)))
    })
}

/// Joins the results for parts of a stretch: `find` gets the rest of it, and returns the instants of a first part and
/// its end.
fn in_parts<E>(stretch: Span, mut find: impl FnMut(Span) -> Result<(Moments, Instant), E>) -> Result<Moments, E> {
    let mut found = Moments::none();
    let mut from = stretch.start;
    while from < stretch.end {
        let (part, end) = find(Span::new(from, stretch.end))?;
        debug_assert!(end > from, "nothing is told of {from}");
        let told = Span::new(from, end.min(stretch.end));
        if told == stretch {
            return Ok(part.within(stretch));
        }
        part.within(told).spans().iter().for_each(|span| found.append(*span));
        from = told.end.max(from.plus(1));
    }
    Ok(found)
}

/// The signal of one side of a comparison over a stretch, as precise as the other side needs.
fn operand<V, E>(operand: &Operand, other: &Operand, stretch: Span, views: &mut V) -> Result<Rc<Signal>, E>
where
    V: FnMut(&Ask, Span) -> Result<Rc<Signal>, E>,
{
    if let Operand::Field(field) = operand {
        let mut ask = Ask::of(field);
        if let (Property::DataAgeSeconds | Property::SystemDataAgeSeconds, Some(limit_ms)) =
            (field.property, millis(other))
        {
            ask.what = What::AgeFrom(limit_ms);
        }
        return views(&ask, stretch);
    }
    Ok(Rc::new(Signal::steady(stretch, literal(operand).unwrap_or(Value::Null))))
}

/// The constant value of an operand; `None` for a field.
fn literal(operand: &Operand) -> Option<Value> {
    Some(match operand {
        Operand::Field(_) => return None,
        Operand::Number { negative, magnitude } => {
            let sign = if *negative { -1 } else { 1 };
            Value::Number(Quotient::constant(sign * i128::from(magnitude.millionths()), SCALE.into()))
        }
        Operand::Duration(millis) => Value::whole((*millis).into()),
        Operand::Text(text) => Value::text(text),
        Operand::Boolean(boolean) => Value::Boolean(*boolean),
    })
}

/// The milliseconds of a duration, or of a plain number of seconds, floored; `None` for others, or if negative.
fn millis(operand: &Operand) -> Option<i64> {
    match operand {
        Operand::Duration(millis) => Some(*millis),
        Operand::Number { negative: false, magnitude } => Some(magnitude.millionths() / (SCALE / 1000)),
        _ => None,
    }
}

/// The unit of a duration in milliseconds; `None` for others. A plain number has the other side's unit.
fn unit_ms(operand: &Operand) -> Option<i64> {
    match operand {
        Operand::Duration(_) => Some(1),
        Operand::Field(field) => match field.property.shape() {
            Shape::Duration => Some(1),
            Shape::Number(Unit::Seconds) => Some(1000),
            Shape::Number(Unit::Minutes) => Some(MINUTE_MS),
            _ => None,
        },
        _ => None,
    }
}

/// The single instant `at`, as a stretch.
pub(crate) const fn moment(at: Instant) -> Span {
    Span::new(at, at.plus(1))
}

/// Whether the term holds as of `at`.
pub(crate) fn holds<V, E>(term: &Term, at: Instant, views: &mut V) -> Result<bool, E>
where
    V: FnMut(&Ask, Span) -> Result<Rc<Signal>, E>,
{
    Ok(!solve(term, moment(at), views)?.is_empty())
}
