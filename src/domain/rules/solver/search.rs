//! Owns the search for the last and the next turn of a term: days are skipped if their sums decide it, the rest is
//! solved, in growing steps and no instant twice.

use std::cell::RefCell;
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
    let (told, certain) = (told(known), Certain::of(known));
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
            match certain.within(term, day) {
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
                && certain.within(term, before).is_none()
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
    let (told, certain) = (told(known), Certain::of(known));
    let limit = at.plus(LONGEST_AHEAD_MS).min(Instant::MAX);
    // It holds up to here.
    let mut from = at;
    let mut step = 1;
    while from < limit {
        let day = day_of(from);
        let mut until = from.plus(step * DAY_MS);
        if told.start <= day.start && day.end <= told.end {
            match certain.within(term, day) {
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
                && certain.within(term, after).is_none()
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

/// What the sums of complete days say about a term.
struct Certain<'k> {
    known: &'k Known,
    /// The last run of days found for each comparison: days are asked about in order, by terms that look far back, and none
    /// is examined twice.
    runs: RefCell<Vec<(*const Term, Run)>>,
}

/// Days in a row with the same result.
#[derive(Clone, Copy)]
struct Run {
    days: Span,
    result: bool,
    /// Whether the day before them has another result, or an unknown one.
    is_whole: bool,
}

impl<'k> Certain<'k> {
    fn of(known: &'k Known) -> Self {
        Self { known, runs: RefCell::default() }
    }

    /// Whether the term holds throughout complete days, or never in them; `None` if their sums do not decide it.
    fn within(&self, term: &Term, days: Span) -> Option<bool> {
        match term {
            Term::All(terms) => self.among(terms, days, false),
            Term::Any(terms) => self.among(terms, days, true),
            Term::Not(term) => self.within(term, days).map(|holds| !holds),
            Term::Compare(comparison) => {
                // Durations in different units are left to solving.
                if let (Some(mine), Some(theirs)) = (unit_ms(&comparison.left), unit_ms(&comparison.right))
                    && mine != theirs
                {
                    return None;
                }
                self.throughout(term, days, |day| {
                    let left = self.possible(&comparison.left, day)?;
                    left.compare(comparison.relation, &self.possible(&comparison.right, day)?)
                })
            }
            Term::Policy(urgency) => {
                let this = self.known.get(&Subject::This)?;
                let reached = Possible::OneOf(vec![Value::Boolean(true)]);
                self.throughout(term, days, |day| {
                    this.possible(What::Policy(*urgency), day)?.compare(Relation::Equal, &reached)
                })
            }
            Term::Held { term, for_ms } => self.within(term, Span::new(back(days.start, *for_ms), days.end)),
            Term::Repeated { term, times, within_ms } if *times > 0 => {
                // Without changes nothing begins; the day before shows whether it begins with the first one.
                let longer = Span::new(back(days.start, within_ms + DAY_MS), days.end);
                self.within(term, longer).map(|_| false)
            }
            Term::Time(_) | Term::Repeated { .. } => None,
        }
    }

    /// The result of several terms, any of which decides it with the value `decides`.
    fn among(&self, terms: &[Term], days: Span, decides: bool) -> Option<bool> {
        let mut all_known = true;
        for term in terms {
            match self.within(term, days) {
                Some(result) if result == decides => return Some(decides),
                Some(_) => {}
                None => all_known = false,
            }
        }
        all_known.then_some(!decides)
    }

    /// The result of each of several days, if it is the same for all.
    fn throughout(&self, term: &Term, days: Span, result: impl Fn(Span) -> Option<bool>) -> Option<bool> {
        let last = day_of(days.end.plus(-1));
        let key = std::ptr::from_ref(term);
        // Terms have few comparisons.
        let place = self.runs.borrow().iter().position(|(known, _)| *known == key);
        let known = place.map(|place| self.runs.borrow()[place].1);
        let mut run = match known.filter(|run| run.days.start <= last.start && last.start <= run.days.end) {
            Some(run) if last.end <= run.days.end => run,
            next => {
                let result = result(last)?;
                match next {
                    Some(run) if run.result == result => Run { days: Span::new(run.days.start, last.end), ..run },
                    other => Run { days: last, result, is_whole: other.is_some() },
                }
            }
        };
        while run.days.start > days.start && !run.is_whole {
            let before = day_of(run.days.start.plus(-1));
            run.is_whole = result(before) != Some(run.result);
            if !run.is_whole {
                run.days.start = before.start;
            }
        }
        match place {
            Some(place) => self.runs.borrow_mut()[place].1 = run,
            None => self.runs.borrow_mut().push((key, run)),
        }
        (run.days.start <= days.start).then_some(run.result)
    }

    /// The possible values of an operand within a day.
    fn possible(&self, operand: &Operand, day: Span) -> Option<Possible> {
        match operand {
            Operand::Field(field) => self.known.get(&field.subject)?.possible(What::Property(field.property), day),
            other => Some(Possible::exactly(literal(other)?, day.start)),
        }
    }
}

/// The midnight at or before this many milliseconds before another one.
fn back(midnight: Instant, millis: i64) -> Instant {
    midnight.plus(-millis).day_start()
}
