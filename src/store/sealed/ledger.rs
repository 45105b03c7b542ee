//! Owns the packed form of sealed days. Documented in docs/design/segment-format.md.

use crate::domain::account::member::SystemId;
use crate::domain::account::tally::{Tally, Upstreams};
use crate::domain::account::weights::FULL;
use crate::domain::budget::day::{Day, Ledger, Run, Verdict};
use crate::domain::value::calendar::{Calendar, Date};
use crate::domain::value::instant::DAY_MS;
use crate::store::varint::{Damaged, put, take};

/// The formats of bodies; the first byte of each. They differ in the unit of downtime: milliseconds if all of it is
/// whole ones, and microseconds if weights yield parts of them or outages are too short to count.
const IN_MILLIS: u8 = 3;
const IN_MICROS: u8 = 4;
/// The bit for upstreams.
const UPSTREAMS: u64 = 1 << 6;
/// The bit for downtime that is too short to count; in microseconds only.
const TOO_SHORT: u64 = 1 << 7;
/// The most days a ledger can have: 1970 to 2262.
const MOST_DAYS: u64 = 110_000;
/// The date that the first day is counted from: west of Greenwich, 1970 begins on it.
const EARLIEST: Date = Date::from_number(-1);
/// The longest part of a day in a zone that moves its clocks by up to a day.
const MOST_MS: u64 = 2 * DAY_MS as u64;

/// Packs a ledger.
pub(crate) fn encode(ledger: &Ledger) -> Vec<u8> {
    let unit = if ledger.runs().iter().all(|run| is_in_millis(&run.day.tally)) { FULL } else { 1 };
    let mut body = vec![if unit == FULL { IN_MILLIS } else { IN_MICROS }];
    put(&mut body, ledger.first().since(EARLIEST) as u64);
    for run in ledger.runs() {
        let tally = &run.day.tally;
        let parts = [tally.own_us / unit, tally.excluded_us / unit, tally.not_counted_ms, tally.unknown_ms];
        let upstreams = if tally.upstream_us.is_empty() { 0 } else { UPSTREAMS };
        let too_short = if tally.too_short_us == 0 { 0 } else { TOO_SHORT };
        let present = parts.iter().enumerate().fold(0, |bits, (bit, ms)| bits | u64::from(*ms != 0) << bit);
        put(&mut body, u64::from(run.count));
        put(&mut body, run.day.verdict as u64 | present << 2 | upstreams | too_short);
        parts.iter().filter(|ms| **ms != 0).for_each(|ms| put(&mut body, *ms as u64));
        if too_short != 0 {
            put(&mut body, tally.too_short_us as u64);
        }
        if upstreams != 0 {
            put(&mut body, tally.upstream_us.len() as u64);
            let mut before = 0;
            for (system, micros) in &tally.upstream_us {
                put(&mut body, (system.0 - before) as u64);
                put(&mut body, (micros / unit) as u64);
                before = system.0;
            }
        }
    }
    body
}

/// Whether all downtime is whole milliseconds.
fn is_in_millis(tally: &Tally) -> bool {
    let mut all = tally.upstream_us.iter().map(|(_, micros)| *micros).chain([tally.own_us, tally.excluded_us]);
    tally.too_short_us == 0 && all.all(|micros| micros % FULL == 0)
}

/// Unpacks a ledger of days of `calendar`.
///
/// # Errors
/// If the body is not of this format, ends early, or contains what no day can hold.
pub(crate) fn decode(body: &[u8], calendar: Calendar) -> Result<Ledger, Damaged> {
    let (version, mut rest) = body.split_first().ok_or(Damaged)?;
    let unit = match *version {
        IN_MILLIS => FULL,
        IN_MICROS => 1,
        _ => return Err(Damaged),
    };
    let start = take(&mut rest)?;
    let mut days = 0;
    if start > MOST_DAYS {
        return Err(Damaged);
    }
    // A day with any event takes eight bytes or more.
    let mut runs = Vec::with_capacity(rest.len() / 8 + 1);
    while !rest.is_empty() {
        let count = take(&mut rest)?;
        days = count.saturating_add(days);
        let flags = take(&mut rest)?;
        let verdict = Verdict::from_code((flags & 3) as u8).ok_or(Damaged)?;
        if count == 0 || days > MOST_DAYS || flags >= if unit == 1 { TOO_SHORT << 1 } else { TOO_SHORT } {
            return Err(Damaged);
        }
        let mut parts = [0i64; 4];
        for (bit, part) in parts.iter_mut().enumerate() {
            if flags & (4 << bit) != 0 {
                *part = if bit < 2 { micros(&mut rest, unit)? } else { millis(&mut rest)? };
            }
        }
        let [own_us, excluded_us, not_counted_ms, unknown_ms] = parts;
        let too_short_us = if flags & TOO_SHORT != 0 { micros(&mut rest, unit)? } else { 0 };
        let mut upstream_us = Upstreams::new();
        if flags & UPSTREAMS != 0 {
            let upstreams = take(&mut rest)?;
            if upstreams > rest.len() as u64 {
                return Err(Damaged);
            }
            upstream_us.reserve_exact(upstreams as usize);
            let mut system = 0i64;
            for _ in 0..upstreams {
                let further = i64::try_from(take(&mut rest)?).ok().filter(|further| *further > 0).ok_or(Damaged)?;
                system = system.checked_add(further).ok_or(Damaged)?;
                upstream_us.push((SystemId(system), micros(&mut rest, unit)?));
            }
        }
        let tally = Tally { own_us, upstream_us, excluded_us, too_short_us, not_counted_ms, unknown_ms };
        runs.push(Run { count: count as u32, day: Day { tally, verdict } });
    }
    Ok(Ledger::of(calendar, EARLIEST.plus(start as i64), runs))
}

