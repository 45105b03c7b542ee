//! Owns what is told of a firing: how far the values that a term compares went, and what was left of the budget.

use super::Matched;
use crate::domain::budget::policy::Urgency;
use crate::domain::rules::condition::{Comparison, Field, Operand, Property, Relation, Subject, Term};
use crate::domain::rules::episode::Episode;
use crate::domain::rules::incident::Incident;
use crate::domain::rules::solver::linear::Fraction;
use crate::domain::value::instant::Instant;

/// A value whose peak is told: the highest where the term asks for much of it, the lowest where it asks for little.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Watched {
    pub(crate) field: Field,
    pub(crate) highest: bool,
}

/// A stretch over which the condition held for one objective or system.
#[derive(Clone, Debug)]
pub(crate) struct Firing {
    pub(crate) episode: Episode,
    /// The peak of each watched value; `None` where it was never there.
    pub(crate) peaks: Vec<Option<Fraction>>,
    /// Percent of an objective's budget left when it began to hold, and when it ceased to, or at the end of the stretch looked at.
    pub(crate) remaining: [Option<Fraction>; 2],
}

/// Something an alert should have been about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Event {
    pub(crate) episode: Episode,
    /// The recorded incident, by its position; none: the objective was breaching, or the system was down.
    pub(crate) incident: Option<usize>,
}

/// The part of one objective or system in a backtest.
#[derive(Clone, Debug)]
pub(crate) struct Tested {
    /// Never [`Subject::This`].
    pub(crate) subject: Subject,
    /// From where on it was looked at: the asked moment, or the first transition of its system. `None` when that comes later.
    pub(crate) from: Option<Instant>,
    /// Those that touch the stretch, oldest first.
    pub(crate) firings: Vec<Firing>,
    /// All that can give them a meaning.
    pub(crate) events: Vec<Event>,
    pub(crate) matched: Matched,
}

/// What firings are measured against.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Against<'a> {
    /// Stretches in which the objective's `isBreaching` holds, or the system is degraded or unhealthy.
    Breaching,
    Incidents(&'a [Incident]),
}

/// The values whose peaks tell how far a term went past its thresholds, in the order in which it names them, each once.
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
            for rule in Urgency::rules(*urgency) {
                for lookback in [rule.long, rule.short] {
                    let field = Field { subject: Subject::This, property: Property::BurnRateOver(lookback) };
                    watch(&field, asserted);
                }
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
