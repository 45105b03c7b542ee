//! Owns how backtests look: a row per firing, two timelines, and the score.

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value};

use super::score::{WireScore, lines, wire};
use crate::domain::rules::backtest::firing::{Firing, Tested, Watched};
use crate::domain::rules::backtest::{Matching, Score};
use crate::domain::rules::condition::property::{Shape, Unit};
use crate::domain::rules::condition::{Property, Term};
use crate::domain::rules::episode::Episode;
use crate::domain::rules::incident::Incident;
use crate::domain::rules::solver::linear::Fraction;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;
use crate::render::form::moment::range;
use crate::render::form::number::{rate, short_time};
use crate::render::part::subject::{WireId, name_of};
use crate::render::{Cell, Document, Sheet, Tone};

/// Cells of a timeline.
const CELLS: i64 = 64;

/// The backtest's question.
pub(crate) struct Question {
    /// The declared condition's name, or `when`.
    pub(crate) condition: String,
    pub(crate) term: Term,
    pub(crate) watched: Vec<Watched>,
    pub(crate) since: Instant,
    pub(crate) until: Instant,
    /// Whether it is about systems instead of objectives.
    pub(crate) about_systems: bool,
    /// The incidents that are the events; otherwise, events are the objectives' own breaches or the systems' own
    /// outages.
    pub(crate) incidents: Option<Vec<Incident>>,
    pub(crate) matching: Matching,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireFiring<'a> {
    #[serde(flatten)]
    id: WireId<'a>,
    condition: &'a str,
    start: String,
    end: Option<String>,
    duration_seconds: f64,
    /// Whether it matched an event.
    useful: bool,
    budget_remaining_percent_at_start: Option<f64>,
    budget_remaining_percent_at_end: Option<f64>,
    peaks: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireEvent<'a> {
    #[serde(flatten)]
    of: WireId<'a>,
    id: Option<&'a str>,
    impact: Option<&'a str>,
    start: String,
    end: Option<String>,
    detected_at: Option<String>,
    detection_seconds: Option<f64>,
    lead_seconds: Option<f64>,
    reset_seconds: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireTested<'a> {
    #[serde(flatten)]
    id: WireId<'a>,
    since: Option<String>,
    #[serde(flatten)]
    score: WireScore,
}

impl<'a> WireTested<'a> {
    fn of(tested: &'a Tested) -> Self {
        let since = tested.from.map(|from| from.to_string());
        Self { id: WireId::of(&tested.subject), since, score: wire(&tested.matched.score) }
    }
}

/// The closest float to a fraction; whole numbers are exact.
fn float(fraction: Fraction) -> f64 {
    let Fraction { numerator, denominator } = fraction;
    numerator.div_euclid(denominator) as f64 + numerator.rem_euclid(denominator) as f64 / denominator as f64
}

fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

/// Durations are in seconds, as in all JSON fields with that unit in their name.
fn peak_value(property: Property, peak: Fraction) -> f64 {
    if property.shape() == Shape::Duration { float(peak) / 1000.0 } else { float(peak) }
}

/// Every firing with its subject, oldest first.
fn firings(tested: &[Tested]) -> Vec<(&Tested, &Firing, bool)> {
    fn each(of: &Tested) -> impl Iterator<Item = (&Tested, &Firing, bool)> {
        of.firings.iter().zip(&of.matched.useful).map(move |(firing, useful)| (of, firing, *useful))
    }
    let mut all: Vec<_> = tested.iter().flat_map(each).collect();
    all.sort_by(|a, b| (a.1.episode, &a.0.subject).cmp(&(b.1.episode, &b.0.subject)));
    all
}

fn total(tested: &[Tested]) -> Score {
    let mut sum = Score::default();
    for tested in tested {
        sum.add(&tested.matched.score);
    }
    sum
}

/// The events of an objective or system that overlap the tested range.
fn touching(tested: &Tested, until: Instant) -> impl Iterator<Item = (usize, Episode)> + '_ {
    let events = tested.events.iter().enumerate().map(|(index, event)| (index, event.episode));
    events.filter(move |(_, event)| tested.from.is_some_and(|from| event.touches(from, until)))
}

