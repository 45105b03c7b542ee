//! Owns what must hold for any input: one function for each target of `fuzz/`, also run by property tests. Each panics
//! if it does not hold.

use std::io::{self, Read};
use std::path::PathBuf;
use std::rc::Rc;

use chrono_tz::Tz;

use crate::domain::account::maintenance::MaintenanceWindow;
use crate::domain::account::maintenance::calendar::MaintenanceCalendar;
use crate::domain::plan::object::Object;
use crate::domain::rules::condition::answer;
use crate::domain::value::calendar::Calendar;
use crate::domain::value::duration::{parse_millis, write_millis};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::name::Name;
use crate::domain::value::selector::Selector;
use crate::domain::value::span::Span;
use crate::domain::value::week::Week;
use crate::feed::{Format, Names, Options, Reader, Reject};
use crate::manifest::{Files, Known};
use crate::store::facts::segment as segments;
use crate::store::sealed::ledger as ledgers;

/// 2026-11-20T14:05:00Z.
const NOW: Instant = Instant::from_millis(1_795_183_500_000);
/// Zones whose clocks change in all possible ways: by an hour, by half an hour, at midnight, by a day, never.
const ZONES: [&str; 6] =
    ["Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Pacific/Apia", "America/St_Johns", "UTC"];

/// Any text is a condition that reads back as it is written, or an error that points into it.
pub fn expression(text: &str) {
    answer::check(text);
}

/// Any bytes are a feed, or rejected lines: each line is one or the other, in whatever pieces they arrive.
pub fn feed(bytes: &[u8]) {
    drips(bytes, Format::Auto);
    drips(bytes, Format::Jsonl);
}

/// The same for an input that is declared as CSV.
pub fn csv(bytes: &[u8]) {
    drips(bytes, Format::Csv);
    drips(&[b"ts,system,status,check,source,note\n", bytes].concat(), Format::Csv);
}

/// The result for an input: its rows, rejected lines with reasons, number of lines read, and why it ended early.
type Outcome = (Vec<String>, Vec<(u64, Option<String>, Vec<u8>)>, u64, Option<String>);

fn drips(bytes: &[u8], format: Format) {
    let whole = outcome(bytes, format, 1000);
    for (size, batch_rows) in [(1, 2), (7, 3)] {
        let pieces = outcome(Pieces { rest: bytes, size }, format, batch_rows);
        if whole.3.is_some() && pieces.3.is_some() {
            // The pieces decide how much of a damaged archive is read before its damage is noticed, not what is read.
            let (short, long) = if pieces.2 < whole.2 { (&pieces, &whole) } else { (&whole, &pieces) };
            assert!(long.0.starts_with(&short.0) && long.1.starts_with(&short.1), "{short:?} {long:?}");
        } else {
            assert_eq!(pieces, whole);
        }
    }
}

fn outcome(input: impl Read, format: Format, batch_rows: usize) -> Outcome {
    let options = Options { format, latest: NOW.plus(600_000), now: NOW, batch_rows, follow: false, plans: false };
    let mut reader = Reader::new(input, options, Names::new(false));
    let (mut rows, mut rejects, mut lines, mut streams) = (Vec::new(), Vec::new(), 0, Vec::new());
    let mut rejected = 0;
    let error = loop {
        let mut on_reject = |reject: &Reject<'_>| -> io::Result<()> {
            rejects.push((reject.line, reject.reason.clone(), reject.raw.to_vec()));
            Ok(())
        };
        let batch = match reader.next_batch(&mut on_reject) {
            Ok(Some(batch)) => batch,
            Ok(None) => break None,
            Err(error) => break Some(format!("{error:#}")),
        };
        if batch.restart {
            streams.clear();
        }
        streams.extend(batch.new_streams);
        for row in &batch.rows {
            assert!(row.at().in_range().is_ok());
            rows.push(format!("{:?} {} {:?}", streams[row.stream()], row.at(), row.status()));
        }
        lines += batch.read;
        rejected += batch.rejected;
    };
    assert_eq!(lines, rows.len() as u64 + rejected);
    (rows, rejects, lines, error)
}

