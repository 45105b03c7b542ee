//! Owns the search for the last and the next turn of a term: days are skipped if their sums decide it, the rest is
//! solved, in growing steps and no instant twice.

use std::collections::HashMap;
use std::rc::Rc;

use super::ask::{Ask, What};
use super::days::{Days, Possible};
use super::signal::{Signal, Value};
use super::{literal, solve, unit_ms};
use crate::domain::rules::condition::{Operand, Relation, Subject, Term};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::span::Span;

/// How far ahead the search for a clearing condition looks, in milliseconds: beyond the longest window.
const LONGEST_AHEAD_MS: i64 = 4096 * DAY_MS;
/// The most days solved at once if their sums are known, which bounds memory.
const MOST_DAYS: i64 = 256;
/// The same if a term depends on every fact.
const MOST_DAYS_OF_FACTS: i64 = 64;
/// The most days solved at once otherwise: more than exist.
const MOST_STEP: i64 = 1 << 17;

/// The days of the objectives that a term uses; other subjects are unknown.
pub(crate) type Known = HashMap<Subject, Rc<Days>>;

/// Since when the result of the term as of `at` has been the same without a gap; `None` if it never changed since 1970.
/// `views` returns the signal of a value over a stretch.
pub(crate) fn since<V, E>(
    term: &Term,
    (at, holds): (Instant, bool),
    known: &Known,
    views: &mut V,
) -> Result<Option<Instant>, E>
where
    V: FnMut(&Ask, Span) -> Result<Rc<Signal>, E>,
{
    let told = told(known);
    let (most_days, most_step) = match (term.looks_at_facts(), known.is_empty()) {
        (false, _) => (MOST_DAYS, MOST_STEP),
        (true, false) => (MOST_DAYS_OF_FACTS, MOST_STEP),
        (true, true) => (MOST_DAYS_OF_FACTS, MOST_DAYS_OF_FACTS),
    };
    // From here to `at` the result is the same.
    let mut until = at;
    let mut step = 1;
    while until > Instant::MIN {
        let day = day_of(until.plus(-1));
        let covered = told.start <= day.start && day.end <= told.end;
        let mut from = until.plus(-step * DAY_MS);
        if covered {
            match certain(term, day, known) {
                Some(same) if same == holds => {
                    until = day.start.max(Instant::MIN);
                    continue;
                }
                Some(_) => return Ok(Some(until)),
                None => {}
            }
            from = day.start;
            let mut before = day_of(day.start.plus(-1));
            while day.start.since(before.start) < step.min(most_days) * DAY_MS
                && told.start <= before.start
                && certain(term, before, known).is_none()
            {
                from = before.start;
                before = day_of(from.plus(-1));
            }
        }
        let stretch = Span::new(from.max(Instant::MIN), until.plus(1));
        if let Some(turn) = solve(term, stretch, views)?.last_turn(stretch) {
            return Ok(Some(turn));
        }
        until = stretch.start;
        step = (step * 4).min(most_step);
    }
    Ok(None)
}

/// When the term, which holds as of `at`, first stops holding if nothing else happens; `views` and `known` must have no
/// facts after `at`. `None` if not within the longest window.
pub(crate) fn clears<V, E>(term: &Term, at: Instant, known: &Known, views: &mut V) -> Result<Option<Instant>, E>
where
    V: FnMut(&Ask, Span) -> Result<Rc<Signal>, E>,
{
    let told = told(known);
    let limit = at.plus(LONGEST_AHEAD_MS).min(Instant::MAX);
    // It holds up to here.
    let mut from = at;
    let mut step = 1;
    while from < limit {
        let day = day_of(from);
        let mut until = from.plus(step * DAY_MS);
        if told.start <= day.start && day.end <= told.end {
            match certain(term, day, known) {
                Some(true) => {
                    from = day.end;
                    continue;
                }
                Some(false) => return Ok(Some(from)),
                None => {}
            }
            until = day.end;
            let mut after = day_of(until);
            while until.since(day.start) < step.min(MOST_DAYS) * DAY_MS
                && after.end <= told.end
                && certain(term, after, known).is_none()
            {
                until = after.end;
                after = day_of(until);
            }
        }
        let stretch = Span::new(from, until.min(limit));
        if let Some(first) = solve(term, stretch, views)?.without(stretch).spans().first() {
            return Ok(Some(first.start));
        }
        from = stretch.end;
        step = (step * 4).min(MOST_STEP);
    }
    Ok(None)
}

