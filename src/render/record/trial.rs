//! Owns how a trial of a feed looks: the facts from the records, and a feed to start from.

mod draft;

// Writing to a string cannot fail, so the results of `write!` are ignored.
use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use serde_json::{Value, json};

use super::ingest::thousands;
use crate::domain::health::feed::trial::Tried;
use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::{Source, Transition};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::wording::one_line;
use crate::render::Document;
use crate::render::form::moment::stretch;

pub(crate) use draft::draft;

/// The result of a feed on a file.
#[derive(Default)]
pub(crate) struct Trial {
    pub(crate) feed: String,
    pub(crate) format: &'static str,
    /// The noun for its records.
    pub(crate) unit: &'static str,
    pub(crate) read: u64,
    pub(crate) skipped: u64,
    pub(crate) rejected: u64,
    /// Records of planned work.
    pub(crate) planned: u64,
    /// For each system, the number of transitions, and the times of the first and the last.
    pub(crate) systems: BTreeMap<Name, (u64, Instant, Instant)>,
    pub(crate) records: Vec<Tried>,
}

pub(crate) fn document(trial: &Trial, as_of: Instant) -> Result<Document> {
    let records: Vec<Value> = trial.records.iter().map(record).collect();
    let mut document = Document::list(as_of, "records", &records)?;
    let system = |(name, (count, first, last)): (&Name, &(u64, Instant, Instant))| json!({"systemId": name.as_str(), "transitions": count, "firstTs": first.to_string(), "lastTs": last.to_string()});
    document.set("feed", &trial.feed)?;
    document.set("format", &trial.format)?;
    document.set("read", &trial.read)?;
    document.set("skipped", &trial.skipped)?;
    document.set("rejected", &trial.rejected)?;
    document.set("systems", &trial.systems.iter().map(system).collect::<Vec<_>>())?;
    Ok(document)
}

fn record(tried: &Tried) -> Value {
    let values: serde_json::Map<String, Value> =
        tried.values.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let fact = |(stream, fact): &(StreamName, Transition)| {
        json!({
            "ts": fact.at.to_string(),
            "system": stream.system.as_str(),
            "status": fact.status.as_str(),
            "check": stream.check.as_ref().map(Name::as_str),
            "location": stream.location.as_ref().map(Name::as_str),
            "source": stream.source.as_str(),
        })
    };
    let facts: Vec<Value> = tried.facts.iter().map(fact).collect();
    json!({"line": tried.line, "values": values, "transitions": facts, "rejected": tried.reason})
}

pub(crate) fn text(trial: &Trial) -> String {
    let mut text = format!("feed {} ({})\n", trial.feed, trial.format);
    for tried in &trial.records {
        let _ = writeln!(text, "\n{} {}", trial.unit, tried.line);
        // A missing value has no effect, and the reason for a rejection names it.
        for (name, value) in &tried.values {
            if let Some(value) = value {
                let _ = writeln!(text, "  {} = {}", one_line(name), one_line(value));
            }
        }
        for (stream, fact) in &tried.facts {
            let _ = writeln!(text, "  → {} {} {}", fact.at, named(stream), fact.status);
        }
        match &tried.reason {
            Some(reason) => drop(writeln!(text, "  rejected: {}", one_line(reason))),
            None if tried.facts.is_empty() => text.push_str("  → maintenance\n"),
            None => {}
        }
    }
    if !trial.records.is_empty() {
        text.push('\n');
    }
    let noun = if trial.read == 1 { "record" } else { "records" };
    let facts: u64 = trial.systems.values().map(|system| system.0).sum();
    let plural = if facts == 1 { "" } else { "s" };
    let _ = write!(text, "{} {noun} read: {} transition{plural}", thousands(trial.read), thousands(facts));
    for (count, what) in [(trial.planned, "of maintenance"), (trial.skipped, "skipped"), (trial.rejected, "rejected")] {
        if count > 0 {
            let _ = write!(text, ", {} {what}", thousands(count));
        }
    }
    text.push('\n');
    if trial.read > 0 && trial.skipped == trial.read {
        text.push_str("The feed skips every record: check its records and its values.\n");
    }
    for (system, (count, first, last)) in &trial.systems {
        let plural = if *count == 1 { "" } else { "s" };
        let _ = writeln!(text, "{system}: {} transition{plural}, {}", thousands(*count), stretch(*first, *last));
    }
    text
}

fn named(stream: &StreamName) -> String {
    let mut text = stream.system.to_string();
    if stream.source == Source::Incident {
        text.push_str(" incident");
    }
    if let Some(check) = &stream.check {
        let _ = write!(text, " {check}");
    }
    if let Some(location) = &stream.location {
        let _ = write!(text, " from {location}");
    }
    text
}
