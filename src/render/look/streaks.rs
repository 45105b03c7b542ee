//! Owns how streaks look.

use anyhow::Result;
use serde::Serialize;

use crate::domain::budget::streak::StreakReport;
use crate::domain::value::instant::Instant;
use crate::render::form::number::counted;
use crate::render::{Cell, Document, Sheet, Tone};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireStreak<'a> {
    objective_id: &'a str,
    system_id: &'a str,
    current_streak: u32,
    best_streak: u32,
    streak_start: Option<String>,
    best_streak_end: Option<String>,
    lost_streak: u32,
}

pub(crate) fn document(streaks: &[StreakReport], as_of: Instant) -> Result<Document> {
    let text = |at: Option<Instant>| at.map(|at| at.to_string());
    let rows: Vec<_> = streaks
        .iter()
        .map(|StreakReport { objective, system, streak, .. }| WireStreak {
            objective_id: objective.as_str(),
            system_id: system.as_str(),
            current_streak: streak.current,
            best_streak: streak.best,
            streak_start: text(streak.start),
            best_streak_end: text(streak.best_end),
            lost_streak: streak.lost,
        })
        .collect();
    Document::list(as_of, "streaks", &rows)
}

pub(crate) fn sheet(streaks: &[StreakReport]) -> Sheet {
    let mut sheet = Sheet::new().left("OBJECTIVE").names().left("SYSTEM").names().minor().right("STREAK");
    sheet = sheet.left("SINCE").optional().right("BEST").optional().left("ENDED").optional();
    for StreakReport { objective, system, calendar, streak } in streaks {
        let date = |at: Option<Instant>| at.map_or("–".to_owned(), |at| calendar.date(at).to_string());
        let tone = if streak.current == 0 { Tone::Bad } else { Tone::Good };
        // A streak begins and ends with a day, which is over when the next one begins.
        let day = |close: Option<Instant>| date(close.map(|close| close.plus(-1)));
        let ended =
            if streak.best_end.is_none() && streak.best > 0 { "ongoing".to_owned() } else { day(streak.best_end) };
        sheet.push(vec![
            Cell::toned(objective.as_str(), Tone::Strong),
            Cell::plain(system.as_str()),
            Cell::toned(format!("{}d", streak.current), tone),
            Cell::plain(day(streak.start)),
            Cell::plain(format!("{}d", streak.best)),
            Cell::plain(ended),
        ]);
    }
    let running = streaks.iter().filter(|of| of.streak.current > 0).count();
    sheet.footer.push(format!("{running} of {} ongoing", counted(streaks.len(), "streak")));
    sheet
}
