//! Owns reading the checks of a `System`: locations, silence, thresholds and retirement.

use std::collections::BTreeMap;

use super::quorum;
use crate::domain::health::quorum::Quorum;
use crate::domain::health::rules::CheckRules;
use crate::domain::health::threshold::Thresholds;
use crate::domain::value::name::Name;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::mapping::shape::{Content, FieldShape, Shape};
use crate::manifest::problem::Report;

/// The most consecutive facts, or facts in a window, that thresholds may require.
const MOST_FACTS: u32 = 10_000;

pub(super) static CHECK: Shape = Shape {
    name: "Check",
    about: "Settings of one check of the system",
    fields: &[
        FieldShape::required("name", Content::Name, "The check's name, as its transitions give it"),
        FieldShape::optional(
            "quorum",
            Content::Either(&quorum::CONTENT),
            "How many of its locations must have a status, or a better one, for the check to have it",
        )
        .or("\"all\""),
        FieldShape::optional("staleAfter", Content::Duration, "Like staleAfter of the system, for this check"),
        FieldShape::optional(
            "thresholds",
            Content::Object(&THRESHOLDS),
            "How many facts it takes to change the status",
        ),
        FieldShape::optional("retiredAt", Content::Instant, "From then on the check does not count"),
    ],
    one_of: &[],
};

static THRESHOLDS: Shape = Shape {
    name: "Thresholds",
    about: "How many facts of one location change the status",
    fields: &[
        FieldShape::required(
            "mode",
            Content::Word(|| MODES.map(|(word, _)| word).to_vec()),
            "consecutive: that many in a row; window: that many of the last facts",
        ),
        FieldShape::optional("healthy", Content::Count(MOST_FACTS), "Healthy facts in a row; consecutive only").or("1"),
        FieldShape::optional(
            "degraded",
            Content::Count(MOST_FACTS),
            "Facts that are not healthy until the check is degraded; without it, as many as for unhealthy",
        ),
        FieldShape::optional(
            "unhealthy",
            Content::Count(MOST_FACTS),
            "Facts until the check is unhealthy: unhealthy ones in a row, or of a window those that are not healthy; without it, as many \
             as for degraded",
        ),
        FieldShape::optional("size", Content::Count(MOST_FACTS), "How many of the last facts to look at; window only"),
    ],
    one_of: &[],
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Consecutive,
    Window,
}

const MODES: [(&str, Mode); 2] = [("consecutive", Mode::Consecutive), ("window", Mode::Window)];

/// Reads the checks of a system, sorted by name.
pub(super) fn read(fields: &Fields<'_>, report: &mut Report) -> Vec<CheckRules> {
    let mut lines: BTreeMap<Name, u32> = BTreeMap::new();
    let mut checks = Vec::new();
    for item in fields.list("checks", report) {
        let Some(check) = read_check(&item, report) else { continue };
        if let Some(line) = lines.get(&check.name) {
            let message = format!("the check {} is declared twice, first on line {line}", check.name);
            report.error(item.at, message, "keep one of them");
            continue;
        }
        lines.insert(check.name.clone(), item.at.line);
        checks.push(check);
    }
    checks.sort_by(|one, other| one.name.cmp(&other.name));
    checks
}

fn read_check(item: &Field<'_>, report: &mut Report) -> Option<CheckRules> {
    let fields = Fields::of(item, &CHECK, report)?;
    let name = fields.require("name", "write the check's name, as its transitions give it", report);
    let name = name.and_then(|field| field.name(report));
    let quorum = fields.get("quorum").and_then(|field| quorum::read(&field, report)).unwrap_or(Quorum::All);
    let stale_after_ms = fields.get("staleAfter").and_then(|field| field.millis(report));
    let thresholds = fields.get("thresholds").and_then(|field| read_thresholds(&field, report));
    let retired_at = fields.get("retiredAt").and_then(|field| field.instant(report));
    Some(CheckRules { name: name?, quorum, stale_after_ms, thresholds, retired_at })
}

fn read_thresholds(field: &Field<'_>, report: &mut Report) -> Option<Thresholds> {
    let fields = Fields::of(field, &THRESHOLDS, report)?;
    let mode = fields.require("mode", "write mode: consecutive or mode: window", report);
    let mode = mode.and_then(|field| field.word(&MODES, report));
    let mut is_read = true;
    let mut count = |key: &str| {
        let field = fields.get(key)?;
        let number = field.count(MOST_FACTS, report);
        is_read &= number.is_some();
        number
    };
    let [healthy, degraded, unhealthy, size] = ["healthy", "degraded", "unhealthy", "size"].map(&mut count);
    let path = &field.path;
    let mut fits = true;
    if let Some(mode) = mode {
        let other = if mode == Mode::Window { "healthy" } else { "size" };
        if let Some(field) = fields.get(other) {
            let word = if mode == Mode::Window { "window" } else { "consecutive" };
            report.error(field.at, format!("{path}.{other} has no meaning in mode {word}"), "remove it");
            fits = false;
        }
    }
    if !is_read {
        return None;
    }
    if degraded.or(unhealthy).or(healthy).is_none() {
        report.error(field.at, format!("{path} has no number of facts"), "write e.g. unhealthy: 3");
        return None;
    }
    let worst = unhealthy.or(degraded).unwrap_or(1);
    let degraded = degraded.unwrap_or(worst);
    let in_order = |key: &str, number: u32, bound: &str, most: u32, report: &mut Report| {
        if number > most {
            let at = fields.get(key).map_or(field.at, |field| field.at);
            let message = format!("{path}.{key} is {number}, more than {bound}, which is {most}");
            report.error(at, message, format!("write at most {most}"));
        }
        number <= most
    };
    fits &= in_order("degraded", degraded, "unhealthy", worst, report);
    match mode? {
        Mode::Consecutive if !fits => None,
        Mode::Consecutive => {
            Some(Thresholds::Consecutive { healthy: healthy.unwrap_or(1), degraded, unhealthy: worst })
        }
        Mode::Window => {
            let Some(size) = size else {
                report.error(
                    field.at,
                    format!("{path}.size is missing"),
                    "write how many facts to look at, e.g. size: 10",
                );
                return None;
            };
            let key = if unhealthy.is_some() { "unhealthy" } else { "degraded" };
            fits &= in_order(key, worst, "size", size, report);
            fits.then_some(Thresholds::Window { size, degraded, unhealthy: worst })
        }
    }
}