/// Returns its bytes in pieces.
struct Pieces<'b> {
    rest: &'b [u8],
    size: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.size.min(self.rest.len()).min(into.len());
        let (piece, rest) = self.rest.split_at(count);
        into[..count].copy_from_slice(piece);
        self.rest = rest;
        Ok(count)
    }
}

/// Any bytes are a packed segment that packs to the same bytes, or damaged. The first eight are its first time, the
/// next two its number of transitions; the rest is tried as is, and with the checksum that ends bodies of version 1.
pub fn segment(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first_chunk::<8>() else { return };
    let Some((count, body)) = rest.split_first_chunk::<2>() else { return };
    let first = Instant::from_millis(i64::from_le_bytes(*first));
    let count = usize::from(u16::from_le_bytes(*count));
    for body in [body.to_vec(), segments::summed(body)] {
        let Ok(facts) = segments::decode(&body, first, count) else { continue };
        assert_eq!(facts.len(), count);
        assert!(facts.windows(2).all(|pair| pair[0].transition.at < pair[1].transition.at));
        let unpacked = |part: segments::Part<'_>| {
            let facts = segments::decode(&part.body, part.facts[0].transition.at, part.facts.len());
            facts.expect("what was packed is read")
        };
        assert_eq!(segments::pack(&facts).into_iter().flat_map(unpacked).collect::<Vec<_>>(), facts);
    }
}

/// Any bytes are packed days that pack to the same bytes, or damaged.
pub fn ledger(bytes: &[u8]) {
    for zone in [Tz::UTC, Tz::Europe__Berlin, Tz::Pacific__Apia] {
        let calendar = Calendar { zone };
        let Ok(ledger) = ledgers::decode(bytes, calendar) else { return };
        assert!(ledger.start() <= ledger.end());
        assert_eq!(ledgers::decode(&ledgers::encode(&ledger), calendar), Ok(ledger));
    }
}

/// Any text is a recurrence rule whose occurrences are in order, separate, and the same for any query; or refused.
pub fn rrule(text: &str) {
    let mut characters = text.chars();
    let zone = ZONES[characters.next().unwrap_or('F') as usize % ZONES.len()];
    let day = i64::from(characters.next().unwrap_or('F') as u32 % 1024);
    let Some(window) = window(zone, 17_000 + day, characters.as_str()) else { return };
    let from = Instant::from_millis(17_500 * DAY_MS);
    let (middle, until) = (from.plus(400 * DAY_MS + 1), from.plus(800 * DAY_MS));
    let within = |span: Span| -> Vec<Span> {
        let calendar = MaintenanceCalendar::of([window.schedule.clone()]);
        calendar.touching(span).iter().map(|of| of.intersect(span)).collect()
    };
    let whole = within(Span::new(from, until));
    assert!(whole.windows(2).all(|pair| pair[0].end < pair[1].start), "{whole:?}");
    assert!(whole.iter().all(|span| from <= span.start && span.start < span.end && span.end <= until), "{whole:?}");
    let mut parts = within(Span::new(from, middle));
    for span in within(Span::new(middle, until)) {
        match parts.last_mut().filter(|last| last.end == span.start) {
            Some(last) => last.end = span.end,
            None => parts.push(span),
        }
    }
    assert_eq!(parts, whole);
}

/// The maintenance window with this rule, from 02:30 on a day since 1970, if there may be one.
fn window(zone: &str, day: i64, rule: &str) -> Option<MaintenanceWindow> {
    let start = Instant::from_millis(day * DAY_MS + DAY_MS / 48 * 5);
    let rule = serde_json::to_string(rule).ok()?;
    let text = format!(
        "apiVersion: slo/v1\nkind: MaintenanceWindow\nmetadata: {{ name: w }}\nspec:\n  systemRefs: [{{ kind: System, name: s }}]\n  \
         start: {start}\n  duration: 90m\n  timezone: {zone}\n  rrule: {rule}\n"
    );
    let mut known = Known::default();
    known.systems.insert(Name::parse("s").ok()?);
    let reading = Files::load(&[PathBuf::from("-")], &mut text.as_bytes()).read(&known);
    if reading.has_errors() {
        return None;
    }
    match Rc::unwrap_or_clone(reading.objects.into_iter().next()?.object) {
        Object::MaintenanceWindow(window) => Some(window),
        _ => None,
    }
}

