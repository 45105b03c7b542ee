//! Owns finding the declared corrections behind a result.

use anyhow::Result;

use super::Evaluation;
use super::outages::latest::with_members;
use crate::domain::account::correction::DeclaredCorrection;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::store::{Store, Stored};

/// The corrections of a system that touch a span, sorted by name.
///
/// # Errors
/// Those of the database, and when a stored body cannot be read.
pub(crate) fn corrections_of(store: &Store, system: &Name, within: Span) -> Result<Vec<DeclaredCorrection>> {
    let Some(id) = store.system(system)? else { return Ok(Vec::new()) };
    let mut declared = store.corrections_of(id, system)?;
    declared.retain(|it| !it.correction.span().intersect(within).is_empty());
    Ok(declared)
}

/// The corrections that touch a span of an objective's input: of its system, its members, or its one check; sorted by
/// name.
///
/// # Errors
/// Those of the database, and when a stored body cannot be read.
pub(crate) fn corrections_behind(
    store: &Store,
    stored: Stored,
    within: Span,
    as_of: Instant,
) -> Result<Vec<DeclaredCorrection>> {
    let mut evaluation = Evaluation::open(store, 1, as_of)?;
    let model = evaluation.resolver.model(stored)?;
    let mut systems = Vec::new();
    with_members(&model.system, &mut systems);
    systems.sort_unstable();
    systems.dedup();
    let mut declared = Vec::new();
    for system in &systems {
        declared.extend(corrections_of(store, system, within)?);
    }
    let check = model.objective.healthcheck.as_ref();
    declared.retain(|it| it.correction.target.concerns(check));
    declared.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    Ok(declared)
}
