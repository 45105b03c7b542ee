//! Owns what is certain about a condition without any facts: that it never holds, or always does. In doubt, nothing is
//! certain.

use std::collections::BTreeMap;

use super::property::{Shape, Unit};
use super::range::{Kind, Range, scaled, unit, values};
use super::{Comparison, Field, Operand, Relation, Term};
use crate::domain::account::objective::Objective;
use crate::domain::budget::policy::Urgency;
use crate::domain::value::decimal::{Decimal, SCALE};

/// The possible outcomes of a term; may include impossible ones, but never omits a possible one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Outcomes {
    pub(crate) can_hold: bool,
    pub(crate) can_fail: bool,
}

impl Outcomes {
    const OPEN: Self = Self { can_hold: true, can_fail: true };
}

impl Term {
    /// The possible outcomes for an objective, or without one, for any.
    pub(crate) fn outcomes(&self, objective: Option<&Objective>) -> Outcomes {
        let inner = || self.parts().iter().map(|term| term.outcomes(objective));
        match self {
            Self::All(terms) => Outcomes {
                can_hold: inner().all(|term| term.can_hold) && !contradict(terms, objective),
                can_fail: inner().any(|term| term.can_fail),
            },
            Self::Any(terms) => Outcomes {
                can_hold: inner().any(|term| term.can_hold),
                can_fail: inner().all(|term| term.can_fail) && !cover_everything(terms, objective),
            },
            Self::Not(term) => {
                let Outcomes { can_hold, can_fail } = term.outcomes(objective);
                Outcomes { can_hold: can_fail, can_fail: can_hold }
            }
            Self::Compare(comparison) => comparison.outcomes(objective),
            Self::Time(_) => Outcomes::OPEN,
            Self::Held { term, .. } => Outcomes { can_hold: term.outcomes(objective).can_hold, can_fail: true },
            Self::Repeated { term, times, .. } => {
                let Outcomes { can_hold, can_fail } = term.outcomes(objective);
                // To become true again it must first end.
                Outcomes { can_hold: can_hold && (can_fail || *times == 1), can_fail: true }
            }
            Self::Policy(urgency) => Outcomes {
                can_hold: objective.is_none_or(|objective| is_reachable(*urgency, objective)),
                can_fail: true,
            },
        }
    }

    /// The innermost comparisons and policies with a certain outcome for all of the objectives, and that outcome.
    pub(crate) fn certain_parts<'t>(&'t self, objectives: &[&Objective]) -> Vec<(&'t Self, bool)> {
        if matches!(self, Self::Compare(_) | Self::Policy(_)) {
            return self.certainty(objectives).map(|holds| vec![(self, holds)]).unwrap_or_default();
        }
        self.parts().iter().flat_map(|term| term.certain_parts(objectives)).collect()
    }

    /// Whether it always holds or never does for all of the objectives (for any, if empty); `None`: neither.
    pub(crate) fn certainty(&self, objectives: &[&Objective]) -> Option<bool> {
        let mut each = objectives.iter().map(|objective| self.outcomes(Some(objective))).collect::<Vec<_>>();
        if each.is_empty() {
            each.push(self.outcomes(None));
        }
        if each.iter().all(|outcomes| !outcomes.can_hold) {
            Some(false)
        } else if each.iter().all(|outcomes| !outcomes.can_fail) {
            Some(true)
        } else {
            None
        }
    }
}

impl Comparison {
    /// The comparison with its field on the left, and the other side unless it is a field too.
    fn with_value(&self) -> Option<(&Field, Relation, &Operand)> {
        match (&self.left, &self.right) {
            (Operand::Field(_), Operand::Field(_)) => None,
            (Operand::Field(field), value) => Some((field, self.relation, value)),
            (value, Operand::Field(field)) => Some((field, self.relation.turned(), value)),
            _ => None,
        }
    }

    fn outcomes(&self, objective: Option<&Objective>) -> Outcomes {
        let Some((field, relation, value)) = self.with_value() else { return Outcomes::OPEN };
        let possible = values(field, objective);
        let found = match (&possible.what, value) {
            (Kind::Number(range), value) => match scaled(field.property.shape(), value) {
                Some(value) => {
                    let meets = |relation| match relation {
                        Relation::NotEqual => *range != Range::closed(value, value),
                        relation => !range.and(Range::of(relation, value)).is_empty(),
                    };
                    Outcomes { can_hold: meets(relation), can_fail: meets(relation.negated()) }
                }
                None => Outcomes::OPEN,
            },
            (Kind::Boolean { can_be_false, can_be_true }, Operand::Boolean(value)) => {
                let (same, other) = if *value { (*can_be_true, *can_be_false) } else { (*can_be_false, *can_be_true) };
                if relation == Relation::Equal {
                    Outcomes { can_hold: same, can_fail: other }
                } else {
                    Outcomes { can_hold: other, can_fail: same }
                }
            }
            (Kind::Text(Some(words)), Operand::Text(text)) => {
                let (same, other) = (words.contains(text), words.iter().any(|word| word != text));
                if relation == Relation::Equal {
                    Outcomes { can_hold: same, can_fail: other }
                } else {
                    Outcomes { can_hold: other, can_fail: same }
                }
            }
            _ => Outcomes::OPEN,
        };
        Outcomes { can_fail: found.can_fail || possible.nullable, ..found }
    }

