//! Owns the dates that a recurrence rule names, in order, by day, week, month or year.
//!
//! Each date of a period is tested against all parts of the rule; parts left open come from the start (RFC 5545,
//! section 3.3.10). Periods are numbered, not walked, so late dates cost as little as early ones. Only a rule with
//! `COUNT` is counted from its start.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::rule::{Day, Frequency, Rule};

/// The dates of a rule that starts at `start`.
pub(super) struct Dates<'r> {
    rule: &'r Rule,
    start: NaiveDate,
    /// The first day of the start's period.
    origin: NaiveDate,
}

impl<'r> Dates<'r> {
    pub(super) fn new(rule: &'r Rule, start: NaiveDate) -> Self {
        let origin = match rule.frequency {
            Frequency::Daily => start,
            Frequency::Weekly => week_start(start, rule.week_start),
            Frequency::Monthly => first_of_month(start.year(), start.month0()),
            Frequency::Yearly => first_of_month(start.year(), 0),
        };
        Self { rule, start, origin }
    }

    /// Whether the rule names its own start.
    pub(super) fn name_start(&self) -> bool {
        self.of_period(0).contains(&self.start)
    }

    /// The dates from `from` to `to`, both included, oldest first. The start is always one of them, named by the rule
    /// or not: it is the first occurrence, and counts as one.
    pub(super) fn between(&self, from: NaiveDate, to: NaiveDate) -> Vec<NaiveDate> {
        let mut found = Vec::new();
        if self.rule.count.is_none() && from > self.start {
            self.each(self.period_of(from), to, |date| {
                if date >= from {
                    found.push(date);
                }
                true
            });
            return found;
        }
        let mut left = self.rule.count.unwrap_or(usize::MAX);
        let mut take = |date: NaiveDate| {
            if from <= date && date <= to {
                found.push(date);
            }
            left -= 1;
            left > 0
        };
        if take(self.start) {
            self.each(0, to, |date| date <= self.start || take(date));
        }
        found
    }

    /// The first wanted date up to `to`, included, that the rule names after its start.
    pub(super) fn first_after_start(&self, to: NaiveDate, is_wanted: impl Fn(NaiveDate) -> bool) -> Option<NaiveDate> {
        let mut found = None;
        self.each(0, to, |date| {
            found = Some(date).filter(|date| *date > self.start && is_wanted(*date));
            found.is_none()
        });
        found
    }

    /// Calls `each` with every date from a period on, up to `to`, until it returns false.
    fn each(&self, first: i64, to: NaiveDate, mut each: impl FnMut(NaiveDate) -> bool) {
        if self.is_every_day() {
            let step = Days::new(self.rule.interval as u64);
            let dates = std::iter::successors(self.first_day(first), |date| date.checked_add_days(step));
            dates.take_while(|date| *date <= to).all(each);
            return;
        }
        let mut period = first;
        while self.first_day(period).is_some_and(|day| day <= to) {
            if !self.of_period(period).into_iter().filter(|date| *date <= to).all(&mut each) {
                return;
            }
            period += 1;
        }
    }

    /// Whether the rule is daily without any other restriction.
    fn is_every_day(&self) -> bool {
        self.rule.frequency == Frequency::Daily && self.rule.names_only_months() && self.rule.months.is_empty()
    }

    /// The number of a period that begins at or before a date, which is not before the start.
    fn period_of(&self, date: NaiveDate) -> i64 {
        let days = date.signed_duration_since(self.origin).num_days();
        let passed = match self.rule.frequency {
            Frequency::Daily => days,
            Frequency::Weekly => days.div_euclid(7),
            Frequency::Monthly => months(date) - months(self.origin),
            Frequency::Yearly => i64::from(date.year() - self.origin.year()),
        };
        passed.div_euclid(self.rule.interval)
    }

    /// The first day of a period, if the calendar has it.
    fn first_day(&self, period: i64) -> Option<NaiveDate> {
        let passed = period * self.rule.interval;
        match self.rule.frequency {
            Frequency::Daily => self.origin.checked_add_days(Days::new(passed as u64)),
            Frequency::Weekly => self.origin.checked_add_days(Days::new(passed as u64 * 7)),
            Frequency::Monthly | Frequency::Yearly => {
                let months =
                    months(self.origin) + passed * if self.rule.frequency == Frequency::Yearly { 12 } else { 1 };
                let year = i32::try_from(months.div_euclid(12)).ok()?;
                NaiveDate::from_ymd_opt(year, months.rem_euclid(12) as u32 + 1, 1)
            }
        }
    }

