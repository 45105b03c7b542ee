//! Owns how the result of a probe looks.

use anyhow::Result;

use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::{Source, Transition};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::render::Document;
use crate::render::publish::journal;
use crate::render::publish::journal::Line;

/// The result of a probe.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Probed {
    pub(crate) stream: StreamName,
    pub(crate) transition: Transition,
    pub(crate) note: Option<String>,
    /// How many times the command was run.
    pub(crate) attempts: u32,
}

/// The transition as ingest reads it, on a line of its own.
pub(crate) fn line(probed: &Probed) -> Result<String> {
    let StreamName { system, check, location, .. } = &probed.stream;
    let mut text = String::new();
    let note = probed.note.as_deref();
    let (source, check, location) = (Source::Healthcheck, check.as_ref(), location.as_ref());
    journal::json(&mut text, &Line { transition: probed.transition, system, source, check, location, note })?;
    Ok(text)
}

pub(crate) fn document(probed: &Probed, as_of: Instant) -> Result<Document> {
    let mut document = Document::new(as_of);
    document.set("ts", &probed.transition.at.to_string())?;
    document.set("systemId", &probed.stream.system.as_str())?;
    document.set("check", &probed.stream.check.as_ref().map(Name::as_str))?;
    document.set("location", &probed.stream.location.as_ref().map(Name::as_str))?;
    document.set("status", &probed.transition.status.as_str())?;
    document.set("note", &probed.note)?;
    document.set("attempts", &probed.attempts)?;
    Ok(document)
}

/// The result for people, on one line.
pub(crate) fn text(probed: &Probed) -> String {
    let names = [&probed.stream.check, &probed.stream.location];
    let names: Vec<&str> = names.into_iter().flatten().map(Name::as_str).collect();
    let check = if names.is_empty() { String::new() } else { format!(" ({})", names.join(" from ")) };
    let note = probed.note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
    format!("recorded: {}{check} is {}{note}\n", probed.stream.system, probed.transition.status)
}
