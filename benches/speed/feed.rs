//! Owns the feeds of the benchmarks: made once from a fixed seed, ending at the current UTC midnight, then reused.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Result;

pub(crate) const DAY_MS: i64 = 86_400_000;
const YEAR_MS: i64 = 365 * DAY_MS;

/// A small pseudo-random number generator (splitmix64) with the same numbers everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.roll()) * limit as u128) >> 64) as usize
    }
}

/// Appends one line: `{"ts":"2025-11-20T14:05:00.000Z","system":"svc-0042","status":"healthy"}`.
pub(crate) fn push_line(text: &mut String, at: i64, system: &str, status: &str) {
    let _ = writeln!(text, r#"{{"ts":"{}","system":"{system}","status":"{status}"}}"#, Moment(at));
}

/// Milliseconds since 1970, shown as RFC 3339.
struct Moment(i64);

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (days, ms) = (self.0.div_euclid(DAY_MS), self.0.rem_euclid(DAY_MS));
        // The civil date of a day count, after Howard Hinnant's "chrono-compatible low-level date algorithms".
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1000)
    }
}

fn status(dice: &mut Dice) -> &'static str {
    match dice.below(100) {
        0..3 => "unhealthy",
        3..8 => "degraded",
        _ => "healthy",
    }
}

/// The name of one of the systems of the year's feed.
pub(crate) fn service(index: usize) -> String {
    format!("svc-{index:04}")
}

/// A year of `rows` transitions of `systems` systems, sorted by time.
pub(crate) fn year(path: &Path, rows: usize, systems: usize, end: i64) -> Result<()> {
    once(path, |file| {
        let mut dice = Dice::new(1);
        let names: Vec<String> = (0..systems).map(service).collect();
        let mut text = String::new();
        for row in 0..rows {
            let at = end - YEAR_MS + (i128::from(YEAR_MS) * row as i128 / rows as i128) as i64;
            // Every system has at least one transition; the others are random.
            let system = if row < systems { row } else { dice.below(systems) };
            push_line(&mut text, at, &names[system], status(&mut dice));
            flush(&mut text, file)?;
        }
        file.write_all(text.as_bytes()).map_err(Into::into)
    })
}

/// A check of each of some systems every minute, in whole seconds and up to `jitter` of them late, `rows` lines in
/// total; mostly healthy, with outages of up to an hour.
pub(crate) fn minutes(path: &Path, rows: usize, systems: usize, jitter: usize, end: i64) -> Result<()> {
    once(path, |file| {
        let mut dice = Dice::new(6);
        let names: Vec<String> = (0..systems).map(service).collect();
        let mut down = vec![0; systems];
        let mut text = String::new();
        let minutes = (rows / systems) as i64;
        for minute in 0..minutes {
            for (name, down) in names.iter().zip(&mut down) {
                *down =
                    if *down == 0 && dice.below(5_000) == 0 { dice.below(60) } else { usize::saturating_sub(*down, 1) };
                let late = 1000 * dice.below(jitter + 1) as i64;
                let status = if *down > 0 { "unhealthy" } else { "healthy" };
                push_line(&mut text, end - (minutes - minute) * 60_000 + late, name, status);
                flush(&mut text, file)?;
            }
        }
        file.write_all(text.as_bytes()).map_err(Into::into)
    })
}

/// A year of `rows` transitions of several streams in turn, each given by the fields that identify it.
pub(crate) fn streams(path: &Path, fields: &[String], rows: usize, end: i64) -> Result<()> {
    once(path, |file| {
        let mut dice = Dice::new(8);
        let mut text = String::new();
        for row in 0..rows {
            let at = end - YEAR_MS + (i128::from(YEAR_MS) * row as i128 / rows as i128) as i64;
            let (stream, status) = (&fields[row % fields.len()], status(&mut dice));
            let _ = writeln!(text, r#"{{"ts":"{}",{stream},"status":"{status}"}}"#, Moment(at));
            flush(&mut text, file)?;
        }
        file.write_all(text.as_bytes()).map_err(Into::into)
    })
}

/// The lines of another file in random order.
pub(crate) fn shuffled(path: &Path, of: &Path) -> Result<()> {
    once(path, |file| {
        let text = std::fs::read(of)?;
        let mut lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let mut dice = Dice::new(2);
        for index in (1..lines.len()).rev() {
            lines.swap(index, dice.below(index + 1));
        }
        lines.iter().try_for_each(|line| file.write_all(line)).map_err(Into::into)
    })
}

/// One transition of each of many systems a year ago, and two short outages within the last month for a tenth of them.
pub(crate) fn wide(path: &Path, systems: usize, end: i64) -> Result<()> {
    once(path, |file| {
        let mut dice = Dice::new(3);
        let mut text = String::new();
        for system in 0..systems {
            let name = format!("wide-{system:06}");
            push_line(&mut text, end - YEAR_MS, &name, "healthy");
            if system % 10 == 0 {
                for from in [25, 10] {
                    let start = end - from * DAY_MS + dice.below(DAY_MS as usize) as i64;
                    push_line(&mut text, start, &name, "unhealthy");
                    push_line(&mut text, start + 60_000 + dice.below(600_000) as i64, &name, "healthy");
                }
            }
            flush(&mut text, file)?;
        }
        file.write_all(text.as_bytes()).map_err(Into::into)
    })
}

/// `rows` transitions of one system within 30 days.
pub(crate) fn month(path: &Path, system: &str, rows: usize, end: i64) -> Result<()> {
    of_days(path, system, rows, (30, end))
}

/// `rows` transitions of one system within `days` before `end`.
pub(crate) fn of_days(path: &Path, system: &str, rows: usize, (days, end): (i64, i64)) -> Result<()> {
    once(path, |file| {
        let mut dice = Dice::new(4);
        let mut text = String::new();
        for row in 0..rows {
            let at = end - days * DAY_MS + (i128::from(days * DAY_MS) * row as i128 / rows as i128) as i64;
            push_line(&mut text, at, system, status(&mut dice));
            flush(&mut text, file)?;
        }
        file.write_all(text.as_bytes()).map_err(Into::into)
    })
}

fn flush(text: &mut String, file: &mut impl std::io::Write) -> Result<()> {
    if text.len() > 60_000 {
        file.write_all(text.as_bytes())?;
        text.clear();
    }
    Ok(())
}

/// Makes a file unless it exists; an interrupted run leaves none behind.
pub(crate) fn once(path: &Path, make: impl FnOnce(&mut BufWriter<File>) -> Result<()>) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let unfinished = path.with_extension("part");
    let mut file = BufWriter::new(File::create(&unfinished)?);
    make(&mut file)?;
    file.flush()?;
    drop(file);
    std::fs::rename(&unfinished, path).map_err(Into::into)
}
