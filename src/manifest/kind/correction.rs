//! Owns reading the specification of a `Correction`.

use super::reference::{self, Reference, Role};
use crate::domain::account::correction::DeclaredCorrection;
use crate::domain::account::objective::Metadata;
use crate::domain::health::correction::{Corrected, Correction, Target};
use crate::domain::health::transition::Source;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::mapping::shape::{Content, FieldShape, Shape};
use crate::manifest::problem::Report;
use crate::manifest::wording::quote;

const SOURCES: [(&str, Source); 2] = [("healthcheck", Source::Healthcheck), ("incident", Source::Incident)];

/// The specification of a correction.
pub(in crate::manifest) static SPEC: Shape = Shape {
    name: "CorrectionSpec",
    about: "Corrects a status that was recorded wrongly; the journal itself does not change",
    fields: &[
        FieldShape::required("systemRef", Content::Object(&reference::SYSTEM), "The system whose past is corrected"),
        FieldShape::optional(
            "check",
            Content::Name,
            "Only this check; without check, source and location, the effective status of the system",
        ),
        FieldShape::optional("source", Content::Word(|| SOURCES.map(|(word, _)| word).to_vec()), "Only this source"),
        FieldShape::optional("location", Content::Name, "Only what was reported from this location"),
        FieldShape::optional("start", Content::Instant, "Start; without it, from the beginning"),
        FieldShape::optional("end", Content::Instant, "End; without it, forever"),
        FieldShape::required(
            "status",
            Content::Word(|| Corrected::ALL.map(Corrected::as_str).to_vec()),
            "The true status, or ignored to leave these streams out",
        ),
        FieldShape::optional("reason", Content::Text, "Reason"),
    ],
    one_of: &[],
};

/// Reads the specification; without metadata, only to report problems.
pub(in crate::manifest) fn read(
    spec: &Field<'_>,
    metadata: Option<Metadata>,
    references: &mut Vec<Reference>,
    report: &mut Report,
) -> Option<DeclaredCorrection> {
    let fields = Fields::of(spec, &SPEC, report)?;
    let system = fields.require("systemRef", "write systemRef: { kind: System, name: … }", report);
    let system = system.and_then(|field| reference::read(&field, "System", Role::Covers, report));
    let check_field = fields.get("check");
    let check = check_field.as_ref().and_then(|field| field.name(report));
    let source = fields.get("source").and_then(|field| field.word(&SOURCES, report));
    let location = fields.get("location").and_then(|field| field.name(report));
    let start = fields.get("start").and_then(|field| field.instant(report));
    let end_field = fields.get("end");
    let end = end_field.as_ref().and_then(|field| field.instant(report));
    if let (Some(field), Some(start), Some(end)) = (&end_field, start, end)
        && end <= start
    {
        let message = format!("spec.end {} is not after spec.start", quote(field.scalar().unwrap_or_default()));
        report.error(field.at, message, "omit end if the correction never ends");
    }
    let words = Corrected::ALL.map(|status| (status.as_str(), status));
    let remedy = "write healthy, degraded, unhealthy or unknown, or ignored to leave these streams out";
    let status = fields.require("status", remedy, report).and_then(|field| field.word(&words, report));
    let reason = fields.text("reason", report);
    let name = system.as_ref().map(|reference| reference.name.clone());
    references.extend(system);
    if let (Some(field), Some(name)) = (&check_field, &check)
        && source != Some(Source::Incident)
    {
        references.push(Reference { role: Role::Checks, name: name.clone(), path: field.path.clone(), at: field.at });
    }
    let target = Target { check, source, location };
    let correction = Correction { start, end, target, status: status? };
    Some(DeclaredCorrection { metadata: metadata?, system: name?, correction, reason })
}
