//! Checks when recurring windows are in force, above all around clock changes.

use super::*;

/// An instant; those in the standard's examples are earlier than `slo` accepts as input.
fn at(text: &str) -> Instant {
    Instant::parse_printed(&format!("{text}T00:00:00Z")).unwrap_or_else(|| Instant::parse(text).unwrap())
}

fn starts(rule: &str, zone: &str, start: &str, from: &str, to: &str) -> Vec<String> {
    let recurrence = Recurrence::new(at(start), Length::Elapsed(3_600_000), rule, zone.parse().unwrap()).unwrap();
    let within = Span::new(at(from), at(to));
    let mut found = recurrence.occurrences(within);
    found.retain(|span| !span.intersect(within).is_empty());
    found.iter().map(|span| span.start.to_string()).collect()
}

#[test]
fn weekly_windows_keep_their_local_time_over_dst() {
    // 03:00 in Berlin is 01:00 UTC in summer and 02:00 UTC in winter; clocks change on 2026-10-25.
    let starts = starts("FREQ=WEEKLY;BYDAY=SU", "Europe/Berlin", "2026-10-18T01:00:00Z", "2026-10-01", "2026-11-02");
    assert_eq!(starts, ["2026-10-18T01:00:00.000Z", "2026-10-25T02:00:00.000Z", "2026-11-01T02:00:00.000Z"]);
}

#[test]
fn a_window_that_began_before_the_span_still_counts() {
    let starts = starts("FREQ=DAILY", "UTC", "2026-11-01T23:30:00Z", "2026-11-05", "2026-11-05 12:00");
    assert_eq!(starts, ["2026-11-04T23:30:00.000Z"]);
}

#[test]
fn an_occurrence_whose_midnight_clocks_skip_or_repeat_still_happens() {
    // Santiago skips 00:00–01:00 on 2026-09-06; Havana repeats 00:00–01:00 on 2026-11-01.
    let gap = starts("FREQ=DAILY", "America/Santiago", "2026-09-01T04:30:00Z", "2026-09-05", "2026-09-07 12:00");
    assert_eq!(gap, ["2026-09-05T04:30:00.000Z", "2026-09-06T04:30:00.000Z", "2026-09-07T03:30:00.000Z"]);
    let twice = starts("FREQ=DAILY", "America/Havana", "2026-10-20T04:30:00Z", "2026-11-01", "2026-11-03");
    assert_eq!(twice, ["2026-11-01T04:30:00.000Z", "2026-11-02T05:30:00.000Z"]);
}

#[test]
fn until_is_a_moment_whatever_the_zone() {
    let rule = "rrule:freq=daily;until=20261103T010000Z";
    let starts = starts(rule, "Asia/Tokyo", "2026-11-01T01:00:00Z", "2026-11-01", "2026-12-01");
    assert_eq!(starts.last().map(String::as_str), Some("2026-11-03T01:00:00.000Z"));
}

#[test]
fn jumping_ahead_keeps_the_phase_of_a_rule() {
    let zone: Tz = "Europe/Berlin".parse().unwrap();
    for rule in [
        "FREQ=DAILY;INTERVAL=5",
        "FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,WE;WKST=SU",
        "FREQ=WEEKLY;INTERVAL=2",
        "FREQ=DAILY;COUNT=900;BYDAY=MO,FR",
        "FREQ=MONTHLY;BYDAY=2TU",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    ] {
        let recurrence = Recurrence::new(at("2016-02-29 22:30"), Length::Elapsed(7_200_000), rule, zone).unwrap();
        let all = recurrence.occurrences(Span::new(at("2016-01-01"), at("2030-01-01")));
        let late = Span::new(at("2024-02-10"), at("2026-01-01"));
        let mut expected = all.clone();
        expected.retain(|span| !span.intersect(late).is_empty());
        let mut found = recurrence.occurrences(late);
        found.retain(|span| !span.intersect(late).is_empty());
        assert_eq!(found, expected, "{rule}");
        assert!(!found.is_empty(), "{rule}");
    }
}