/// Downtime of a part of a day, stored in units of `unit` microseconds.
fn micros(from: &mut &[u8], unit: i64) -> Result<i64, Damaged> {
    let units = take(from)?;
    if units > MOST_MS * (FULL / unit) as u64 { Err(Damaged) } else { Ok(units as i64 * unit) }
}

/// A part of a day.
fn millis(from: &mut &[u8]) -> Result<i64, Damaged> {
    let millis = take(from)?;
    if millis > MOST_MS { Err(Damaged) } else { Ok(millis as i64) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ledgers() -> impl Strategy<Value = Ledger> {
        let part = prop_oneof![Just(0i64), 0..=DAY_MS];
        let upstreams = proptest::collection::btree_map((1..2_000i64).prop_map(SystemId), 1..=DAY_MS, 0..3);
        let tally = (
            part.clone(),
            part.clone(),
            part.clone(),
            (part, prop_oneof![2 => Just(0), 1 => 0..=DAY_MS]),
            upstreams.prop_map(|some| some.into_iter().collect::<Vec<_>>()),
        );
        let run = (1..400u32, 0..4u8, tally);
        // In whole milliseconds, and in parts of them.
        let unit = prop_oneof![Just(1), Just(FULL)];
        (-1..20_000i64, proptest::collection::vec(run, 0..20), unit).prop_map(|(start, runs, unit)| {
            let mut ledger = Ledger::new(Calendar::UTC, Date::from_number(start));
            for (count, verdict, (own_us, excluded_us, not_counted_ms, (unknown_ms, too_short_us), upstream_us)) in runs
            {
                let (own_us, excluded_us, too_short_us) = (own_us * unit, excluded_us * unit, too_short_us * unit);
                let upstream_us = upstream_us.into_iter().map(|(system, micros)| (system, micros * unit)).collect();
                let tally = Tally { own_us, upstream_us, excluded_us, too_short_us, not_counted_ms, unknown_ms };
                let verdict = Verdict::from_code(verdict).unwrap();
                ledger.push_run(Run { count, day: Day { tally, verdict } });
            }
            ledger
        })
    }

    #[test]
    fn the_documented_example_is_what_is_written() {
        let mut ledger = Ledger::new(Calendar::UTC, Date::from_number(20_777));
        let broken = Tally { own_us: 60_000 * FULL, ..Tally::default() };
        let held = Tally { upstream_us: Upstreams::from_iter([(SystemId(7), 60_000 * FULL)]), ..Tally::default() };
        for (count, verdict, tally) in
            [(3, Verdict::Kept, Tally::default()), (1, Verdict::Broken, broken), (1, Verdict::Held, held)]
        {
            ledger.push_run(Run { count, day: Day { tally, verdict } });
        }
        let hex: Vec<String> = encode(&ledger).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex.join(" "), "03 aa a2 01 03 02 01 04 e0 d4 03 01 41 01 07 e0 d4 03");
        assert!(include_str!("../../../docs/design/segment-format.md").contains(&hex.join(" ")));
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(ledger in ledgers()) {
            prop_assert_eq!(decode(&encode(&ledger), Calendar::UTC), Ok(ledger));
        }

        #[test]
        fn no_bytes_break_the_reader(mut bytes: Vec<u8>) {
            let _ = decode(&bytes, Calendar::UTC);
            for version in [IN_MILLIS, IN_MICROS] {
                bytes.insert(0, version);
                let _ = decode(&bytes, Calendar::UTC);
            }
        }
    }
}