    /// The dates of one period, in order, including those before the start.
    fn of_period(&self, period: i64) -> Vec<NaiveDate> {
        let Some(first) = self.first_day(period) else { return Vec::new() };
        let length = match self.rule.frequency {
            Frequency::Daily => 1,
            Frequency::Weekly => 7,
            Frequency::Monthly => usize::from(first.num_days_in_month()),
            Frequency::Yearly => {
                if first.leap_year() {
                    366
                } else {
                    365
                }
            }
        };
        let dates: Vec<NaiveDate> = first.iter_days().take(length).filter(|date| self.names(*date)).collect();
        if self.rule.positions.is_empty() {
            return dates;
        }
        let count = dates.len() as i64;
        let is_chosen = |index: i64| self.rule.positions.iter().any(|at| *at == index + 1 || *at == index - count);
        dates.into_iter().enumerate().filter(|(index, _)| is_chosen(*index as i64)).map(|(_, date)| date).collect()
    }

    /// Whether the rule names a date in one of its periods.
    fn names(&self, date: NaiveDate) -> bool {
        let rule = self.rule;
        let (month, day) = (i64::from(date.month()), i64::from(date.day()));
        if !rule.months.is_empty() && !rule.months.contains(&month) {
            return false;
        }
        if rule.names_only_months() {
            return self.is_like_start(date);
        }
        let from_end = day - i64::from(date.num_days_in_month()) - 1;
        if !rule.month_days.is_empty() && !rule.month_days.iter().any(|at| *at == day || *at == from_end) {
            return false;
        }
        if !rule.year_days.is_empty() && !is_numbered(&rule.year_days, date.ordinal(), days_of_year(date)) {
            return false;
        }
        if !rule.week_numbers.is_empty() {
            let (number, weeks) = week_of_year(date, rule.week_start);
            if !is_numbered(&rule.week_numbers, number, weeks) {
                return false;
            }
            if rule.days.is_empty() && rule.year_days.is_empty() && rule.month_days.is_empty() {
                return date.weekday() == self.start.weekday();
            }
        }
        rule.days.is_empty() || rule.days.iter().any(|named| self.is_weekday(date, *named))
    }

    /// Whether a date matches the start in the parts that the rule leaves open.
    fn is_like_start(&self, date: NaiveDate) -> bool {
        match self.rule.frequency {
            Frequency::Daily => true,
            Frequency::Weekly => date.weekday() == self.start.weekday(),
            Frequency::Monthly => date.day() == self.start.day(),
            Frequency::Yearly => {
                date.day() == self.start.day() && (!self.rule.months.is_empty() || date.month() == self.start.month())
            }
        }
    }

    fn is_weekday(&self, date: NaiveDate, named: Day) -> bool {
        if date.weekday() != named.weekday {
            return false;
        }
        let Some(ordinal) = named.ordinal else { return true };
        // An ordinal counts within the year, or within the month if months are named.
        let of_year = self.rule.frequency == Frequency::Yearly && self.rule.months.is_empty();
        let (day, days) = if of_year {
            (date.ordinal(), days_of_year(date))
        } else {
            (date.day(), u32::from(date.num_days_in_month()))
        };
        i64::from((day - 1) / 7 + 1) == ordinal || -i64::from((days - day) / 7 + 1) == ordinal
    }
}

/// Whether position `number` of `of` is listed, counted from either end.
fn is_numbered(listed: &[i64], number: u32, of: u32) -> bool {
    listed.contains(&i64::from(number)) || listed.contains(&(i64::from(number) - i64::from(of) - 1))
}

fn days_of_year(date: NaiveDate) -> u32 {
    if date.leap_year() { 366 } else { 365 }
}

/// Months since the year 0.
fn months(date: NaiveDate) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

fn first_of_month(year: i32, month0: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month0 + 1, 1).unwrap_or_default()
}

/// The day on which the week of a date begins.
fn week_start(date: NaiveDate, first: Weekday) -> NaiveDate {
    date - Days::new(u64::from(date.weekday().days_since(first)))
}

/// The week number of a date, and how many weeks that year has. The first week has at least four days in the year.
fn week_of_year(date: NaiveDate, first: Weekday) -> (u32, u32) {
    // The fourth day of a week decides its year.
    let middle = |date: NaiveDate| week_start(date, first) + Days::new(3);
    let first_week = |year: i32| middle(NaiveDate::from_ymd_opt(year, 1, 4).unwrap_or_default());
    let of = middle(date);
    let weeks = |since: NaiveDate, until: NaiveDate| (until.signed_duration_since(since).num_days() / 7) as u32;
    let begin = first_week(of.year());
    (weeks(begin, of) + 1, weeks(begin, first_week(of.year() + 1)))
}