/// The UTC day of an instant; known days may be in other zones.
fn day_of(at: Instant) -> Span {
    Span::new(at.day_start(), at.day_start().plus(DAY_MS))
}

/// The complete days that all known subjects cover; empty without any.
fn told(known: &Known) -> Span {
    let all = known.values().map(|days| days.span()).reduce(Span::intersect);
    all.unwrap_or(Span::new(Instant::MAX, Instant::MAX))
}

/// Whether the term holds throughout complete days, or never in them; `None` if their sums do not decide it.
fn certain(term: &Term, days: Span, known: &Known) -> Option<bool> {
    match term {
        Term::All(terms) => among(terms, days, known, false),
        Term::Any(terms) => among(terms, days, known, true),
        Term::Not(term) => certain(term, days, known).map(|holds| !holds),
        Term::Compare(comparison) => {
            // Durations in different units are left to solving.
            if let (Some(mine), Some(theirs)) = (unit_ms(&comparison.left), unit_ms(&comparison.right))
                && mine != theirs
            {
                return None;
            }
            throughout(days, |day| {
                let left = possible(&comparison.left, day, known)?;
                left.compare(comparison.relation, &possible(&comparison.right, day, known)?)
            })
        }
        Term::Policy(urgency) => {
            let this = known.get(&Subject::This)?;
            let reached = Possible::OneOf(vec![Value::Boolean(true)]);
            throughout(days, |day| this.possible(What::Policy(*urgency), day)?.compare(Relation::Equal, &reached))
        }
        Term::Held { term, for_ms } => certain(term, Span::new(back(days.start, *for_ms), days.end), known),
        Term::Repeated { term, times, within_ms } if *times > 0 => {
            // Without changes nothing begins; the day before shows whether it begins with the first one.
            let longer = Span::new(back(days.start, within_ms + DAY_MS), days.end);
            certain(term, longer, known).map(|_| false)
        }
        Term::Time(_) | Term::Repeated { .. } => None,
    }
}

/// The midnight at or before this many milliseconds before another one.
fn back(midnight: Instant, millis: i64) -> Instant {
    midnight.plus(-millis).day_start()
}

/// The result of several terms, any of which decides it with the value `decides`.
fn among(terms: &[Term], days: Span, known: &Known, decides: bool) -> Option<bool> {
    let mut all_known = true;
    for term in terms {
        match certain(term, days, known) {
            Some(answer) if answer == decides => return Some(decides),
            Some(_) => {}
            None => all_known = false,
        }
    }
    all_known.then_some(!decides)
}

/// The result of each of several days, if it is the same for all.
fn throughout(days: Span, answer: impl Fn(Span) -> Option<bool>) -> Option<bool> {
    let first = answer(day_of(days.start))?;
    let mut midnight = days.start.plus(DAY_MS);
    while midnight < days.end {
        if answer(day_of(midnight))? != first {
            return None;
        }
        midnight = midnight.plus(DAY_MS);
    }
    Some(first)
}

/// The possible values of an operand within a day.
fn possible(operand: &Operand, day: Span, known: &Known) -> Option<Possible> {
    match operand {
        Operand::Field(field) => known.get(&field.subject)?.possible(What::Property(field.property), day),
        other => Some(Possible::exactly(literal(other)?, day.start)),
    }
}
