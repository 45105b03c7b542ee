//! Owns how the subject of a condition looks: an objective or a system.

use serde::Serialize;

use crate::domain::rules::condition::{Owner, Subject};

/// The objective or system of a row.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render) struct WireId<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    objective_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_id: Option<&'a str>,
}

impl<'a> WireId<'a> {
    pub(in crate::render) fn of(subject: &'a Subject) -> Self {
        let named = |owner: Owner| subject.named().filter(|(of, _)| *of == owner).map(|(_, name)| name.as_str());
        Self { objective_id: named(Owner::Objective), system_id: named(Owner::System) }
    }
}

/// The name of an objective or a system.
pub(in crate::render) fn name_of(subject: &Subject) -> &str {
    subject.named().map_or("", |(_, name)| name.as_str())
}

/// How many subjects are of a kind.
pub(in crate::render) fn count_of(owner: Owner, subjects: &[Subject]) -> usize {
    subjects.iter().filter(|subject| subject.named().is_some_and(|(of, _)| of == owner)).count()
}
