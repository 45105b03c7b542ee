//! Owns reading the specification of a `System`.

mod checks;
mod members;
mod quorum;

use std::collections::BTreeMap;

use super::reference::{self, Reference, Role};
use crate::domain::account::objective::{Dependency, ImpactType, Metadata, System};
use crate::domain::value::name::Name;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::mapping::shape::{Content, FieldShape, Length, Shape};
use crate::manifest::problem::Report;

/// The specification of a system.
pub(in crate::manifest) static SPEC: Shape = Shape {
    name: "SystemSpec",
    about: "How the status of a system is determined, and what it depends on",
    fields: &[
        FieldShape::optional(
            "staleAfter",
            Content::Duration,
            "A stream that last said healthy this long ago counts as unknown; without it, never",
        ),
        FieldShape::optional(
            "checks",
            Content::List(&Content::Object(&checks::CHECK), Length::Distinct),
            "Settings of individual checks",
        ),
        FieldShape::optional(
            "retiredAt",
            Content::Instant,
            "From then on the system does not count, and is listed only on request",
        ),
        FieldShape::optional(
            "members",
            Content::List(&Content::Object(&reference::SYSTEM), Length::SomeDistinct),
            "Members of a composite system, instead of checks",
        ),
        FieldShape::optional(
            "quorum",
            Content::Either(&quorum::CONTENT),
            "How many members must have a status, or a better one, for the system to have it",
        )
        .or("\"all\""),
        FieldShape::optional(
            "dependencies",
            Content::List(&Content::Object(&DEPENDENCY), Length::Distinct),
            "The systems this one needs, which may excuse its downtime",
        ),
    ],
    one_of: &[],
};

static DEPENDENCY: Shape = Shape {
    name: "Dependency",
    about: "A system that this one needs",
    fields: &[
        FieldShape::required("targetRef", Content::Object(&reference::SYSTEM), "The system that is needed"),
        FieldShape::optional(
            "impactType",
            Content::Word(|| ImpactType::ALL.map(ImpactType::as_str).to_vec()),
            "Impact of its failure; an informational dependency never excuses downtime",
        )
        .or("\"degraded\""),
        FieldShape::optional("transitive", Content::Flag, "Whether its own dependencies may excuse downtime, too")
            .or("false"),
        FieldShape::optional("label", Content::Text, "What it is needed for"),
    ],
    one_of: &[],
};

/// Reads the specification; without metadata, only to report problems.
pub(in crate::manifest) fn read(
    spec: &Field<'_>,
    metadata: Option<Metadata>,
    references: &mut Vec<Reference>,
    report: &mut Report,
) -> Option<System> {
    let fields = Fields::of(spec, &SPEC, report)?;
    let stale_after_ms = fields.get("staleAfter").and_then(|field| field.millis(report));
    let checks = checks::read(&fields, report);
    let retired_at = fields.get("retiredAt").and_then(|field| field.instant(report));
    let own_name = metadata.as_ref().map(|metadata| &metadata.name);
    let mut dependencies = Vec::new();
    let mut lines: BTreeMap<Name, u32> = BTreeMap::new();
    for item in fields.list("dependencies", report) {
        let Some((dependency, reference)) = read_dependency(&item, report) else { continue };
        let upstream = &dependency.upstream;
        if own_name == Some(upstream) {
            report.error(reference.at, format!("{upstream} depends on itself"), "remove this dependency");
            continue;
        }
        if let Some(line) = lines.get(upstream) {
            let message = format!("the dependency on {upstream} is declared twice, first on line {line}");
            report.error(reference.at, message, "keep one of them");
            continue;
        }
        lines.insert(upstream.clone(), reference.at.line);
        dependencies.push(dependency);
        references.push(reference);
    }
    let members = members::read(&fields, own_name, references, report);
    Some(System { metadata: metadata?, stale_after_ms, checks, retired_at, members, dependencies })
}

fn read_dependency(item: &Field<'_>, report: &mut Report) -> Option<(Dependency, Reference)> {
    let fields = Fields::of(item, &DEPENDENCY, report)?;
    let impacts = ImpactType::ALL.map(|impact| (impact.as_str(), impact));
    let impact = fields.word("impactType", ImpactType::Degraded, &impacts, report);
    let transitive = fields.flag("transitive", report);
    let label = fields.text("label", report);
    let target = fields.require("targetRef", "write targetRef: { kind: System, name: … }", report)?;
    let role = Role::DependsOn { transitive, excuses: impact != ImpactType::Informational };
    let reference = reference::read(&target, "System", role, report)?;
    Some((Dependency { upstream: reference.name.clone(), impact, transitive, label }, reference))
}
