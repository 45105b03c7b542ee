//! Owns when recurring maintenance is active (SPEC 4), by looking at local time.

use super::calendar::{DAY, HOUR, MINUTE, Ms, Zone, instant, rfc3339};
use crate::world::{Maintenance, Returns};

/// The instant of a local time: the first of two, and in a skipped hour, the same distance after the jump.
fn instant_of(zone: Zone, local: Ms) -> Ms {
    let usual = [local - 2 * HOUR, local - HOUR, local];
    if let Some(at) = usual.into_iter().find(|at| zone.to_local(*at) == local) {
        return at;
    }
    // Clocks differ from UTC by less than 15 hours and by whole quarters of an hour.
    let around = (local - 15 * HOUR..local + 15 * HOUR).step_by(15 * MINUTE as usize);
    if let Some(at) = around.clone().find(|at| zone.to_local(*at) == local) {
        return at;
    }
    // The time if clocks had not jumped since the last one they showed before it.
    let before = around.filter(|at| zone.to_local(*at) < local).last().unwrap();
    before + (local - zone.to_local(before))
}

/// All occurrences that start up to `until`, without those whose local date is excepted.
pub(crate) fn occurrences(window: &Maintenance, until: Ms) -> Vec<(Ms, Ms)> {
    let first = (window.start, window.start + window.duration);
    let Some(Returns { zone, days, by_end }) = window.returns else { return vec![first] };
    let local = (zone.to_local(first.0), zone.to_local(first.1));
    let later = (1..).map(|turn| {
        let start = instant_of(zone, local.0 + turn * days * DAY);
        let end = if by_end { instant_of(zone, local.1 + turn * days * DAY) } else { start + window.duration };
        // If a start that is skipped comes after the end, the occurrence comes later with its full length.
        (start, if end > start { end } else { start + (local.1 - local.0) })
    });
    let all = std::iter::once(first).chain(later).take_while(|(start, _)| *start <= until);
    all.filter(|(start, _)| !window.except.contains(&zone.to_local(*start).div_euclid(DAY))).collect()
}

fn window(start: &str, end: &str, returns: Returns) -> Maintenance {
    let (start, end) = (instant(start), instant(end));
    let (name, systems) = ("m".to_owned(), vec!["api".to_owned()]);
    let (duration, returns) = (end - start, Some(returns));
    Maintenance { name, systems, start, duration, returns, except: Vec::new(), cancelled: false }
}

#[track_caller]
fn expect(window: &Maintenance, near: &str, expected: &[(&str, &str)]) {
    let day = instant(&format!("{near}T00:00:00Z"));
    let found = occurrences(window, day + 20 * DAY).into_iter().filter(|(start, _)| *start >= day);
    let found: Vec<(String, String)> = found.map(|(start, end)| (rfc3339(start), rfc3339(end))).collect();
    let expected: Vec<(String, String)> =
        expected.iter().map(|(start, end)| (rfc3339(instant(start)), rfc3339(instant(end)))).collect();
    assert_eq!(found[..expected.len()], expected);
}

#[test]
fn a_weekend_keeps_its_local_times_or_its_length() {
    let weekend = |by_end| {
        let returns = Returns { zone: Zone::Berlin, days: 7, by_end };
        window("2026-01-02T17:00:00Z", "2026-01-04T17:00:00Z", returns)
    };
    let spring = ("2026-03-27T17:00:00Z", "2026-03-29T16:00:00Z");
    expect(&weekend(true), "2026-03-27", &[spring, ("2026-04-03T16:00:00Z", "2026-04-05T16:00:00Z")]);
    expect(&weekend(false), "2026-03-27", &[(spring.0, "2026-03-29T17:00:00Z")]);
    let autumn = ("2026-10-23T16:00:00Z", "2026-10-25T17:00:00Z");
    expect(&weekend(true), "2026-10-23", &[autumn, ("2026-10-30T17:00:00Z", "2026-11-01T17:00:00Z")]);
    expect(&weekend(false), "2026-10-23", &[(autumn.0, "2026-10-25T16:00:00Z")]);
}

#[test]
fn what_clocks_skip_comes_later_and_what_they_repeat_comes_first() {
    let night = |end: &str, by_end| {
        let returns = Returns { zone: Zone::Berlin, days: 1, by_end };
        window("2026-01-05T01:30:00Z", &format!("2026-01-05T{end}:00Z"), returns)
    };
    // 02:30 to 04:00, to 03:00, and for half an hour.
    expect(&night("03:00", true), "2026-03-29", &[("2026-03-29T01:30:00Z", "2026-03-29T02:00:00Z")]);
    expect(&night("02:00", true), "2026-03-29", &[("2026-03-29T01:30:00Z", "2026-03-29T02:00:00Z")]);
    // To 03:30, when it only starts, and to 03:31.
    expect(&night("02:30", true), "2026-03-29", &[("2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z")]);
    expect(&night("02:31", true), "2026-03-29", &[("2026-03-29T01:30:00Z", "2026-03-29T01:31:00Z")]);
    expect(&night("02:00", false), "2026-03-29", &[("2026-03-29T01:30:00Z", "2026-03-29T02:00:00Z")]);
    expect(&night("02:00", true), "2026-10-25", &[("2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z")]);
    expect(&night("02:00", false), "2026-10-25", &[("2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z")]);
    // A start in the second of two equal hours is kept.
    let returns = Returns { zone: Zone::Berlin, days: 1, by_end: true };
    let second = window("2026-10-25T01:30:00Z", "2026-10-25T01:45:00Z", returns);
    let next = ("2026-10-26T01:30:00Z", "2026-10-26T01:45:00Z");
    expect(&second, "2026-10-25", &[("2026-10-25T01:30:00Z", "2026-10-25T01:45:00Z"), next]);
}

#[test]
fn an_excepted_date_is_that_of_the_zone() {
    let returns = Returns { zone: Zone::Berlin, days: 1, by_end: false };
    // 00:30 in Berlin, an hour or two after 22:30 UTC.
    let nightly = Maintenance {
        except: vec![instant("2026-10-25T00:00:00Z") / DAY],
        ..window("2026-10-22T22:30:00Z", "2026-10-22T23:30:00Z", returns)
    };
    let (saturday, monday) = ("2026-10-23T22:30:00Z", "2026-10-25T23:30:00Z");
    expect(&nightly, "2026-10-23", &[(saturday, "2026-10-23T23:30:00Z"), (monday, "2026-10-26T00:30:00Z")]);
}
