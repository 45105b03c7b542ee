//! Owns how the score of an alert looks.

use serde::Serialize;

use crate::domain::rules::backtest::Score;
use crate::domain::rules::backtest::spread::Spread;
use crate::render::form::number::{counted, minutes, short_time};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render) struct WireScore {
    firings: usize,
    useful_firings: usize,
    precision: Option<f64>,
    events: usize,
    detected_events: usize,
    recall: Option<f64>,
    detection_seconds: Option<WireSpread>,
    lead_seconds: Option<WireSpread>,
    reset_seconds: Option<WireSpread>,
    firing_minutes: f64,
    useful_minutes: f64,
    noise_minutes: f64,
}

#[derive(Serialize)]
struct WireSpread {
    mean: f64,
    median: f64,
    max: f64,
}

pub(in crate::render) fn wire(score: &Score) -> WireScore {
    let ratio = |(part, whole): (usize, usize)| part as f64 / whole as f64;
    WireScore {
        firings: score.firings,
        useful_firings: score.useful_firings,
        precision: score.precision().map(ratio),
        events: score.events,
        detected_events: score.detected_events,
        recall: score.recall().map(ratio),
        detection_seconds: spread(&score.detection),
        lead_seconds: spread(&score.lead),
        reset_seconds: spread(&score.reset),
        firing_minutes: minutes(score.firing_ms),
        useful_minutes: minutes(score.useful_ms),
        noise_minutes: minutes(score.noise_ms()),
    }
}

fn spread(spread: &Spread) -> Option<WireSpread> {
    let (sum, count) = spread.mean()?;
    Some(WireSpread {
        mean: sum as f64 / 1000.0 / count as f64,
        median: spread.twice_median()? as f64 / 2000.0,
        max: spread.max()? as f64 / 1000.0,
    })
}

/// The mean of durations for people, floored.
pub(in crate::render) fn mean(spread: &Spread) -> Option<String> {
    let (sum, count) = spread.mean()?;
    Some(short_time(i64::try_from(sum / count as i128).unwrap_or(i64::MAX)))
}

/// A score in sentences.
pub(in crate::render) fn lines(score: &Score, event: &str) -> Vec<String> {
    let share = |fraction: Option<(usize, usize)>, what: &str| match fraction {
        Some((part, whole)) => format!(": {what} {}%", part * 100 / whole),
        None => String::new(),
    };
    let mut lines = vec![
        format!(
            "{} of {} about a real {event}{}",
            score.useful_firings,
            counted(score.firings, "firing"),
            share(score.precision(), "precision")
        ),
        format!(
            "{} of {} detected{}",
            score.detected_events,
            counted(score.events, event),
            share(score.recall(), "recall")
        ),
    ];
    let shown = |what: &str, spread: &Spread| {
        let middle = short_time(spread.twice_median()? / 2);
        Some(format!("{what} {} on average (median {middle}, longest {})", mean(spread)?, short_time(spread.max()?)))
    };
    lines.extend(shown("detected after", &score.detection));
    lines.extend(shown("announced ahead by", &score.lead));
    lines.extend(shown("reset after", &score.reset));
    lines.push(format!("firing for {}, of which {} noise", short_time(score.firing_ms), short_time(score.noise_ms())));
    lines
}
