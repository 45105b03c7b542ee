//! Owns warnings about percentages that are written as fractions.

use crate::domain::rules::condition::{Comparison, Term};
use crate::manifest::mapping::fields::Field;
use crate::manifest::problem::Report;

/// Warns about every comparison of a term, written in this field, whose percentage is probably meant as a share of 1.
pub(super) fn warn(field: &Field<'_>, term: &Term, report: &mut Report) {
    for (viewed, written, meant) in comparisons(term).into_iter().filter_map(Comparison::fraction) {
        let message = format!("{viewed} is a percentage, so {written} is {written}%");
        report.warn(field.at, message, format!("did you mean {meant}?"));
    }
}

fn comparisons(term: &Term) -> Vec<&Comparison> {
    if let Term::Compare(comparison) = term {
        return vec![comparison];
    }
    term.parts().iter().flat_map(comparisons).collect()
}
