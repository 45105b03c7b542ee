//! Owns dates and the zones of the tests, from the published rules alone: without a date library.

use std::sync::LazyLock;

pub(crate) type Ms = i64;

pub(crate) const SECOND: Ms = 1000;
pub(crate) const MINUTE: Ms = 60 * SECOND;
pub(crate) const HOUR: Ms = 60 * MINUTE;
pub(crate) const DAY: Ms = 24 * HOUR;
pub(crate) const WEEK: Ms = 7 * DAY;

/// Days from 1970-01-01 to a date of the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date algorithms").
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The date this many days after 1970-01-01: the inverse of [`days_from_civil`], found by stepping.
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let year = year_of(days);
    let mut month = 1;
    while month < 12 && days_from_civil(year, month + 1, 1) <= days {
        month += 1;
    }
    (year, month, days - days_from_civil(year, month, 1) + 1)
}

/// The year of that date.
fn year_of(days: i64) -> i64 {
    let mut year = 1970 + days.div_euclid(366);
    while days_from_civil(year + 1, 1, 1) <= days {
        year += 1;
    }
    year
}

/// Reads `2026-10-25T01:00:00.000Z`, with or without the milliseconds.
pub(crate) fn instant(text: &str) -> Ms {
    let field = |from: usize, to: usize| text[from..to].parse::<i64>().unwrap();
    let days = days_from_civil(field(0, 4), field(5, 7), field(8, 10));
    let millis = if text.as_bytes().get(19) == Some(&b'.') { field(20, 23) } else { 0 };
    assert!(text.ends_with('Z'), "{text} is not in UTC");
    days * DAY + field(11, 13) * HOUR + field(14, 16) * MINUTE + field(17, 19) * SECOND + millis
}

/// Prints an instant as in SPEC: RFC 3339, UTC, milliseconds.
pub(crate) fn rfc3339(at: Ms) -> String {
    let (year, month, day) = civil_from_days(at.div_euclid(DAY));
    let rest = at.rem_euclid(DAY);
    let (hour, minute, second) = (rest / HOUR, rest / MINUTE % 60, rest / SECOND % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", rest % SECOND)
}

/// Monday is 0; 1970-01-01 was a Thursday.
pub(crate) fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7)
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Zone {
    Utc,
    Berlin,
    /// Midnight is skipped in spring, and repeated in autumn.
    Azores,
    /// Midnight is skipped in spring; in autumn, the last hour of a day is repeated.
    Beirut,
    /// Clocks change by half an hour, in the southern summer.
    LordHowe,
}

