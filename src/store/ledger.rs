//! Owns the packed form of sealed days. Documented in docs/design/segment-format.md.

use super::varint::{Damaged, put, take};
use crate::domain::account::member::SystemId;
use crate::domain::account::tally::Tally;
use crate::domain::budget::day::{Day, Ledger, Run, Verdict};
use crate::domain::value::calendar::{Calendar, Date};
use crate::domain::value::instant::DAY_MS;

/// The format of the bodies written now; the first byte of each.
const VERSION: u8 = 3;
/// The most days an account can have: 1970 to 2262.
const MOST_DAYS: u64 = 110_000;
/// The date that the first day is counted from: west of Greenwich, 1970 begins on it.
const EARLIEST: Date = Date::from_number(-1);
/// The longest part of a day, where a zone moves its clocks by up to a day.
const MOST_MS: u64 = 2 * DAY_MS as u64;

/// Packs an account.
pub(crate) fn encode(ledger: &Ledger) -> Vec<u8> {
    let mut body = vec![VERSION];
    put(&mut body, ledger.first().since(EARLIEST) as u64);
    for run in ledger.runs() {
        let tally = &run.day.tally;
        let parts = [tally.own_ms, tally.excluded_ms, tally.not_counted_ms, tally.unknown_ms];
        let upstreams = u64::from(!tally.upstream_ms.is_empty());
        let present = parts.iter().enumerate().fold(0, |bits, (bit, ms)| bits | u64::from(*ms != 0) << bit);
        put(&mut body, u64::from(run.count));
        put(&mut body, run.day.verdict as u64 | present << 2 | upstreams << 6);
        parts.iter().filter(|ms| **ms != 0).for_each(|ms| put(&mut body, *ms as u64));
        if upstreams == 1 {
            put(&mut body, tally.upstream_ms.len() as u64);
            let mut before = 0;
            for (system, ms) in &tally.upstream_ms {
                put(&mut body, (system.0 - before) as u64);
                put(&mut body, *ms as u64);
                before = system.0;
            }
        }
    }
    body
}

/// Unpacks an account of days of `calendar`.
///
/// # Errors
/// When the body is not of this format, ends early, or says what no day can hold.
pub(crate) fn decode(body: &[u8], calendar: Calendar) -> Result<Ledger, Damaged> {
    let (version, mut rest) = body.split_first().ok_or(Damaged)?;
    if *version != VERSION {
        return Err(Damaged);
    }
    let start = take(&mut rest)?;
    let mut days = 0;
    if start > MOST_DAYS {
        return Err(Damaged);
    }
    // A day in which something happened takes eight bytes or more.
    let mut runs = Vec::with_capacity(rest.len() / 8 + 1);
    while !rest.is_empty() {
        let count = take(&mut rest)?;
        days = count.saturating_add(days);
        let flags = take(&mut rest)?;
        let verdict = Verdict::from_code((flags & 3) as u8).ok_or(Damaged)?;
        if count == 0 || days > MOST_DAYS || flags >= 1 << 7 {
            return Err(Damaged);
        }
        let mut parts = [0i64; 4];
        for (bit, part) in parts.iter_mut().enumerate() {
            if flags & (4 << bit) != 0 {
                *part = millis(&mut rest)?;
            }
        }
        let [own_ms, excluded_ms, not_counted_ms, unknown_ms] = parts;
        let mut upstream_ms = Vec::new();
        if flags & (1 << 6) != 0 {
            let upstreams = take(&mut rest)?;
            if upstreams > rest.len() as u64 {
                return Err(Damaged);
            }
            upstream_ms.reserve_exact(upstreams as usize);
            let mut system = 0i64;
            for _ in 0..upstreams {
                let further = i64::try_from(take(&mut rest)?).ok().filter(|further| *further > 0).ok_or(Damaged)?;
                system = system.checked_add(further).ok_or(Damaged)?;
                upstream_ms.push((SystemId(system), millis(&mut rest)?));
            }
        }
        let tally = Tally { own_ms, upstream_ms, excluded_ms, not_counted_ms, unknown_ms };
        runs.push(Run { count: count as u32, day: Day { tally, verdict } });
    }
    Ok(Ledger::of(calendar, EARLIEST.plus(start as i64), runs))
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
        let tally =
            (part.clone(), part.clone(), part.clone(), part, upstreams.prop_map(|some| some.into_iter().collect()));
        let run = (1..400u32, 0..4u8, tally);
        (-1..20_000i64, proptest::collection::vec(run, 0..20)).prop_map(|(start, runs)| {
            let mut ledger = Ledger::new(Calendar::UTC, Date::from_number(start));
            for (count, verdict, (own_ms, excluded_ms, not_counted_ms, unknown_ms, upstream_ms)) in runs {
                let tally = Tally { own_ms, upstream_ms, excluded_ms, not_counted_ms, unknown_ms };
                let verdict = Verdict::from_code(verdict).unwrap();
                ledger.push_run(Run { count, day: Day { tally, verdict } });
            }
            ledger
        })
    }

    #[test]
    fn the_documented_example_is_what_is_written() {
        let mut ledger = Ledger::new(Calendar::UTC, Date::from_number(20_777));
        let broken = Tally { own_ms: 60_000, ..Tally::default() };
        let held = Tally { upstream_ms: vec![(SystemId(7), 60_000)], ..Tally::default() };
        for (count, verdict, tally) in
            [(3, Verdict::Kept, Tally::default()), (1, Verdict::Broken, broken), (1, Verdict::Held, held)]
        {
            ledger.push_run(Run { count, day: Day { tally, verdict } });
        }
        let hex: Vec<String> = encode(&ledger).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex.join(" "), "03 aa a2 01 03 02 01 04 e0 d4 03 01 41 01 07 e0 d4 03");
        assert!(include_str!("../../docs/design/segment-format.md").contains(&hex.join(" ")));
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(ledger in ledgers()) {
            prop_assert_eq!(decode(&encode(&ledger), Calendar::UTC), Ok(ledger));
        }

        #[test]
        fn no_bytes_break_the_reader(mut bytes: Vec<u8>) {
            let _ = decode(&bytes, Calendar::UTC);
            bytes.insert(0, VERSION);
            let _ = decode(&bytes, Calendar::UTC);
        }
    }
}