pub(crate) fn document(question: &Question, tested: &[Tested], as_of: Instant) -> Result<Document> {
    let moment = |at: Instant| at.to_string();
    let rows: Vec<WireFiring<'_>> = firings(tested)
        .into_iter()
        .map(|(of, firing, useful)| {
            let peaks = question.watched.iter().zip(&firing.peaks).map(|(watched, peak)| {
                let value = peak.map_or(Value::Null, |peak| peak_value(watched.field.property, peak).into());
                (watched.field.to_string(), value)
            });
            WireFiring {
                id: WireId::of(&of.subject),
                condition: &question.condition,
                start: moment(firing.episode.start),
                end: firing.episode.end.map(moment),
                duration_seconds: seconds(firing.episode.millis(question.until)),
                useful,
                budget_remaining_percent_at_start: firing.remaining[0].map(float),
                budget_remaining_percent_at_end: firing.remaining[1].map(float),
                peaks: peaks.collect(),
            }
        })
        .collect();
    let mut document = Document::list(as_of, "firings", &rows)?;
    document.set("summary", &wire(&total(tested)))?;
    let all = if question.about_systems { "systems" } else { "objectives" };
    document.set(all, &tested.iter().map(WireTested::of).collect::<Vec<_>>())?;
    let mut events = Vec::new();
    for of in tested {
        for (index, event) in touching(of, question.until) {
            let catch = of.matched.catches[index];
            let incident = match (&question.incidents, of.events[index].incident) {
                (Some(incidents), Some(incident)) => incidents.get(incident),
                _ => None,
            };
            events.push(WireEvent {
                of: WireId::of(&of.subject),
                id: incident.and_then(|incident| incident.id.as_deref()),
                impact: incident.and_then(|incident| incident.impact.as_deref()),
                start: moment(event.start),
                end: event.end.map(moment),
                detected_at: catch.delay_ms.map(|delay| moment(event.start.plus(delay))),
                detection_seconds: catch.delay_ms.map(|delay| seconds(delay.max(0))),
                lead_seconds: catch.delay_ms.filter(|delay| *delay < 0).map(|delay| seconds(-delay)),
                reset_seconds: catch.reset_ms.map(seconds),
            });
        }
    }
    document.set("events", &events)?;
    document.set("expression", &question.term.to_string())?;
    document.set("since", &moment(question.since))?;
    document.set("until", &moment(question.until))?;
    document.set(
        "against",
        &match (&question.incidents, question.about_systems) {
            (Some(_), _) => "incidents",
            (None, true) => "outages",
            (None, false) => "breaching",
        },
    )?;
    document.set("leadSeconds", &seconds(question.matching.lead_ms))?;
    document.set("graceSeconds", &seconds(question.matching.grace_ms))?;
    Ok(document)
}

/// A peak for people, floored.
fn peak_text(property: Property, peak: Fraction) -> String {
    let whole = |unit: &str| format!("{}{unit}", peak.numerator.div_euclid(peak.denominator));
    match property.shape() {
        Shape::Duration => short_time(i64::try_from(peak.numerator.div_euclid(peak.denominator)).unwrap_or(i64::MAX)),
        Shape::Number(Unit::Percent) => {
            let hundredths = (peak.numerator * 100).div_euclid(peak.denominator);
            format!("{}.{:02}%", hundredths / 100, hundredths % 100)
        }
        Shape::Number(Unit::Rate) => rate(Some(float(peak))),
        Shape::Number(Unit::Minutes) => whole("m"),
        Shape::Number(Unit::Seconds) => whole("s"),
        Shape::Number(Unit::Days) => whole("d"),
        _ => whole(""),
    }
}

fn left(remaining: Option<Fraction>) -> String {
    remaining.map_or("–".to_owned(), |left| format!("{}%", left.numerator.div_euclid(left.denominator)))
}