impl Zone {
    pub(crate) const ALL: [Self; 5] = [Self::Utc, Self::Berlin, Self::Azores, Self::Beirut, Self::LordHowe];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Utc => "UTC",
            Self::Berlin => "Europe/Berlin",
            Self::Azores => "Atlantic/Azores",
            Self::Beirut => "Asia/Beirut",
            Self::LordHowe => "Australia/Lord_Howe",
        }
    }

    /// The offset of local time from UTC: in winter and in summer.
    const fn offsets(self) -> [Ms; 2] {
        match self {
            Self::Utc => [0, 0],
            Self::Berlin => [HOUR, 2 * HOUR],
            Self::Azores => [-HOUR, 0],
            Self::Beirut => [2 * HOUR, 3 * HOUR],
            Self::LordHowe => [10 * HOUR + 30 * MINUTE, 11 * HOUR],
        }
    }

    /// When summer time begins and ends in a year; computed once, because every step over days asks several times.
    fn changes(self, year: i64) -> [Ms; 2] {
        static KNOWN: LazyLock<Vec<[[Ms; 2]; 5]>> =
            LazyLock::new(|| (1970..2300).map(|year| Zone::ALL.map(|zone| zone.ruled(year))).collect());
        let known = usize::try_from(year - 1970).ok().and_then(|place| KNOWN.get(place));
        known.map_or_else(|| self.ruled(year), |zones| zones[self as usize])
    }

    /// The rule of that.
    ///
    /// The European Union's rule, in force since 1996: from the last Sunday of March, 01:00 UTC, to the last Sunday of October, 01:00
    /// UTC. Lebanon's, since 1999: the same Sundays, 00:00 on clocks. Lord Howe Island's, since 2008: from the first Sunday of
    /// October to the first Sunday of April, 02:00 on clocks; before that to the last one of March (2006: as now) and from the last
    /// one of October (2000: of August).
    fn ruled(self, year: i64) -> [Ms; 2] {
        let sunday = |days: i64| days - (weekday(days) + 1) % 7;
        let last = |month: i64| sunday(days_from_civil(year, month, 31)) * DAY;
        let first = |month: i64| sunday(days_from_civil(year, month, 7)) * DAY;
        match self {
            Self::Utc => [Ms::MIN, Ms::MIN],
            Self::Berlin | Self::Azores => [last(3) + HOUR, last(10) + HOUR],
            Self::Beirut => [last(3) - 2 * HOUR, last(10) - 3 * HOUR],
            Self::LordHowe => {
                let begins = match year {
                    2008.. => first(10),
                    2000 => last(8),
                    _ => last(10),
                };
                let ends = if year >= 2008 || year == 2006 { first(4) } else { last(3) };
                [begins + 2 * HOUR - (10 * HOUR + 30 * MINUTE), ends + 2 * HOUR - 11 * HOUR]
            }
        }
    }

    fn offset(self, at: Ms) -> Ms {
        if self == Self::Utc {
            return 0;
        }
        let [begins, ends] = self.changes(year_of(at.div_euclid(DAY)));
        let summer = if begins < ends { begins <= at && at < ends } else { at < ends || begins <= at };
        self.offsets()[usize::from(summer)]
    }

    pub(crate) fn to_local(self, at: Ms) -> Ms {
        at + self.offset(at)
    }

    /// Instants that include every one at which clocks show a time of a date, or skip it.
    pub(crate) fn passes(self, date: i64, time: Ms) -> Vec<Ms> {
        let year = year_of(date);
        let near = |at: &Ms| ((date - 3) * DAY..(date + 3) * DAY).contains(at);
        let passes = self.offsets().map(|offset| date * DAY + time - offset);
        passes.into_iter().chain(self.changes(year).into_iter().filter(near)).collect()
    }

    /// The first instant at which clocks show `local` or later: where they reach it, or skip it.
    fn first_showing(self, local: Ms) -> Ms {
        let year = year_of(local.div_euclid(DAY));
        let jumps = [year - 1, year, year + 1].map(|year| self.changes(year)).concat();
        let passes = self.offsets().map(|offset| local - offset);
        let near = |at: &Ms| *at > local - 2 * DAY;
        let instants = passes.into_iter().chain(jumps.into_iter().filter(near));
        instants.filter(|at| self.to_local(*at) >= local).min().unwrap()
    }

    /// The start of a date: the first instant at which clocks show it or a later one.
    pub(crate) fn start_of(self, date: i64) -> Ms {
        self.first_showing(date * DAY)
    }

    /// The date whose day contains an instant: the last one that has begun.
    pub(crate) fn date(self, at: Ms) -> i64 {
        let shown = self.to_local(at).div_euclid(DAY);
        (shown..=shown + 1).rev().find(|date| self.start_of(*date) <= at).unwrap()
    }

    /// The ends of the days that begin at or after that of `first`, up to `as_of`.
    pub(crate) fn closes(self, first: Ms, as_of: Ms) -> impl Iterator<Item = Ms> {
        (self.date(first) + 1..).map(move |date| self.start_of(date)).take_while(move |close| *close <= as_of)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    pub(crate) const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

/// The calendar period of a zone that contains `at`.
pub(crate) fn period(unit: Unit, zone: Zone, at: Ms) -> (Ms, Ms) {
    let today = zone.date(at);
    let (year, month, _) = civil_from_days(today);
    let months = |first: i64, count: i64| {
        let next = first + count;
        (days_from_civil(year, first, 1), days_from_civil(year + (next - 1) / 12, (next - 1) % 12 + 1, 1))
    };
    let (first, next) = match unit {
        Unit::Day => (today, today + 1),
        Unit::Week => (today - weekday(today), today - weekday(today) + 7),
        Unit::Month => months(month, 1),
        Unit::Quarter => months((month - 1) / 3 * 3 + 1, 3),
        Unit::Year => months(1, 12),
    };
    (zone.start_of(first), zone.start_of(next))
}

#[test]
fn dates_go_there_and_back() {
    for (text, days) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-10-25", 20_751)] {
        let at = instant(&format!("{text}T00:00:00Z"));
        assert_eq!(at, days * DAY);
        assert_eq!(rfc3339(at + 1), format!("{text}T00:00:00.001Z"));
    }
    for days in 0..40_000 {
        let (year, month, day) = civil_from_days(days);
        assert_eq!(days_from_civil(year, month, day), days);
    }
    assert_eq!(weekday(20_751), 6, "2026-10-25 is a Sunday");
}