#[test]
fn ordinal_days_of_months_and_years_happen_on_them_alone() {
    let days = |rule: &str, start: &str| starts(rule, "UTC", &format!("{start}T02:00:00Z"), "2026-01-01", "2026-05-01");
    let expected = ["2026-01-05", "2026-02-02", "2026-03-02", "2026-04-06"].map(|day| format!("{day}T02:00:00.000Z"));
    assert_eq!(days("FREQ=MONTHLY;BYDAY=1MO", "2026-01-05"), expected);
    assert_eq!(days("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "2026-03-29"), ["2026-03-29T02:00:00.000Z"]);
    assert_eq!(
        days("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2", "2026-01-31"),
        ["2026-01-31", "2026-02-28"].map(|day| format!("{day}T02:00:00.000Z"))
    );
    let mixed = days("FREQ=MONTHLY;COUNT=3;BYDAY=1MO,-1SU", "2026-01-05");
    assert_eq!(mixed, ["2026-01-05", "2026-01-25", "2026-02-02"].map(|day| format!("{day}T02:00:00.000Z")));
}

#[test]
fn rules_that_never_happen_are_refused() {
    let new = |rule: &str| Recurrence::new(at("2020-01-01"), Length::Elapsed(60_000), rule, Tz::UTC);
    for rule in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=8",
        "FREQ=DAILY;UNTIL=20191231T000000Z",
    ] {
        assert!(new(rule).unwrap_err().ends_with("the rule never matches"), "{rule}");
    }
    assert!(new("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29").is_ok());
    let endless = new("FREQ=DAILY").unwrap().occurrences(Span::new(Instant::MIN, Instant::MAX));
    assert_eq!(endless.len(), 88_390, "every day from 2020-01-01 to 2262-01-01");
}

/// The occurrences that touch a span, with their ends.
fn spans(recurrence: &Recurrence, from: &str, to: &str) -> Vec<String> {
    let within = Span::new(at(from), at(to));
    let mut found = recurrence.occurrences(within);
    found.retain(|span| !span.intersect(within).is_empty());
    found.iter().map(|span| format!("{} {}", &span.start.to_string()[..16], &span.end.to_string()[..16])).collect()
}

#[test]
fn a_weekend_given_by_its_end_keeps_both_local_times_and_one_given_by_its_duration_keeps_that() {
    // Friday 18:00 to Sunday 18:00 in Berlin, over both changes of 2026.
    let berlin: Tz = "Europe/Berlin".parse().unwrap();
    let start = at("2026-01-02T18:00:00+01:00");
    let recurrence = |length| Recurrence::new(start, length, "FREQ=WEEKLY;BYDAY=FR", berlin).unwrap();
    let by_end = recurrence(Length::Until(at("2026-01-04T18:00:00+01:00")));
    let by_duration = recurrence(Length::Elapsed(2 * DAY_MS));
    assert_eq!(
        spans(&by_end, "2026-03-20", "2026-04-06"),
        ["2026-03-20T17:00 2026-03-22T17:00", "2026-03-27T17:00 2026-03-29T16:00", "2026-04-03T16:00 2026-04-05T16:00"]
    );
    assert_eq!(
        spans(&by_duration, "2026-03-20", "2026-04-06"),
        ["2026-03-20T17:00 2026-03-22T17:00", "2026-03-27T17:00 2026-03-29T17:00", "2026-04-03T16:00 2026-04-05T16:00"]
    );
    assert_eq!(
        spans(&by_end, "2026-10-20", "2026-11-02"),
        ["2026-10-23T16:00 2026-10-25T17:00", "2026-10-30T17:00 2026-11-01T17:00"]
    );
    assert_eq!(
        spans(&by_duration, "2026-10-20", "2026-11-02"),
        ["2026-10-23T16:00 2026-10-25T16:00", "2026-10-30T17:00 2026-11-01T17:00"]
    );
}

#[test]
fn an_occurrence_in_a_missing_hour_comes_that_much_later_and_one_in_a_repeated_hour_comes_once() {
    let berlin: Tz = "Europe/Berlin".parse().unwrap();
    let start = at("2026-01-05T02:30:00+01:00");
    let daily = |end: &str| Recurrence::new(start, Length::Until(at(end)), "FREQ=DAILY", berlin).unwrap();
    // 02:30 to 04:00: on the day without 02:30 it starts at 03:30 and ends as usual.
    assert_eq!(
        spans(&daily("2026-01-05T04:00:00+01:00"), "2026-03-28", "2026-03-30"),
        ["2026-03-28T01:30 2026-03-28T03:00", "2026-03-29T01:30 2026-03-29T02:00"]
    );
    // 02:30 to 03:00 is skipped entirely, so it moves by an hour: 03:30 to 04:00.
    assert_eq!(
        spans(&daily("2026-01-05T03:00:00+01:00"), "2026-03-28", "2026-03-30 12:00"),
        ["2026-03-28T01:30 2026-03-28T02:00", "2026-03-29T01:30 2026-03-29T02:00", "2026-03-30T00:30 2026-03-30T01:00"]
    );
    // On the day with two 02:30 it starts at the first and ends at 03:00: an hour and a half.
    assert_eq!(
        spans(&daily("2026-01-05T03:00:00+01:00"), "2026-10-25", "2026-10-26"),
        ["2026-10-25T00:30 2026-10-25T02:00"]
    );
    let short = Recurrence::new(start, Length::Elapsed(1_800_000), "FREQ=DAILY", berlin).unwrap();
    assert_eq!(spans(&short, "2026-03-29", "2026-03-30"), ["2026-03-29T01:30 2026-03-29T02:00"]);
    assert_eq!(spans(&short, "2026-10-25", "2026-10-26"), ["2026-10-25T00:30 2026-10-25T01:00"]);
    // An end within the repeated hour is the first of the two.
    assert_eq!(
        spans(&daily("2026-01-05T02:45:00+01:00"), "2026-10-25", "2026-10-26"),
        ["2026-10-25T00:30 2026-10-25T00:45"]
    );
}

#[test]
fn a_start_within_a_repeated_hour_is_the_instant_it_names() {
    let berlin: Tz = "Europe/Berlin".parse().unwrap();
    for (start, utc) in [("2026-10-25T02:30:00+02:00", "00:30"), ("2026-10-25T02:30:00+01:00", "01:30")] {
        let (start, rule) = (at(start), "FREQ=DAILY;COUNT=2");
        let recurrence = Recurrence::new(start, Length::Elapsed(600_000), rule, berlin).unwrap();
        let first = format!("2026-10-25T{utc} 2026-10-25T{}", utc.replace("30", "40"));
        assert_eq!(spans(&recurrence, "2026-10-01", "2026-12-01"), [&first, "2026-10-26T01:30 2026-10-26T01:40"]);
        assert!(recurrence.names_start());
    }
}

#[test]
fn the_start_is_the_first_occurrence_even_where_the_rule_does_not_name_it() {
    // A Thursday, then Sundays; COUNT counts it.
    let thursday = starts("FREQ=WEEKLY;BYDAY=SU;COUNT=3", "UTC", "2026-01-01T02:00:00Z", "2025-12-01", "2027-01-01");
    assert_eq!(thursday, ["2026-01-01", "2026-01-04", "2026-01-11"].map(|day| format!("{day}T02:00:00.000Z")));
    let recurrence = |rule: &str, start: &str, zone: &str| {
        Recurrence::new(at(start), Length::Elapsed(60_000), rule, zone.parse().unwrap()).unwrap()
    };
    let stray = recurrence("FREQ=WEEKLY;BYDAY=SU", "2026-01-01T02:00:00Z", "UTC");
    assert!(!stray.names_start());
    assert_eq!(stray.next_named(), Some(at("2026-01-04T02:00:00Z")));
    // Sunday 23:30 UTC is Monday in Berlin.
    assert!(recurrence("FREQ=WEEKLY;BYDAY=MO", "2026-01-04T23:30:00Z", "Europe/Berlin").names_start());
    assert!(!recurrence("FREQ=WEEKLY;BYDAY=SU", "2026-01-04T23:30:00Z", "Europe/Berlin").names_start());
}

#[test]
fn until_counts_both_of_two_equal_local_times() {
    // UNTIL lies in the second 02:30 of Berlin's repeated hour, an hour after the occurrence.
    let rule = "FREQ=DAILY;UNTIL=20261025T011500Z";
    let found = starts(rule, "Europe/Berlin", "2026-10-20T00:30:00Z", "2026-10-24", "2026-10-28");
    assert_eq!(found, ["2026-10-24T00:30:00.000Z", "2026-10-25T00:30:00.000Z"]);
}

#[test]
fn occurrences_longer_than_their_interval_are_noticed() {
    let overlap = |rule: &str, start: &str, hours: i64| {
        let length = Length::Elapsed(hours * 3_600_000);
        let overlap = Recurrence::new(at(start), length, rule, Tz::UTC).unwrap().overlap();
        overlap.map(|overlap| (overlap.second.to_string()[..10].to_owned(), overlap.interval_ms / 3_600_000))
    };
    assert_eq!(overlap("FREQ=WEEKLY;BYDAY=SA,SU", "2026-01-03T20:00:00Z", 38), Some(("2026-01-04".to_owned(), 24)));
    assert_eq!(overlap("FREQ=WEEKLY;BYDAY=SA,SU", "2026-01-03T20:00:00Z", 24), None);
    assert_eq!(overlap("FREQ=WEEKLY;BYDAY=SA", "2026-01-03T20:00:00Z", 38), None);
    assert_eq!(overlap("FREQ=DAILY", "2026-01-03T20:00:00Z", 25), Some(("2026-01-04".to_owned(), 24)));
    assert_eq!(overlap("FREQ=DAILY;COUNT=1", "2026-01-03T20:00:00Z", 25), None);
    assert_eq!(
        overlap("FREQ=MONTHLY;BYMONTHDAY=1,-1", "2026-01-01T20:00:00Z", 36),
        Some(("2026-02-01".to_owned(), 24))
    );
}

#[test]
fn what_the_standard_gives_as_examples_happens_as_it_says() {
    // RFC 5545, section 3.8.5.3; 09:00 in New York, shown as the dates.
    for (rule, start, expected) in [
        ("FREQ=DAILY;INTERVAL=10;COUNT=5", "1997-09-02", "09-02 09-12 09-22 10-02 10-12"),
        (
            "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH",
            "1997-09-02",
            "09-02 09-04 09-09 09-11 09-16 09-18 09-23 09-25 09-30 10-02",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
            "1997-09-02",
            "09-02 09-04 09-16 09-18 09-30 10-02 10-14 10-16",
        ),
        (
            "FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
            "1997-09-05",
            "09-05 10-03 11-07 12-05 01-02 02-06 03-06 04-03 05-01 06-05",
        ),
        (
            "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
            "1997-09-07",
            "09-07 09-28 11-02 11-30 01-04 01-25 03-01 03-29 05-03 05-31",
        ),
        ("FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "1997-09-22", "09-22 10-20 11-17 12-22 01-19 02-16"),
        (
            "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15",
            "1997-09-02",
            "09-02 09-15 10-02 10-15 11-02 11-15 12-02 12-15 01-02 01-15",
        ),
        (
            "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
            "1997-09-30",
            "09-30 10-01 10-31 11-01 11-30 12-01 12-31 01-01 01-31 02-01",
        ),
        (
            "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
            "1997-09-10",
            "09-10 09-11 09-12 09-13 09-14 09-15 03-10 03-11 03-12 03-13",
        ),
        (
            "FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
            "1997-06-10",
            "06-10 07-10 06-10 07-10 06-10 07-10 06-10 07-10 06-10 07-10",
        ),
        (
            "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
            "1997-01-01",
            "01-01 04-10 07-19 01-01 04-09 07-18 01-01 04-10 07-19 01-01",
        ),
        ("FREQ=YEARLY;BYDAY=20MO;COUNT=3", "1997-05-19", "05-19 05-18 05-17"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=3", "1997-05-12", "05-12 05-11 05-17"),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH;COUNT=4", "1997-03-13", "03-13 03-20 03-27 03-05"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=3", "1998-02-13", "02-13 03-13 11-13"),
        ("FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13;COUNT=4", "1997-09-13", "09-13 10-11 11-08 12-13"),
        (
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;COUNT=3",
            "1996-11-05",
            "11-05 11-07 11-02",
        ),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04", "09-04 10-07 11-06"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2;COUNT=4", "1997-09-29", "09-29 10-30 11-27 12-30"),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "1997-08-05", "08-05 08-10 08-19 08-24"),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "1997-08-05", "08-05 08-17 08-19 08-31"),
        ("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "2007-01-15", "01-15 01-30 02-15 03-15 03-30"),
    ] {
        let zone: Tz = "America/New_York".parse().unwrap();
        // 09:00 there is 13:00 or 14:00 UTC, on the same date.
        let start = moment_of(zone, at(start).millis() + 9 * 3_600_000);
        let recurrence = Recurrence::new(start, Length::Elapsed(60_000), rule, zone).unwrap();
        assert!(recurrence.names_start(), "{rule}");
        let found = recurrence.occurrences(Span::new(at("1996-01-01"), at("2030-01-01")));
        let found: Vec<String> = found.iter().map(|span| span.start.to_string()[5..10].to_owned()).collect();
        assert_eq!(found.join(" "), expected, "{rule}");
    }
}

#[test]
fn an_end_is_known_where_a_rule_ends() {
    let ends = |rule: &str| {
        let recurrence = Recurrence::new(at("2026-01-05T01:00:00Z"), Length::Elapsed(3_600_000), rule, Tz::UTC);
        recurrence.unwrap().ends().map(|end| end.to_string()[..16].to_owned())
    };
    assert_eq!(ends("FREQ=DAILY"), None);
    assert_eq!(ends("FREQ=DAILY;COUNT=3").as_deref(), Some("2026-01-07T02:00"));
    assert_eq!(ends("FREQ=WEEKLY;UNTIL=20260119T010000Z").as_deref(), Some("2026-01-19T02:00"));
    assert_eq!(ends("FREQ=WEEKLY;UNTIL=20260119T005959Z").as_deref(), Some("2026-01-12T02:00"));
}

#[test]
fn an_excepted_date_takes_one_occurrence_away_and_moves_no_other() {
    let new = |start: &str, rule: &str, zone: &str| {
        Recurrence::new(at(start), Length::Elapsed(3_600_000), rule, zone.parse().unwrap()).unwrap()
    };
    let but = |recurrence: Recurrence, dates: &[&str]| {
        recurrence.without(dates.iter().map(|date| Date::parse(date).unwrap()).collect())
    };
    let starts = |recurrence: &Recurrence| -> Vec<String> {
        let found = recurrence.occurrences(Span::new(at("2025-12-01"), at("2026-03-01")));
        found.iter().map(|span| span.start.to_string()[..16].to_owned()).collect()
    };
    // COUNT includes what does not take place, as in RFC 5545.
    let daily = || new("2026-01-01T02:00:00Z", "FREQ=DAILY;COUNT=4", "UTC");
    let less = but(daily(), &["2026-01-02"]).unwrap();
    assert_eq!(starts(&less), ["2026-01-01T02:00", "2026-01-03T02:00", "2026-01-04T02:00"]);
    // So may the first one, which the others still follow.
    let less = but(daily(), &["2026-01-01", "2026-01-04"]).unwrap();
    assert_eq!(starts(&less), ["2026-01-02T02:00", "2026-01-03T02:00"]);
    assert_eq!(less.ends(), Some(at("2026-01-03T03:00:00Z")));
    assert!(less.excepts_start());
    assert_eq!(but(daily(), &["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]), None);
    // The date is that of the zone: 23:30 UTC is the next day in Berlin.
    let berlin = || new("2026-01-04T23:30:00Z", "FREQ=WEEKLY;COUNT=3", "Europe/Berlin");
    assert_eq!(starts(&but(berlin(), &["2026-01-12"]).unwrap()), ["2026-01-04T23:30", "2026-01-18T23:30"]);
    assert_eq!(starts(&but(berlin(), &["2026-01-11"]).unwrap()).len(), 3);
    assert!(berlin().has_on(Date::parse("2026-01-12").unwrap()));
    for other in ["2025-12-29", "2026-01-11", "2026-01-26"] {
        assert!(!berlin().has_on(Date::parse(other).unwrap()), "{other}");
    }
    // Two that would overlap do not if one of them does not take place.
    let long = Recurrence::new(at("2026-01-01"), Length::Elapsed(25 * 3_600_000), "FREQ=DAILY;COUNT=2", Tz::UTC);
    assert!(long.clone().unwrap().overlap().is_some());
    assert_eq!(but(long.unwrap(), &["2026-01-02"]).unwrap().overlap(), None);
    // Where clocks skip the start, it is the date that the rule names.
    let night = || new("2026-03-27T01:30:00Z", "FREQ=DAILY;COUNT=4", "Europe/Berlin");
    let near = |recurrence: &Recurrence| spans(recurrence, "2026-03-28", "2026-03-30").len();
    assert_eq!((near(&night()), near(&but(night(), &["2026-03-29"]).unwrap())), (2, 1));
}
