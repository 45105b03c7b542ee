//! Owns how targets and thresholds suggested from history look.

use crate::render::form::number::{down_minutes, percent, short_down, short_time};
use anyhow::Result;
use serde::Serialize;

use super::score::{WireScore, lines, mean, wire};
use crate::domain::budget::printed::ratio_percent;
use crate::domain::rules::backtest::historic::{Past, PastWindow, customary_below};
use crate::domain::rules::backtest::threshold::Trial;
use crate::domain::value::decimal::Decimal;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;
use crate::render::form::moment::range;
use crate::render::{Cell, Document, Sheet, Tone};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireTarget<'a> {
    objective_id: &'a str,
    target: f64,
    suggested_target: Option<f64>,
    customary_target: Option<f64>,
    windows: Vec<WireWindow>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireWindow {
    start: String,
    end: String,
    consumed_minutes: f64,
    availability: Option<f64>,
    highest_target: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireTrial {
    expression: Option<String>,
    lookbacks: Vec<&'static str>,
    threshold: Option<f64>,
    summary: WireScore,
}

/// A target, if it is above 0.
fn target(millionths: i64) -> Option<Decimal> {
    (millionths > 0).then(|| Decimal::from_millionths(millionths))
}

fn suggested(past: &Past) -> Option<Decimal> {
    past.highest_met().and_then(target)
}

fn customary(past: &Past) -> Option<Decimal> {
    past.highest_met().and_then(customary_below).and_then(target)
}

pub(crate) fn targets(pasts: &[Past], asked: u32, as_of: Instant) -> Result<Document> {
    let window = |window: &PastWindow| {
        let (part, whole) = window.availability();
        WireWindow {
            start: window.span.start.to_string(),
            end: window.span.end.to_string(),
            consumed_minutes: down_minutes(window.consumed_us),
            availability: ratio_percent(part, whole),
            highest_target: target(window.highest_met()).map(Decimal::to_f64),
        }
    };
    let row = |past| WireTarget {
        objective_id: Past::name(past),
        target: past.target.percent().to_f64(),
        suggested_target: suggested(past).map(Decimal::to_f64),
        customary_target: customary(past).map(Decimal::to_f64),
        windows: past.windows.iter().map(window).collect(),
    };
    let mut document = Document::list(as_of, "suggestions", &pasts.iter().map(row).collect::<Vec<_>>())?;
    document.set("suggest", &"target")?;
    document.set("windows", &asked)?;
    Ok(document)
}

pub(crate) fn target_sheet(pasts: &[Past], asked: u32, wide: bool) -> Sheet {
    let mut sheet = Sheet::new().left("OBJECTIVE").names();
    sheet = if wide {
        sheet.left("FROM").left("TO").right("CONSUMED")
    } else {
        sheet.right("WINDOWS").optional().right("WORST").optional()
    };
    sheet = sheet.right("TARGET NOW").right("MET UP TO").right("CUSTOMARY");
    for past in pasts {
        let or_none = |found: Option<Decimal>| Cell::plain(found.map_or("–".to_owned(), |found| found.to_string()));
        let name = Cell::toned(past.objective.as_str(), Tone::Strong);
        let now = Cell::plain(past.target.percent().to_string());
        if wide {
            for window in &past.windows {
                let met = window.highest_met();
                sheet.push(vec![
                    name.clone(),
                    Cell::at(window.span.start),
                    Cell::at(window.span.end),
                    Cell::plain(short_down(window.consumed_us)),
                    now.clone(),
                    or_none(target(met)),
                    or_none(customary_below(met).and_then(target)),
                ]);
            }
            continue;
        }
        let worst = past.windows.iter().min_by_key(|window| window.highest_met()).map(PastWindow::availability);
        let tone = match suggested(past) {
            Some(met) if met >= past.target.percent() => Tone::Good,
            _ => Tone::Warning,
        };
        sheet.push(vec![
            name,
            Cell::plain(past.windows.len().to_string()),
            Cell::plain(worst.map_or("–".to_owned(), |(part, whole)| format!("{}%", percent(part, whole, 4)))),
            now,
            Cell { tone, ..or_none(suggested(past)) },
            or_none(customary(past)),
        ]);
    }
    let plural = if asked == 1 { "" } else { "s" };
    sheet.footer.push(format!(
        "the highest target that each of the last {asked} window{plural} met when it ended, and the next customary one below it"
    ));
    sheet
}

fn expression(trial: &Trial) -> Option<String> {
    trial.threshold.map(|threshold| trial.alert.at(threshold).to_string())
}

/// Suggested thresholds for programs, best first.
pub(crate) fn thresholds(trials: &[Trial], since: Instant, until: Instant, as_of: Instant) -> Result<Document> {
    let row = |trial: &Trial| WireTrial {
        expression: expression(trial),
        lookbacks: trial.alert.names(),
        threshold: trial.threshold.map(Decimal::to_f64),
        summary: wire(&trial.score),
    };
    let mut document = Document::list(as_of, "suggestions", &trials.iter().map(row).collect::<Vec<_>>())?;
    document.set("suggest", &"threshold")?;
    document.set("since", &since.to_string())?;
    document.set("until", &until.to_string())?;
    Ok(document)
}

/// Suggested thresholds for people, best first.
pub(crate) fn threshold_sheet(trials: &[Trial], since: Instant, until: Instant) -> Sheet {
    let mut sheet = Sheet::new()
        .left("LOOKBACKS")
        .right("THRESHOLD")
        .right("CAUGHT")
        .right("FIRINGS")
        .right("USEFUL")
        .right("NOISE")
        .right("DETECTED AFTER")
        .right("RESET AFTER")
        .optional();
    for trial in trials {
        let score = &trial.score;
        let time = |text: Option<String>| Cell::plain(text.unwrap_or("–".to_owned()));
        sheet.push(vec![
            Cell::toned(trial.alert.names().join("/"), Tone::Strong),
            time(trial.threshold.map(|threshold| threshold.to_string())),
            Cell::plain(format!("{} of {}", score.detected_events, score.events)),
            Cell::plain(score.firings.to_string()),
            Cell::plain(score.useful_firings.to_string()),
            Cell::plain(short_time(score.noise_ms())),
            time(mean(&score.detection)),
            time(mean(&score.reset)),
        ]);
    }
    let misses = trials.iter().any(|trial| trial.score.detected_events < trial.score.events);
    let events = if misses { "every event that any threshold catches" } else { "every event" };
    sheet
        .footer
        .push(format!("from {}; the highest threshold that still catches {events}", range(Span::new(since, until))));
    if let Some((best, expression)) = trials.first().and_then(|best| Some((best, expression(best)?))) {
        sheet.footer.push(format!("best: --when '{expression}'"));
        sheet.footer.extend(lines(&best.score, "event"));
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::backtest::Score;
    use crate::domain::rules::backtest::threshold::BurnAlert;

    #[test]
    fn a_threshold_catches_every_event_only_if_some_threshold_can() {
        let footer = |detected_events: usize| {
            let score = Score { events: 11, detected_events, ..Score::default() };
            let trials =
                BurnAlert::of_policy().into_iter().map(|alert| Trial { alert, threshold: None, score: score.clone() });
            let (since, until) = (Instant::from_millis(0), Instant::from_millis(1));
            threshold_sheet(&trials.collect::<Vec<_>>(), since, until).footer.join("\n")
        };
        assert!(footer(11).ends_with("still catches every event"));
        assert!(footer(9).ends_with("still catches every event that any threshold catches"));
    }
}