#[test]
fn berlin_has_long_and_short_periods() {
    let (start, end) = period(Unit::Month, Zone::Berlin, instant("2026-10-31T22:59:59.999Z"));
    assert_eq!((rfc3339(start).as_str(), (end - start) / HOUR), ("2026-09-30T22:00:00.000Z", 745));
    let (start, end) = period(Unit::Month, Zone::Berlin, end);
    assert_eq!((rfc3339(start).as_str(), (end - start) / HOUR), ("2026-10-31T23:00:00.000Z", 720));
    let (start, end) = period(Unit::Day, Zone::Berlin, instant("2026-03-29T12:00:00Z"));
    assert_eq!((end - start) / HOUR, 23);
    assert_eq!(period(Unit::Week, Zone::Utc, start).0, instant("2026-03-23T00:00:00Z"));
    let quarter = period(Unit::Quarter, Zone::Berlin, instant("2026-11-20T00:00:00Z"));
    assert_eq!(quarter, (instant("2026-09-30T22:00:00Z"), instant("2026-12-31T23:00:00Z")));
    let year = period(Unit::Year, Zone::Utc, instant("2026-12-31T23:59:59Z"));
    assert_eq!(year, (instant("2026-01-01T00:00:00Z"), instant("2027-01-01T00:00:00Z")));
}

#[test]
fn days_are_as_long_as_clocks_make_them() {
    for (zone, at, start, minutes) in [
        (Zone::Azores, "2026-03-29T12:00:00Z", "2026-03-29T01:00:00Z", 23 * 60),
        (Zone::Azores, "2026-10-25T00:59:00Z", "2026-10-25T00:00:00Z", 25 * 60),
        (Zone::Beirut, "2026-03-29T12:00:00Z", "2026-03-28T22:00:00Z", 23 * 60),
        (Zone::Beirut, "2026-10-24T21:30:00Z", "2026-10-23T21:00:00Z", 25 * 60),
        (Zone::LordHowe, "2026-10-04T00:00:00Z", "2026-10-03T13:30:00Z", 23 * 60 + 30),
        (Zone::LordHowe, "2026-04-05T00:00:00Z", "2026-04-04T13:00:00Z", 24 * 60 + 30),
        (Zone::LordHowe, "2026-01-05T00:00:00Z", "2026-01-04T13:00:00Z", 24 * 60),
    ] {
        let (begins, ends) = period(Unit::Day, zone, instant(at));
        assert_eq!((begins, (ends - begins) / MINUTE), (instant(start), minutes), "{zone:?} {at}");
        assert_eq!(zone.date(begins - 1) + 1, zone.date(begins), "{zone:?} {at}");
    }
}
