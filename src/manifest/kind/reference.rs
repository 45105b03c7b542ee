//! Owns references from one object to another: how they are written, and what they are for.

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

/// A name of another object, where it is written.
pub(in crate::manifest) struct Reference {
    pub(in crate::manifest) role: Role,
    pub(in crate::manifest) name: Name,
    pub(in crate::manifest) path: String,
    pub(in crate::manifest) at: Position,
}

/// What a reference says about the named object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::manifest) enum Role {
    /// The system an objective judges, or one that a maintenance window covers.
    Covers,
    /// A system on which the declared one depends.
    DependsOn {
        /// Whether its own dependencies may excuse downtime, too.
        transitive: bool,
        /// Whether it may excuse at all.
        excuses: bool,
    },
    /// A system that the declared one is made of.
    Contains,
    /// A system that shall not excuse an objective.
    Excludes,
    /// A check of the system an objective judges.
    Checks,
    /// A system that a condition looks at.
    Observes,
    /// An objective that a condition looks at, or is evaluated for.
    Judges,
}

/// Reads `{ kind: System, name: checkout }`, where `kind` must be the given one.
pub(in crate::manifest) fn read(field: &Field<'_>, kind: &str, role: Role, report: &mut Report) -> Option<Reference> {
    if let Some(text) = field.scalar() {
        field.expected("a mapping", &format!("write {{ kind: {kind}, name: {text} }}"), report);
        return None;
    }
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

/// Reads a list of references to systems, none of them twice.
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
    /// Reports a text other than the only one that may stand here.
    fn only(&self, text: &str, report: &mut Report) -> Option<()> {
        let words: [(&'static str, ()); 1] =
            [(["System", "SLO"].into_iter().find(|kind| *kind == text).unwrap_or("Healthcheck"), ())];
        self.word(&words, report)
    }
}
