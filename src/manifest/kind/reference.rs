//! Owns references from one object to another: how they are written, and their roles.

use std::collections::BTreeSet;

use crate::domain::value::name::Name;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::mapping::shape::{Content, FieldShape, Shape};
use crate::manifest::problem::{Position, Report};

/// The name of a system.
pub(super) static SYSTEM: Shape = Shape {
    name: "SystemRef",
    about: "A system, which has a manifest or at least one transition",
    fields: &[
        FieldShape::required("kind", Content::Word(|| vec!["System"]), "Always System"),
        FieldShape::required("name", Content::Name, "The system's name"),
    ],
    one_of: &[],
};

/// The name of a check.
pub(super) static HEALTHCHECK: Shape = Shape {
    name: "HealthcheckRef",
    about: "A check of the system, which needs no manifest",
    fields: &[
        FieldShape::required("kind", Content::Word(|| vec!["Healthcheck"]), "Always Healthcheck"),
        FieldShape::required("name", Content::Name, "The check's name, as its transitions give it"),
    ],
    one_of: &[],
};

/// The name of an objective.
pub(super) static OBJECTIVE: Shape = Shape {
    name: "SLORef",
    about: "An objective, which has a manifest",
    fields: &[
        FieldShape::required("kind", Content::Word(|| vec!["SLO"]), "Always SLO"),
        FieldShape::required("name", Content::Name, "The objective's name"),
    ],
    one_of: &[],
};

/// A reference to another object, with its position.
pub(in crate::manifest) struct Reference {
    pub(in crate::manifest) role: Role,
    pub(in crate::manifest) name: Name,
    pub(in crate::manifest) path: String,
    pub(in crate::manifest) at: Position,
}

/// The role of the referenced object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::manifest) enum Role {
    /// The system of an objective, or one that a maintenance window covers.
    Covers,
    /// A system on which the declared one depends.
    DependsOn {
        /// Whether its own dependencies may excuse downtime, too.
        transitive: bool,
        /// Whether it may excuse at all.
        excuses: bool,
    },
    /// A member of the declared system.
    Contains,
    /// A system that must not excuse an objective.
    Excludes,
    /// A check of the system of an objective.
    Checks,
    /// A system that a condition refers to.
    Observes,
    /// An objective that a condition refers to, or is evaluated for.
    Judges,
}

/// Reads `{ kind: System, name: checkout }`, where `kind` must be the given one.
pub(in crate::manifest) fn read(field: &Field<'_>, kind: &str, role: Role, report: &mut Report) -> Option<Reference> {
    let shape = match kind {
        "System" => &SYSTEM,
        "SLO" => &OBJECTIVE,
        _ => &HEALTHCHECK,
    };
    let fields = Fields::of(field, shape, report)?;
    let written = fields.require("kind", &format!("write kind: {kind}"), report);
    written.and_then(|written| written.only(kind, report));
    let name = fields.require("name", "", report)?;
    let (path, at) = (name.path.clone(), name.at);
    Some(Reference { role, name: name.name(report)?, path, at })
}

/// Reads a list of references to systems, without duplicates.
pub(super) fn read_systems(fields: &Fields<'_>, key: &str, role: Role, report: &mut Report) -> Vec<Reference> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for item in fields.list(key, report) {
        let Some(reference) = read(&item, "System", role, report) else { continue };
        if seen.insert(reference.name.clone()) {
            found.push(reference);
        } else {
            let message = format!("{} names {} a second time", reference.path, reference.name);
            report.error(reference.at, message, "remove one of them");
        }
    }
    found
}

impl Field<'_> {
    /// Reports a text other than the only valid one.
    fn only(&self, text: &str, report: &mut Report) -> Option<()> {
        let words: [(&'static str, ()); 1] =
            [(["System", "SLO"].into_iter().find(|kind| *kind == text).unwrap_or("Healthcheck"), ())];
        self.word(&words, report)
    }
}
