//! Owns the details of a firing: the peaks of the compared values, and the remaining budget.

use super::Matched;
use crate::domain::rules::condition::{Comparison, Field, Operand, Property, Relation, Subject, Term};
use crate::domain::rules::episode::Episode;
use crate::domain::rules::incident::Incident;
use crate::domain::rules::solver::linear::Fraction;
use crate::domain::value::instant::Instant;

/// A value whose peak is reported: the highest if the term fires on high values, the lowest if on low ones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Watched {
    pub(crate) field: Field,
    pub(crate) highest: bool,
}

/// A span over which the condition held for one objective or system.
#[derive(Clone, Debug)]
pub(crate) struct Firing {
    pub(crate) episode: Episode,
    /// The peak of each watched value; `None` if it was always null.
    pub(crate) peaks: Vec<Option<Fraction>>,
    /// Percent of an objective's budget left when it began to hold, and when it stopped or the stretch ended.
    pub(crate) remaining: [Option<Fraction>; 2],
}

/// Something the alert should have matched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Event {
    pub(crate) episode: Episode,
    /// The index of the recorded incident; `None`: the objective was breaching, or the system was down.
    pub(crate) incident: Option<usize>,
}

/// The result of one objective or system in a backtest.
#[derive(Clone, Debug)]
pub(crate) struct Tested {
    /// Never [`Subject::This`].
    pub(crate) subject: Subject,
    /// Since when it was evaluated: the requested start, or the first transition of its system if later. `None` if that
    /// is after the stretch.
    pub(crate) from: Option<Instant>,
    /// Those that touch the stretch, oldest first.
    pub(crate) firings: Vec<Firing>,
    /// All events that a firing could match.
    pub(crate) events: Vec<Event>,
    pub(crate) matched: Matched,
}

/// What firings are matched against.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Against<'a> {
    /// When the objective's `isBreaching` holds, or the system is degraded or unhealthy.
    Breaching,
    Incidents(&'a [Incident]),
}

/// The values whose peaks show how far a term exceeded its thresholds, in the order of the term, without duplicates.
pub(crate) fn watched(term: &Term) -> Vec<Watched> {
    let mut found = Vec::new();
    gather(term, true, &mut found);
    found
}

fn gather(term: &Term, asserted: bool, found: &mut Vec<Watched>) {
    let mut watch = |field: &Field, highest: bool| {
        if found.iter().all(|known| known.field != *field) {
            found.push(Watched { field: field.clone(), highest });
        }
    };
    match term {
        Term::All(terms) | Term::Any(terms) => terms.iter().for_each(|term| gather(term, asserted, found)),
        Term::Not(term) => gather(term, !asserted, found),
        Term::Held { term, .. } | Term::Repeated { term, .. } => gather(term, asserted, found),
        Term::Compare(Comparison { left, relation, right }) => {
            let more = match relation {
                Relation::Greater | Relation::GreaterOrEqual => true,
                Relation::Less | Relation::LessOrEqual => false,
                Relation::Equal | Relation::NotEqual => return,
            };
            for (side, highest) in [(left, more), (right, !more)] {
                if let Operand::Field(field) = side {
                    watch(field, highest == asserted);
                }
            }
        }
        Term::Policy(urgency) => {
            for lookback in urgency.lookbacks() {
                let field = Field { subject: Subject::This, property: Property::BurnRateOver(lookback) };
                watch(&field, asserted);
            }
        }
        Term::Time(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let watched = watched(&Term::parse(text, crate::domain::rules::condition::Owner::Objective).unwrap());
        let word = |watched: &Watched| format!("{} {}", if watched.highest { "max" } else { "min" }, watched.field);
        watched.iter().map(word).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn peaks_go_the_way_a_comparison_asks_for() {
        for (text, expected) in [
            ("burnRates.1h > 14.4 && burnRates.5m > 14.4", "max burnRates.1h, max burnRates.5m"),
            ("budgetRemainingPercent < 20 || 3 <= currentStreak", "min budgetRemainingPercent, max currentStreak"),
            ("!(burnRate >= 2) && burnRate < 9", "min burnRate"),
            ("isBreaching || state == \"at-risk\"", ""),
            ("(budgetRemainingPercent < 20) for 15m", "min budgetRemainingPercent"),
            ("policy(\"page\")", "max burnRates.1h, max burnRates.5m, max burnRates.6h, max burnRates.30m"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
