//! Owns reading `numeric_state`: a number of an objective or a system, and its limits.

use super::shapes::NUMERIC_STATE;
use super::{fraction, refer_to, refuse};
use crate::domain::rules::condition::property::Shape;
use crate::domain::rules::condition::{Comparison, Field as Viewed, Operand, Owner, Relation, Term};
use crate::manifest::kind::reference::Reference;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::Report;

pub(super) fn read(
    field: &Field<'_>,
    owner: Owner,
    references: &mut Vec<Reference>,
    report: &mut Report,
) -> Option<Term> {
    let fields = Fields::of(field, &NUMERIC_STATE, report)?;
    let value = fields.require("value", "write a field such as budgetRemainingPercent", report);
    let limits = [("above", Relation::Greater), ("below", Relation::Less), ("equals", Relation::Equal)];
    let given: Vec<_> = limits.into_iter().filter_map(|(name, relation)| Some((fields.get(name)?, relation))).collect();
    if given.is_empty() && !limits.iter().any(|(name, _)| fields.has_misspelled(name)) {
        report.error(field.at, format!("{} needs above, below or equals", field.path), "write below: 20");
    }
    let equals = given.iter().find(|(_, relation)| *relation == Relation::Equal).filter(|_| given.len() > 1);
    if let Some((equals, _)) = equals {
        let message = format!("{} has equals beside another limit", field.path);
        report.error(equals.at, message, "keep equals, or above and below");
    }
    // Each limit is read by itself, so that one problem hides no other.
    let amounts: Vec<_> =
        given.iter().map(|(limit, relation)| (limit, *relation, read_amount(limit, report))).collect();
    let value = value?;
    let text = value.text(report)?;
    let viewed = Viewed::parse(text, owner).map_err(|error| refuse(&value, text, &error, report)).ok()?;
    refer_to(&value, &viewed, references);
    let shape = viewed.property.shape();
    if !matches!(shape, Shape::Number(_) | Shape::Duration) {
        let message = format!("{}: {} is {} and has no order", value.path, viewed.property.name(), shape.describe());
        report.error(value.at, message, "write expression: and compare it with ==");
        return None;
    }
    let limits: Vec<_> = amounts
        .into_iter()
        .map(|(limit, relation, amount)| compare(limit, &viewed, relation, amount?, report))
        .collect();
    let mut limits = limits.into_iter().collect::<Option<Vec<Term>>>()?;
    if given.is_empty() || equals.is_some() {
        return None;
    }
    Some(if limits.len() == 1 { limits.remove(0) } else { Term::All(limits) })
}

fn read_amount(limit: &Field<'_>, report: &mut Report) -> Option<Operand> {
    let Some(text) = limit.scalar() else {
        limit.expected("a number or a duration", "", report);
        return None;
    };
    Operand::parse_amount(text).map_err(|error| refuse(limit, text, &error, report)).ok()
}

fn compare(
    limit: &Field<'_>,
    viewed: &Viewed,
    relation: Relation,
    amount: Operand,
    report: &mut Report,
) -> Option<Term> {
    let comparison = Comparison::new(Operand::Field(viewed.clone()), relation, amount);
    let comparison = comparison.map_err(|fault| {
        report.error(limit.at, format!("{}: {}", limit.path, fault.message), fault.remedy);
    });
    let term = Term::Compare(comparison.ok()?);
    fraction::warn(limit, &term, report);
    Some(term)
}
