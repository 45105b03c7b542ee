//! Owns maintenance windows: when they are in force, once or by a recurrence rule, whether planned or declared
//! afterwards.

pub(crate) mod around;
pub(crate) mod calendar;
mod dates;
pub(crate) mod local;
mod rule;

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;

use self::dates::Dates;
use self::local::{local_ms, moment_of};
use self::rule::Rule;
use super::objective::Metadata;
use crate::domain::value::calendar::Date;
use crate::domain::value::duration::LONGEST_MS;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;

/// The most a zone's clocks may shift a search, in milliseconds: a day, which Samoa skipped, plus the hours between
/// zones.
const SHIFT_MS: i64 = 2 * DAY_MS;
/// The most occurrences compared when looking for an overlap.
const MOST_COMPARED: usize = 500;

/// A declared span of planned (or, as a correction, past) work on systems.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct MaintenanceWindow {
    pub(crate) metadata: Metadata,
    pub(crate) systems: Vec<Name>,
    pub(crate) schedule: Schedule,
    /// A cancelled window excuses nothing.
    pub(crate) cancelled: bool,
    pub(crate) reason: Option<String>,
}

/// When a maintenance window is in force.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Schedule {
    Once(Span),
    Recurring(Box<Recurrence>),
}

/// A window that recurs by an RFC 5545 rule, at the same local time of a zone.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Recurrence {
    /// The start of the first occurrence; all others share its local time of day.
    pub(crate) start: Instant,
    pub(crate) length: Length,
    pub(crate) rule: Rule,
    pub(crate) zone: Tz,
    /// The local dates whose occurrence does not take place, sorted.
    pub(crate) except: Vec<Date>,
}

/// How long each occurrence of a recurring window lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Length {
    /// A fixed number of milliseconds, even when clocks change.
    Elapsed(i64),
    /// Until the local time of day at which the first occurrence ends.
    Until(Instant),
}

/// Two consecutive occurrences of which the second starts before the first ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Overlap {
    pub(crate) second: Instant,
    /// From the first start to the second, in milliseconds of the zone's clocks.
    pub(crate) interval_ms: i64,
}

impl Length {
    /// The length of an occurrence by the clocks of a zone, in milliseconds, if the first one starts at `start`.
    pub(crate) fn clock_ms(self, start: Instant, zone: Tz) -> i64 {
        match self {
            Self::Elapsed(millis) => millis,
            Self::Until(end) => local_ms(zone, end) - local_ms(zone, start),
        }
    }
}

impl Recurrence {
    /// Checks a recurring window whose occurrences all take place.
    ///
    /// # Errors
    /// The cause and remedy, when the rule cannot be read, names more than one occurrence a day, or never happens
    /// before 2262, or when occurrences have no length.
    pub(crate) fn new(start: Instant, length: Length, rule: &str, zone: Tz) -> Result<Self, String> {
        let rule = Rule::parse(rule)?;
        if rule.until.is_some_and(|until| until < start) {
            return Err("UNTIL is before start, so the rule never matches".to_owned());
        }
        let recurrence = Self { start, length, rule, zone, except: Vec::new() };
        if recurrence.clock_ms() <= 0 || recurrence.clock_ms() > LONGEST_MS {
            return Err("an occurrence lasts more than 0 and at most 3650 days".to_owned());
        }
        if !recurrence.names_start() && recurrence.next_named().is_none() {
            return Err("the rule never matches".to_owned());
        }
        Ok(recurrence)
    }

    /// The same without the occurrences on these dates, which are sorted; `None` if no occurrence is left. They still
    /// count towards `COUNT`.
    pub(crate) fn without(self, except: Vec<Date>) -> Option<Self> {
        let takes_place = |it: &Self| it.except.is_empty() || it.next_after(it.start.plus(-1)).is_some();
        Some(Self { except, ..self }).filter(takes_place)
    }

    /// Whether the rule has an occurrence on a local date, which may be excepted.
    pub(crate) fn has_on(&self, date: Date) -> bool {
        let date = date.to_chrono();
        self.on_dates(&self.dates().between(date, date)).next().is_some()
    }

    /// Whether the first occurrence does not take place.
    pub(crate) fn excepts_start(&self) -> bool {
        self.is_excepted(date_of(self.zone, self.start))
    }

    /// Why a rule is not valid, whatever it starts from; `None` if it is.
    pub(crate) fn fault(rule: &str) -> Option<String> {
        Rule::parse(rule).err()
    }

    /// Whether the rule names the start, which is the first occurrence in any case.
    pub(crate) fn names_start(&self) -> bool {
        self.dates().name_start()
    }

