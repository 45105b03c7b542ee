//! Owns reading the members of a composite `System`.

use super::quorum;
use crate::domain::account::objective::Members;
use crate::domain::health::quorum::Quorum;
use crate::domain::value::name::Name;
use crate::manifest::kind::reference;
use crate::manifest::kind::reference::{Reference, Role};
use crate::manifest::mapping::fields::Fields;
use crate::manifest::problem::Report;
use crate::manifest::wording::counted;
use crate::manifest::yaml::tree::Value;

/// Reads members and quorum; `None` for a system that is not composite.
pub(super) fn read(
    fields: &Fields<'_>,
    own_name: Option<&Name>,
    references: &mut Vec<Reference>,
    report: &mut Report,
) -> Option<Members> {
    let quorum_field = fields.get("quorum");
    let quorum = quorum_field.as_ref().and_then(|field| quorum::read(field, report)).unwrap_or(Quorum::All);
    let Some(list) = fields.get("members") else {
        if let Some(field) = quorum_field {
            let message = "spec.quorum is the quorum of spec.members, which is missing";
            report.error(field.at, message, "write it in spec.checks for a check, or add members");
        }
        return None;
    };
    if let Some(field) = fields.get("checks") {
        let message = "spec.checks and spec.members contradict each other: a composite system has no checks of its own";
        report.error(field.at, message, "write about checks in the systems that have them");
    }
    let found = reference::read_systems(fields, "members", Role::Contains, report);
    // Another value than a list has been reported.
    let Value::List(items) = &list.node.value else { return None };
    if items.is_empty() {
        report.error(list.at, "spec.members is empty", "name at least one system, or remove it");
        return None;
    }
    let is_complete = found.len() == items.len();
    let mut systems = Vec::with_capacity(found.len());
    for reference in found {
        if own_name == Some(&reference.name) {
            report.error(reference.at, format!("{} is a member of itself", reference.name), "remove it");
            continue;
        }
        systems.push(reference.name.clone());
        references.push(reference);
    }
    // An invalid reference may be meant as a member.
    let most = if is_complete { systems.len() } else { items.len() };
    if let (Quorum::Number(number), Some(field)) = (quorum, &quorum_field)
        && number as usize > most
    {
        let are = if most == 1 { "is" } else { "are" };
        let message = format!("spec.quorum is {number}, but there {are} only {}", counted(most, "member"));
        report.error(field.at, message, format!("write at most {most}"));
    }
    Some(Members { systems, quorum })
}
