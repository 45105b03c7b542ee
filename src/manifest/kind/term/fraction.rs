//! Owns warnings about percentages that are written as fractions.

use crate::domain::rules::condition::{Doubt, Term};
use crate::manifest::mapping::fields::Field;
use crate::manifest::problem::Report;

/// Warns about every comparison of a term, written in this field, whose percentage is probably meant as a share of 1.
pub(super) fn warn(field: &Field<'_>, term: &Term, report: &mut Report) {
    for Doubt { message, remedy } in term.fractions() {
        report.warn(field.at, message, remedy);
    }
}