/// Any text is a selector of labels that reads back as it is written, or refused with a reason.
pub fn selector(text: &str) {
    match Selector::parse(text) {
        Ok(selector) => assert_eq!(Selector::parse(&selector.to_string()), Ok(selector)),
        Err(reason) => assert!(!reason.is_empty()),
    }
}

/// Any text is a time, a duration or a week that reads back as it is written, or none of them.
pub fn time(text: &str) {
    match Instant::parse(text) {
        Ok(at) => {
            assert!(at.in_range().is_ok());
            assert_eq!(Instant::parse(&at.to_string()), Ok(at));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Some(millis) = parse_millis(text) {
        assert!(millis > 0);
        assert_eq!(parse_millis(&write_millis(millis)), Some(millis));
    }
    if let Some(week) = Week::parse(text) {
        assert_eq!(Week::parse(&week.to_string()), Some(week));
        assert_eq!(Week::containing(week.span().start), week);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    /// Runs a target on bytes, as the fuzzer does.
    fn run(target: &str, bytes: &[u8]) {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        match target {
            "expression" => expression(text),
            "feed" => super::feed(bytes),
            "csv" => super::csv(bytes),
            "segment" => super::segment(bytes),
            "ledger" => super::ledger(bytes),
            "rrule" => super::rrule(text),
            "selector" => super::selector(text),
            "time" => super::time(text),
            "manifest" => {}
            other => panic!("no target {other}"),
        }
    }

    const TARGETS: [&str; 7] = ["feed", "csv", "segment", "ledger", "rrule", "selector", "time"];

    #[test]
    fn every_target_has_seeds_that_hold() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
        let names =
            |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
        for target in names(&root.join("fuzz_targets")) {
            run(target.file_stem().unwrap().to_str().unwrap(), b"");
        }
        for target in TARGETS {
            assert!(root.join(format!("fuzz_targets/{target}.rs")).exists(), "{target}");
            let seeds = names(&root.join("seeds").join(target));
            assert!(seeds.len() >= 3, "{target}");
            for seed in seeds {
                run(target, &fs::read(seed).unwrap());
            }
        }
    }

    #[test]
    fn seeds_reach_what_they_are_for() {
        let seed = |name: &str| fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name)).unwrap();
        assert!(ledgers::decode(&seed("ledger/example"), Calendar::UTC).is_ok());
        for (name, count) in [("segment/example", 3), ("segment/version2", 3), ("segment/minutes", 360)] {
            let segment = seed(name);
            let first = Instant::from_millis(i64::from_le_bytes(segment[..8].try_into().unwrap()));
            assert_eq!(segments::decode(&segment[10..], first, count).unwrap().len(), count);
        }
        assert!(window("Europe/Berlin", 17_600, "FREQ=WEEKLY;BYDAY=SU").is_some());
        assert_eq!(outcome(&seed("feed/lines.jsonl")[..], Format::Auto, 1000).0.len(), 3);
        assert_eq!(outcome(&seed("csv/header.csv")[..], Format::Csv, 1000).0.len(), 3);
    }

    /// Bytes of a seed, some of them changed.
    fn mutated(target: &'static str) -> impl Strategy<Value = Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
        let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
        let change = (any::<prop::sample::Index>(), any::<u8>(), 0..4_u8);
        (prop::sample::select(seeds), prop::collection::vec(change, 0..6)).prop_map(|(mut bytes, changes)| {
            for (at, byte, what) in changes {
                let at = at.index(bytes.len() + 1);
                match what {
                    0 => bytes.insert(at, byte),
                    1 if at < bytes.len() => bytes[at] = byte,
                    2 if at < bytes.len() => drop(bytes.remove(at)),
                    3 => bytes.truncate(at.max(2)),
                    _ => {}
                }
            }
            bytes
        })
    }

    macro_rules! laws {
        ($($target:ident)*) => { proptest! { $(
            #[test]
            fn $target(bytes in prop_oneof![4 => mutated(stringify!($target)), 1 => any::<Vec<u8>>()]) {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                run(stringify!($target), &bytes);
                run(stringify!($target), text.as_bytes());
            }
        )* } };
    }

    laws! { feed csv segment ledger rrule selector time }
}