    /// The first occurrence that the rule names after the start, and that takes place.
    pub(crate) fn next_named(&self) -> Option<Instant> {
        let last = date_of(self.zone, Instant::MAX);
        let next = self.dates().first_after_start(last, |date| !self.is_excepted(date));
        next.and_then(|date| self.on_dates(&[date]).next()).map(|span| span.start)
    }

    /// The length of an occurrence by the zone's clocks, in milliseconds.
    pub(crate) fn clock_ms(&self) -> i64 {
        self.length.clock_ms(self.start, self.zone)
    }

    /// The first two consecutive occurrences that overlap.
    pub(crate) fn overlap(&self) -> Option<Overlap> {
        let first = date_of(self.zone, self.start);
        let reach = i64::from(u16::MAX).min(MOST_COMPARED as i64 * self.rule.density().1);
        let last = date_of(self.zone, self.start.plus(reach * DAY_MS).min(Instant::MAX));
        let dates = self.dates_between(first, last);
        dates.windows(2).find_map(|pair| {
            let interval_ms = pair[1].signed_duration_since(pair[0]).num_milliseconds();
            let second = self.on_dates(&pair[1..]).next()?.start;
            (interval_ms < self.clock_ms()).then_some(Overlap { second, interval_ms })
        })
    }

    /// When the last occurrence ends; `None` if the rule has no end.
    pub(crate) fn ends(&self) -> Option<Instant> {
        let last = match (self.rule.until, self.rule.count) {
            (Some(until), _) => until,
            (None, Some(_)) => Instant::MAX,
            (None, None) => return None,
        };
        let dates = self.dates_between(date_of(self.zone, self.start), date_of(self.zone, last.plus(SHIFT_MS)));
        // Clock changes may make one outlast the next, so compare the last few.
        let end = self.on_dates(&dates).rev().take(3).map(|span| span.end).max();
        Some(end.unwrap_or(self.start))
    }

    /// An upper bound on how much of a span of `length_ms` its occurrences cover, in milliseconds, if clocks repeat
    /// nothing.
    fn most_within(&self, length_ms: i64) -> i64 {
        let (most, days) = self.rule.density();
        let periods = (length_ms + self.clock_ms() + SHIFT_MS) / (days * DAY_MS) + 2;
        (most * periods).saturating_mul(self.clock_ms())
    }

    /// The occurrences that touch `within`, and perhaps some near it, in the order of their dates.
    fn occurrences(&self, within: Span) -> Vec<Span> {
        let from = within.start.plus(-self.clock_ms() - SHIFT_MS).max(self.start);
        let to = within.end.plus(SHIFT_MS).min(Instant::MAX);
        if to < from {
            return Vec::new();
        }
        let dates = self.dates_between(date_of(self.zone, from), date_of(self.zone, to));
        self.on_dates(&dates).collect()
    }

    fn dates(&self) -> Dates<'_> {
        Dates::new(&self.rule, date_of(self.zone, self.start))
    }

    /// The dates from `from` to `to`, both included, on which an occurrence takes place.
    fn dates_between(&self, from: NaiveDate, to: NaiveDate) -> Vec<NaiveDate> {
        let mut dates = self.dates().between(from, to);
        dates.retain(|date| !self.is_excepted(*date));
        dates
    }

    fn is_excepted(&self, date: NaiveDate) -> bool {
        self.except.binary_search(&Date::from_chrono(date)).is_ok()
    }

    fn on_dates<'d>(&'d self, dates: &'d [NaiveDate]) -> impl DoubleEndedIterator<Item = Span> + 'd {
        let shown = local_ms(self.zone, self.start);
        let (first, time_ms, clock_ms) = (date_of(self.zone, self.start), shown.rem_euclid(DAY_MS), self.clock_ms());
        let spans = dates.iter().map(move |date| {
            let shown = date.signed_duration_since(NaiveDate::default()).num_milliseconds() + time_ms;
            let start = if *date == first { self.start } else { moment_of(self.zone, shown) };
            let end = match self.length {
                Length::Elapsed(millis) => start.plus(millis),
                Length::Until(end) if *date == first => end,
                Length::Until(_) => {
                    let end = moment_of(self.zone, shown + clock_ms);
                    // A start that clocks skip comes later; if the end has passed by then, so does the end.
                    if end > start { end } else { start.plus(clock_ms) }
                }
            };
            Span::new(start, end)
        });
        spans.filter(|span| self.rule.until.is_none_or(|until| span.start <= until))
    }
}

/// The date in a zone at an instant.
fn date_of(zone: Tz, at: Instant) -> NaiveDate {
    DateTime::from_timestamp_millis(local_ms(zone, at)).unwrap_or_default().date_naive()
}

#[cfg(test)]
mod tests;