pub(crate) fn sheet(question: &Question, tested: &[Tested], wide: bool) -> Sheet {
    let what = if question.about_systems { "SYSTEM" } else { "OBJECTIVE" };
    let mut sheet = Sheet::new().left(what).names().left("START");
    if wide {
        sheet = sheet.left("END");
    }
    sheet = sheet.right("LASTED");
    let has_peak = has_one_peak(&question.watched);
    if has_peak {
        sheet = sheet.right("PEAK").optional();
    }
    if !question.about_systems {
        sheet = sheet.right("BUDGET LEFT").optional();
    }
    sheet = sheet.left("ABOUT");
    for (of, firing, useful) in firings(tested) {
        let Episode { start, end } = firing.episode;
        let lasted = short_time(firing.episode.millis(question.until));
        let first = question.watched.iter().zip(&firing.peaks).next();
        let peak = first.and_then(|(watched, peak)| Some(peak_text(watched.field.property, (*peak)?)));
        let [before, after] = firing.remaining.map(left);
        let mut row = vec![Cell::toned(name_of(&of.subject), Tone::Strong), Cell::at(start)];
        if wide {
            row.push(end.map_or(Cell::toned("open", Tone::Bad), Cell::at));
        }
        let is_open = !wide && end.is_none();
        row.push(if is_open { Cell::toned(format!("{lasted} open"), Tone::Bad) } else { Cell::plain(lasted) });
        row.extend(has_peak.then(|| Cell::plain(peak.unwrap_or("–".to_owned()))));
        row.extend((!question.about_systems).then(|| Cell::plain(format!("{before} → {after}"))));
        row.push(if useful {
            Cell::toned(event_word(question), Tone::Good)
        } else {
            Cell::toned("noise", Tone::Warning)
        });
        sheet.push(row);
    }
    let (since, until) = (question.since, question.until);
    sheet.footer.push(format!("{} from {}", question.term, range(Span::new(since, until))));
    let fired = firings(tested).into_iter().map(|(_, firing, _)| firing.episode);
    let events = tested.iter().flat_map(|of| touching(of, until).map(|(_, event)| event));
    sheet.footer.push(format!("{:<9} {}", "fired", strip(fired, since, until)));
    sheet.footer.push(format!("{:<9} {}", event_word(question), strip(events, since, until)));
    let score = total(tested);
    sheet.footer.extend(lines(&score, event_word(question)));
    match firings(tested).len() - score.firings {
        0 => {}
        1 => sheet.footer.push("1 firing began before and is not counted".to_owned()),
        count => sheet.footer.push(format!("{count} firings began before and are not counted")),
    }
    sheet
}

/// Whether one peak says how far a firing went: of a single value, or of the first of several burn rates. Of values that
/// differ in kind, the first need not be the one that fired.
fn has_one_peak(watched: &[Watched]) -> bool {
    let is_rate = |watched: &Watched| watched.field.property.shape() == Shape::Number(Unit::Rate);
    watched.len() == 1 || (!watched.is_empty() && watched.iter().all(is_rate))
}

/// The word for an event here.
const fn event_word(question: &Question) -> &'static str {
    match question.incidents {
        None if question.about_systems => "outage",
        None => "breach",
        Some(_) => "incident",
    }
}

/// A timeline; a cell is filled if an episode overlaps its part of the range.
fn strip(episodes: impl Iterator<Item = Episode>, since: Instant, until: Instant) -> String {
    let mut cells = vec!['·'; CELLS as usize];
    let length = i128::from(until.since(since).max(1));
    let cell = |at: Instant| {
        let cell = i128::from(at.since(since)) * i128::from(CELLS) / length;
        usize::try_from(cell.clamp(0, i128::from(CELLS) - 1)).unwrap_or(0)
    };
    for episode in episodes.filter(|episode| episode.touches(since, until)) {
        let last = episode.end.map_or(until, |end| end.plus(-1).max(episode.start));
        cells[cell(episode.start)..=cell(last)].fill('█');
    }
    cells.into_iter().collect()
}
