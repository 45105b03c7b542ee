//! Owns how a trial of a feed looks: what records became, and a feed to start from.

// Writing to a string cannot fail, so the results of `write!` are not looked at.
use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use serde_json::{Value, json};

use super::Document;
use super::ingest::thousands;
use super::manifest::name_text;
use crate::domain::health::feed::Format;
use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::{Source, Status, Transition};
use crate::domain::health::trial::Tried;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::wording::one_line;

/// What a feed made of a file.
#[derive(Default)]
pub(crate) struct Trial {
    pub(crate) feed: String,
    pub(crate) format: &'static str,
    pub(crate) read: u64,
    pub(crate) skipped: u64,
    pub(crate) rejected: u64,
    /// Records of planned work.
    pub(crate) planned: u64,
    /// Of each system its transitions, the first and the last.
    pub(crate) systems: BTreeMap<Name, (u64, Instant, Instant)>,
    pub(crate) records: Vec<Tried>,
}

/// The trial for programs.
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
            "source": stream.source.as_str(),
        })
    };
    let facts: Vec<Value> = tried.facts.iter().map(fact).collect();
    json!({"line": tried.line, "values": values, "transitions": facts, "rejected": tried.reason})
}

/// The trial for people.
pub(crate) fn text(trial: &Trial) -> String {
    let mut text = format!("feed {} ({})\n", trial.feed, trial.format);
    for tried in &trial.records {
        let _ = writeln!(text, "\nline {}", tried.line);
        // Of what is missing nothing follows, unless that is why it was rejected.
        for (name, value) in tried.values.iter().filter(|(_, value)| value.is_some() || tried.reason.is_some()) {
            let value = value.as_ref().map_or("–".to_owned(), |value| one_line(value).into_owned());
            let _ = writeln!(text, "  {} = {value}", one_line(name));
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
    for (count, what) in
        [(trial.planned, "of maintenance"), (trial.skipped, "without meaning"), (trial.rejected, "rejected")]
    {
        if count > 0 {
            let _ = write!(text, ", {} {what}", thousands(count));
        }
    }
    text.push('\n');
    for (system, (count, first, last)) in &trial.systems {
        let plural = if *count == 1 { "" } else { "s" };
        let _ = writeln!(text, "{system}: {} transition{plural}, {first} to {last}", thousands(*count));
    }
    text
}

fn named(stream: &StreamName) -> String {
    match (stream.source, &stream.check) {
        (Source::Healthcheck, None) => stream.system.to_string(),
        (Source::Healthcheck, Some(check)) => format!("{} {check}", stream.system),
        (Source::Incident, None) => format!("{} incident", stream.system),
        (Source::Incident, Some(id)) => format!("{} incident {id}", stream.system),
    }
}

/// A feed to start from: what can be told of the first record is filled in, and said to be a guess.
pub(crate) fn draft(
    name: &str,
    file: &str,
    format: Format,
    records: Option<&str>,
    values: &[(String, String)],
) -> String {
    let name = Name::like(name).map_or("my-feed".to_owned(), |name| name.as_str().to_owned());
    let mut text = format!(
        "# No built-in feed reads {}. This one is a start: check what is guessed, and fill in what is missing.\n\
         # Then see what it makes of the file: slo feed try --feed THIS-FILE {}\n\
         apiVersion: slo/v1\nkind: Feed\nmetadata: {{ name: {} }}\nspec:\n  format: {}\n",
        one_line(file),
        one_line(file),
        name_text(&name),
        format.as_str()
    );
    if format == Format::Text {
        let line = values.first().map(|(_, line)| line.as_str()).unwrap_or_default();
        let _ = write!(
            text,
            "  # The first line is: {}\n  \
             # Name what is wanted of a line; a line that no expression matches is rejected.\n  \
             records: '^(?<ts>\\S+) (?<system>\\S+) (?<status>\\S+)'\n  \
             fields: {{ ts: ts, system: system, status: status }}\n  \
             values: {{ status: {{ UP: healthy, DOWN: unhealthy }} }}\n  slug: true\n",
            one_line(line)
        );
        return text;
    }
    if let Some(records) = records {
        let _ = writeln!(text, "  records: {}", name_text(records));
    }
    text.push_str("  # The first record has:\n");
    for (name, value) in values {
        let _ = writeln!(text, "  #   {}: {}", one_line(name), one_line(value));
    }
    let find = |is: &dyn Fn(&str, &str) -> bool| {
        values.iter().find(|(name, value)| is(&name.to_lowercase(), value)).map(|(name, _)| name.as_str())
    };
    let is_time = |value: &str| value.len() > 7 && Instant::parse(value).is_ok();
    let any_of = |name: &str, words: &[&str]| words.iter().any(|word| name.contains(word));
    let start = find(&|name, value| is_time(value) && any_of(name, &["start", "begin", "from", "opened", "down_at"]));
    let end = find(&|name, value| {
        any_of(name, &["end", "resolved", "closed", "until", "recovered", "up_at"])
            && (is_time(value) || value == "null" || value.is_empty())
    });
    let system = find(&|name, _| {
        matches!(name, "system" | "service" | "host" | "name" | "monitor" | "check" | "site" | "target" | "url")
    })
    .or_else(|| find(&|name, _| any_of(name, &["service", "system", "host", "monitor", "site", "name", "target"])));
    let status = find(&|_, value| Status::parse(value.as_bytes()).is_some() && !is_time(value))
        .or_else(|| find(&|name, _| any_of(name, &["status", "state", "result", "up", "ok"])));
    text.push_str("  fields:\n");
    let mut field = |field: &str, guess: Option<&str>| {
        let _ = match guess {
            Some(name) => writeln!(text, "    {field}: {}  # guessed", name_text(name)),
            None => writeln!(text, "    {field}: \"\"  # to fill in"),
        };
    };
    if let (Some(start), Some(end)) = (start, end) {
        field("ts", Some(start));
        field("end", Some(end));
        field("system", system);
        text.push_str("  shape: intervals  # guessed, for there is a start and an end\n");
    } else {
        field("ts", find(&|_, value| is_time(value)));
        field("system", system);
        field("status", status);
        let value =
            status.and_then(|status| values.iter().find(|(name, _)| name == status)).map(|(_, value)| value.as_str());
        let _ = writeln!(
            text,
            "  values: {{ status: {{ {}: \"\" }} }}  # to fill in, for each value: healthy, degraded, unhealthy, unknown or skip",
            name_text(value.unwrap_or("UP"))
        );
    }
    text.push_str("  slug: true\n");
    text
}
