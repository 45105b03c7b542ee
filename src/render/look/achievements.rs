//! Owns how achievements look.

use anyhow::Result;
use serde::Serialize;

use crate::domain::budget::achievement::{Measure, Progress, Standing, Unlocked};
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::name::Name;
use crate::render::form::number::{counted, percent, ratio_percent};
use crate::render::{Cell, Document, Sheet, Tone};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireUnlocked<'a> {
    system_id: &'a str,
    achievement: &'static str,
    unlocked_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireProgress<'a> {
    system_id: &'a str,
    achievement: &'static str,
    /// The objective that is closest to it.
    objective_id: Option<&'a str>,
    current: Option<f64>,
    required: Option<f64>,
    /// `objectives`, `days` or `percent`.
    unit: Option<&'static str>,
}

impl<'a> WireProgress<'a> {
    fn of(system: &'a Name, progress: &'a Progress) -> Self {
        let days = |millis: i64| millis as f64 / DAY_MS as f64;
        let (current, required, unit) = match progress.measure {
            None => (None, None, None),
            Some(Measure::Objectives { have, need }) => (Some(have as f64), Some(need as f64), Some("objectives")),
            Some(Measure::Time { have_ms, need_ms }) => (Some(days(have_ms)), Some(days(need_ms)), Some("days")),
            Some(Measure::Share { part, whole, need_hundredths }) => {
                (ratio_percent(part, whole), Some(need_hundredths as f64 / 100.0), Some("percent"))
            }
        };
        Self {
            system_id: system.as_str(),
            achievement: progress.achievement.as_str(),
            objective_id: progress.objective.as_ref().map(Name::as_str),
            current,
            required,
            unit,
        }
    }
}

pub(in crate::render) fn rows<'a>(unlocked: impl IntoIterator<Item = &'a Unlocked>) -> impl Serialize {
    let wire = |unlocked: &'a Unlocked| WireUnlocked {
        system_id: unlocked.system.as_str(),
        achievement: unlocked.achievement.as_str(),
        unlocked_at: unlocked.unlocked_at.to_string(),
    };
    unlocked.into_iter().map(wire).collect::<Vec<_>>()
}

/// The achievements for programs: the unlocked ones, and what the others lack.
pub(crate) fn document(standings: &[Standing], as_of: Instant) -> Result<Document> {
    let unlocked = standings.iter().flat_map(|standing| &standing.unlocked);
    let mut document = Document::list(as_of, "achievements", &rows(unlocked))?;
    let lacking = standings
        .iter()
        .flat_map(|standing| standing.progress.iter().map(|progress| WireProgress::of(&standing.system, progress)));
    document.set("progress", &lacking.collect::<Vec<_>>())?;
    Ok(document)
}

/// The last achievements for programs, newest first.
pub(crate) fn recent_document(unlocked: &[Unlocked], as_of: Instant) -> Result<Document> {
    Document::list(as_of, "achievements", &rows(unlocked))
}

/// The last achievements for people, newest first.
pub(crate) fn recent_sheet(unlocked: &[Unlocked]) -> Sheet {
    let mut sheet = Sheet::new().left("UNLOCKED").left("SYSTEM").names().left("ACHIEVEMENT").left("FOR").optional();
    for one in unlocked {
        sheet.push(vec![
            Cell::at(one.unlocked_at),
            Cell::toned(one.system.as_str(), Tone::Strong),
            Cell::toned(one.achievement.as_str(), Tone::Good),
            Cell::plain(one.achievement.meaning()),
        ]);
    }
    sheet.footer.push(match unlocked.len() {
        0 => "no achievements yet".to_owned(),
        count => format!("the last {}", counted(count, "achievement")),
    });
    sheet
}

/// Progress in words: `5 of 7 days`.
fn in_words(measure: Measure) -> String {
    // Floored to tenths, like everything printed.
    let days = |millis: i64| {
        let tenths = millis * 10 / DAY_MS;
        if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
    };
    match measure {
        Measure::Objectives { have, need } => {
            format!("{have} of {need} objective{}", if need == 1 { "" } else { "s" })
        }
        Measure::Time { have_ms, need_ms } => {
            format!("{} of {} day{}", days(have_ms), days(need_ms), if need_ms == DAY_MS { "" } else { "s" })
        }
        Measure::Share { part, whole, need_hundredths } => {
            let need = percent(need_hundredths.into(), 10_000, 2);
            let need = need.trim_end_matches('0').trim_end_matches('.');
            format!("{} of {need}%", percent(part, whole, 2))
        }
    }
}

/// The achievements for people: for each system the unlocked ones, and the closest one or, if `wide`, all that are
/// missing.
pub(crate) fn sheet(standings: &[Standing], wide: bool) -> Sheet {
    let mut sheet = Sheet::new().left("SYSTEM").names().left("ACHIEVEMENT").left("UNLOCKED").left("FOR").optional();
    for standing in standings {
        let name = || Cell::toned(standing.system.as_str(), Tone::Strong);
        for unlocked in &standing.unlocked {
            sheet.push(vec![
                name(),
                Cell::toned(unlocked.achievement.as_str(), Tone::Good),
                Cell::at(unlocked.unlocked_at),
                Cell::plain(unlocked.achievement.meaning()),
            ]);
        }
        let next = standing.next();
        let lacking = standing.progress.iter().filter(|progress| wide || Some(*progress) == next);
        for progress in lacking {
            sheet.push(vec![
                name(),
                Cell::toned(progress.achievement.as_str(), Tone::Faint),
                Cell::toned(progress.measure.map_or("not yet".to_owned(), in_words), Tone::Faint),
                Cell::toned(progress.achievement.meaning(), Tone::Faint),
            ]);
        }
    }
    let unlocked: usize = standings.iter().map(|standing| standing.unlocked.len()).sum();
    let plural = if standings.len() == 1 { "" } else { "s" };
    sheet.footer.push(format!("{unlocked} unlocked by {} system{plural}", standings.len()));
    sheet
}