    /// The bounds of the field, if they decide the comparison: `budgetRemainingPercent lies between 0 and 100`.
    pub(crate) fn bounds(&self, objective: Option<&Objective>) -> Option<String> {
        let (field, _, value) = self.with_value()?;
        match values(field, objective).what {
            Kind::Number(range) => {
                let shape = field.property.shape();
                let shown = |bound: i128| shown(shape, bound, matches!(value, Operand::Duration(_)));
                Some(match (range.low, range.high) {
                    (Some(low), Some(high)) if low == high => format!("{field} is {}", shown(low)),
                    (Some(low), Some(high)) => format!("{field} is always between {} and {}", shown(low), shown(high)),
                    (Some(low), None) => format!("{field} is never below {}", shown(low)),
                    _ => return None,
                })
            }
            Kind::Boolean { can_be_true: false, .. } => Some(format!("{field} is never true")),
            Kind::Text(Some(words)) if words.len() == 1 => Some(format!("{field} is \"{}\"", words[0])),
            Kind::Boolean { .. } | Kind::Text(_) => None,
        }
    }

    /// A percentage that looks like a fraction: the field, the number as written, and the percentage probably meant.
    pub(crate) fn fraction(&self) -> Option<(&Field, Decimal, Decimal)> {
        let (field, _, value) = self.with_value()?;
        let Operand::Number { negative: false, magnitude } = value else { return None };
        let is_fraction = (1..SCALE).contains(&magnitude.millionths());
        let meant = Decimal::from_millionths(magnitude.millionths().saturating_mul(100));
        (is_fraction && field.property.shape() == Shape::Number(Unit::Percent)).then_some((field, *magnitude, meant))
    }
}

/// A bound in the field's own unit, or as a duration.
fn shown(shape: Shape, bound: i128, as_duration: bool) -> String {
    if as_duration || shape == Shape::Duration {
        return crate::domain::value::duration::write_millis((bound / i128::from(SCALE)) as i64);
    }
    Decimal::from_millionths((bound / unit(shape)) as i64).to_string()
}

impl Relation {
    /// The relation with both sides swapped.
    pub(crate) const fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::Greater => Self::Less,
            Self::Equal | Self::NotEqual => self,
        }
    }

    /// The relation that holds exactly when this one does not.
    pub(crate) const fn negated(self) -> Self {
        match self {
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::GreaterOrEqual => Self::Less,
            Self::Greater => Self::LessOrEqual,
        }
    }
}

/// Whether no value of some field satisfies all of its comparisons among these terms.
fn contradict(terms: &[Term], objective: Option<&Objective>) -> bool {
    let mut direct = Vec::new();
    for term in terms {
        collect(term, &mut direct, |term| if let Term::All(terms) = term { Some(terms) } else { None });
    }
    have_no_value(direct.into_iter().filter_map(|comparison| comparison.with_value()), objective)
}

/// Whether every value of some field, which is never null, satisfies one of its comparisons among these terms.
fn cover_everything(terms: &[Term], objective: Option<&Objective>) -> bool {
    let mut direct = Vec::new();
    for term in terms {
        collect(term, &mut direct, |term| if let Term::Any(terms) = term { Some(terms) } else { None });
    }
    let negated = direct.into_iter().filter_map(|comparison| {
        let (field, relation, value) = comparison.with_value()?;
        (!values(field, objective).nullable).then_some((field, relation.negated(), value))
    });
    have_no_value(negated, objective)
}

/// Collects the comparisons among nested terms of one kind.
fn collect<'t>(term: &'t Term, found: &mut Vec<&'t Comparison>, same: fn(&Term) -> Option<&Vec<Term>>) {
    if let Term::Compare(comparison) = term {
        found.push(comparison);
    } else {
        for term in same(term).into_iter().flatten() {
            collect(term, found, same);
        }
    }
}

fn have_no_value<'t>(
    comparisons: impl Iterator<Item = (&'t Field, Relation, &'t Operand)>,
    objective: Option<&Objective>,
) -> bool {
    let mut numbers: BTreeMap<&Field, Range> = BTreeMap::new();
    let mut texts: BTreeMap<&Field, (Option<&str>, Vec<&str>)> = BTreeMap::new();
    let mut booleans: BTreeMap<&Field, bool> = BTreeMap::new();
    for (field, relation, value) in comparisons {
        match (value, scaled(field.property.shape(), value)) {
            (_, Some(value)) => {
                let Kind::Number(possible) = values(field, objective).what else { continue };
                let left = numbers.entry(field).or_insert(possible);
                *left = left.and(Range::of(relation, value));
                if left.is_empty() || (relation == Relation::NotEqual && *left == Range::closed(value, value)) {
                    return true;
                }
            }
            (Operand::Text(text), _) => {
                let (only, never) = texts.entry(field).or_default();
                match relation {
                    Relation::Equal if only.is_some_and(|only| only != text) => return true,
                    Relation::Equal => *only = Some(text),
                    _ => never.push(text),
                }
                let possible = match values(field, objective).what {
                    Kind::Text(Some(words)) => words,
                    _ => Vec::new(),
                };
                let out = !possible.is_empty() && possible.iter().all(|word| never.contains(&word.as_str()));
                if out || only.is_some_and(|only| never.contains(&only)) {
                    return true;
                }
            }
            (Operand::Boolean(truth), _) => {
                let wanted = *truth == (relation == Relation::Equal);
                if *booleans.entry(field).or_insert(wanted) != wanted {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// Whether an outage can reach any rule of the policy: a target of 100% has no burn rate.
fn is_reachable(urgency: Urgency, objective: &Objective) -> bool {
    let share = objective.target.error_share();
    let nominal_ms = objective.window.nominal_ms();
    let weight = objective.counts_as_down.greatest();
    share > 0 && urgency.rules().into_iter().any(|rule| !rule.is_unreachable(nominal_ms, share, weight))
}

#[cfg(test)]
mod tests;
