//! Owns the schedule of an objective: the hours that are counted, and all other time, unfolded once.

use std::fmt;

use chrono::Weekday;

use super::unfolded::{Touching, Unfolded};
use crate::domain::value::calendar::Date;
use crate::domain::value::hours::Hours;
use crate::domain::value::instant::DAY_MS;
use crate::domain::value::moments::Moments;
use crate::domain::value::span::Span;
use crate::domain::value::window::Window;

/// The hours that are counted; empty: all time.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct Schedule(Vec<Shift>);

/// Hours that are counted, except on some dates.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Shift {
    /// In the objective's zone.
    pub(crate) hours: Hours,
    /// Dates in the zone, sorted.
    pub(crate) except: Vec<Date>,
}

impl Schedule {
    /// A schedule that counts time in any of these shifts.
    pub(crate) fn of(shifts: Vec<Shift>) -> Self {
        Self(shifts)
    }

    /// The shifts as declared.
    pub(crate) fn shifts(&self) -> &[Shift] {
        &self.0
    }

    /// Whether all time is counted.
    pub(crate) fn is_always(&self) -> bool {
        self.0.is_empty()
    }

    /// The parts of a span that are not counted, sorted and disjoint.
    fn outside(&self, stretch: Span) -> Vec<Span> {
        let counted = self.0.iter().map(|shift| shift.hours.moments_but(&shift.except, stretch));
        counted.fold(Moments::none(), Moments::or).without(stretch).spans().to_vec()
    }

    /// Whether every window of this kind has counted time.
    pub(crate) fn reaches_every(&self, window: Window) -> bool {
        // A rolling window contains all of its dates except those at its ends.
        let dates = window.nominal_ms() / DAY_MS - 2;
        let is_certain = |shift: &Shift| {
            let is_on = |day: u32| {
                shift.hours.weekdays.is_empty()
                    || shift.hours.weekdays.iter().any(|on| on.num_days_from_monday() == day)
            };
            let in_a_row = |first: i64| (0..dates).filter(|day| is_on(((first + day) % 7) as u32)).count();
            let least = (0..7).map(in_a_row).min().unwrap_or(0);
            // Clocks may skip the hours of a date, or a full date, but not every month.
            least > shift.except.len() + 1 + dates as usize / 30
        };
        self.is_always() || self.0.iter().any(is_certain)
    }
}

impl fmt::Display for Shift {
    /// `Mon-Fri 09:00-17:00 except 2026-12-25`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Hours { after, before, weekdays, .. } = &self.hours;
        write!(f, "{}", in_runs(weekdays))?;
        match (after.map(Hours::clock), before.map(Hours::clock)) {
            (Some(after), Some(before)) => write!(f, " {after}-{before}")?,
            (Some(after), None) => write!(f, " from {after}")?,
            (None, Some(before)) => write!(f, " until {before}")?,
            (None, None) => {}
        }
        let except: Vec<String> = self.except.iter().map(ToString::to_string).collect();
        if except.is_empty() { Ok(()) } else { write!(f, " except {}", except.join(" ")) }
    }
}

/// Weekdays with consecutive ones joined: `Mon-Thu Sat`.
fn in_runs(weekdays: &[Weekday]) -> String {
    let number = |day: &Weekday| day.num_days_from_monday();
    let runs = weekdays.chunk_by(|day, next| number(day) + 1 == number(next));
    let run = |run: &[Weekday]| match run {
        [first, .., last] => format!("{first}-{last}"),
        days => days.iter().map(ToString::to_string).collect(),
    };
    let runs: Vec<String> = runs.map(run).collect();
    if runs.is_empty() { "every day".to_owned() } else { runs.join(" ") }
}

/// A schedule as a calendar.
#[derive(Debug)]
pub(crate) struct Timetable {
    schedule: Schedule,
    unfolded: Unfolded,
}

impl Timetable {
    pub(crate) fn of(schedule: Schedule) -> Self {
        Self { schedule, unfolded: Unfolded::new([].into()) }
    }

    /// Whether all time is counted.
    pub(crate) fn is_always(&self) -> bool {
        self.schedule.is_always()
    }

    /// The uncounted time that touches `span`.
    pub(crate) fn outside(&self, span: Span) -> Touching {
        if self.is_always() {
            Touching::none()
        } else {
            self.unfolded.touching(span, |span| self.schedule.outside(span))
        }
    }
}
