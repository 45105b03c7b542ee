//! Checks certainties against views with any values an objective can have.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::account::objective::{BurnRateThresholds, DependencyExclusion, Metadata, NotCounted};
use crate::domain::budget::policy::Rule;
use crate::domain::rules::condition::{Property, Subject, tests::term};
use crate::domain::value::name::Name;
use crate::domain::value::target::{Target, WHOLE};
use crate::domain::value::window::Window;

fn objective(target: &str, days: u32, multiplier: i64, check: bool, not_counted: bool) -> Objective {
    let name = |text| Name::parse(text).unwrap();
    let (labels, annotations) = Default::default();
    Objective {
        metadata: Metadata { name: name("slo"), title: None, description: None, labels, annotations },
        system: name("status"),
        healthcheck: check.then(|| name("a")),
        target: Target::parse(target).unwrap(),
        window: Window::Rolling { days, zone: chrono_tz::UTC },
        dependency_exclusion: DependencyExclusion::SelfOnly,
        excluded_dependencies: std::collections::BTreeSet::new(),
        exclude_maintenance_windows: false,
        counts_as_down: crate::domain::account::weights::default_counts_as_down(),
        minimum_outage_ms: 0,
        attribution_grace_ms: 0,
        not_counted: NotCounted { maintenance: not_counted, unknown: false },
        schedule: crate::domain::account::schedule::Schedule::default(),
        thresholds: BurnRateThresholds {
            fast_burn_multiplier: Decimal::whole(multiplier),
            ..BurnRateThresholds::default()
        },
    }
}

fn any_objective() -> impl Strategy<Value = Objective> {
    let targets = prop::sample::select(vec!["100", "99.999999", "99.9", "99", "90", "50", "0.000001"]);
    let days = prop::sample::select(vec![1, 7, 30, 365, 3650]);
    (targets, days, prop::sample::select(vec![1, 5, 100, 2000]), any::<bool>(), any::<bool>())
        .prop_map(|(target, days, multiplier, check, counted)| objective(target, days, multiplier, check, counted))
}

/// A value of a view, in millionths: of milliseconds for durations, else of the field's unit.
#[derive(Clone, PartialEq, Debug)]
enum Value {
    Number(i128),
    Boolean(bool),
    Text(String),
    Null,
}

/// A view in which every field has a possible value, and everything else is random.
struct View<'a> {
    objective: &'a Objective,
    chosen: BTreeMap<Field, Value>,
    dice: Vec<u32>,
    next: usize,
}

impl View<'_> {
    fn roll(&mut self, sides: usize) -> usize {
        self.next += 1;
        self.dice[self.next % self.dice.len()] as usize % sides
    }

    /// A value of a field, near a compared one if possible.
    fn value(&mut self, field: &Field, near: i128) -> Value {
        if let Some(value) = self.chosen.get(field) {
            return value.clone();
        }
        let value = self.draw(field, near);
        self.chosen.insert(field.clone(), value.clone());
        value
    }

    fn draw(&mut self, field: &Field, near: i128) -> Value {
        let is_this = field.subject == Subject::This;
        let objective = self.objective;
        // Nothing is known of another objective: it may have any target and the longest window.
        let share = if is_this { i128::from(objective.target.error_share()) } else { 1 };
        let days = match objective.window {
            Window::Rolling { days, .. } if is_this => i128::from(days),
            _ => 3650,
        };
        let million = 1_000_000;
        let length = days * 86_400_000 * million;
        let range = match field.property {
            Property::RemainingPercent
            | Property::CurrentAvailability
            | Property::StrictAvailability
            | Property::CoveragePercent => (0, 100 * million),
            Property::TotalMinutes | Property::RemainingMinutes if is_this => (0, length * share / i128::from(WHOLE)),
            Property::TotalMinutes
            | Property::RemainingMinutes
            | Property::ConsumedStrictMinutes
            | Property::ConsumedMinutes
            | Property::OverspentMinutes
            | Property::ExcludedMinutes
            | Property::NotCountedMinutes
            | Property::CorrectedMinutes => (0, length),
            Property::TooShortMinutes => (0, if is_this { 0 } else { length }),
            Property::BurnRate | Property::BurnRateOver(_) if share == 0 => (0, 0),
            Property::BurnRate | Property::BurnRateOver(_) => (0, i128::from(WHOLE) * million / share),
            Property::Target if is_this => {
                let target = i128::from(objective.target.percent().millionths());
                (target, target)
            }
            Property::Target => (1, 100 * million),
            Property::WindowDays if is_this => (days * million, days * million),
            Property::WindowDays => (million, 3650 * million),
            Property::CurrentStreak
            | Property::BestStreak
            | Property::LostStreak
            | Property::DownFor
            | Property::InStatusFor
            | Property::InStatusForSeconds
            | Property::DataAgeSeconds
            | Property::SystemDataAgeSeconds
            | Property::HealthyChecks
            | Property::TotalChecks
            | Property::TransitionsInWindow => (0, i128::from(i64::MAX)),
            Property::FastBurn => {
                let reachable = share * i128::from(objective.thresholds.fast_burn_multiplier.millionths())
                    <= i128::from(WHOLE) * million;
                return Value::Boolean((!is_this || (share > 0 && reachable)) && self.roll(2) == 1);
            }
            Property::IsBreaching | Property::HasOpenDowntime | Property::StatusKnown | Property::InMaintenance => {
                return Value::Boolean(self.roll(2) == 1);
            }
            _ => return self.text(field),
        };
        let has_null = match field.property {
            Property::CurrentAvailability | Property::StrictAvailability | Property::CoveragePercent => {
                !is_this || objective.not_counted.maintenance
            }
            Property::BurnRate | Property::BurnRateOver(_) => !is_this || share == 0,
            Property::DownFor
            | Property::InStatusFor
            | Property::InStatusForSeconds
            | Property::DataAgeSeconds
            | Property::SystemDataAgeSeconds => true,
            Property::WindowDays => !is_this,
            _ => false,
        };
        if has_null && self.roll(4) == 0 {
            return Value::Null;
        }
        let wanted = [near, near + 1, near - 1, 0, i128::MAX][self.roll(5)];
        Value::Number(wanted.clamp(range.0, range.1))
    }

    fn text(&mut self, field: &Field) -> Value {
        let own = field.subject == Subject::This;
        match field.property {
            Property::Healthcheck if own => match &self.objective.healthcheck {
                Some(check) => Value::Text(check.to_string()),
                None => Value::Null,
            },
            Property::ObjectiveId if own => Value::Text("slo".to_owned()),
            Property::SystemId if own => Value::Text("status".to_owned()),
            Property::DependencyExclusion if own => Value::Text("self-only".to_owned()),
            property => {
                let words = match property.shape() {
                    Shape::Text(vocabulary) => vocabulary.words(),
                    _ => None,
                };
                let words = words.unwrap_or_else(|| vec!["slo", "status", "..."]);
                let index = self.roll(words.len());
                Value::Text(words[index].to_owned())
            }
        }
    }

    fn operand(&mut self, operand: &Operand, other: &Operand) -> Value {
        let shape = |operand: &Operand| match operand {
            Operand::Field(field) => Some(field.property.shape()),
            _ => None,
        };
        let scale = |shape: Option<Shape>| match shape {
            Some(Shape::Number(Unit::Minutes)) => 60_000,
            Some(Shape::Number(Unit::Seconds)) => 1000,
            _ => 1,
        };
        let literal = |operand: &Operand, scale: i128| match operand {
            Operand::Number { negative, magnitude } => {
                let value = i128::from(magnitude.millionths()) * scale;
                Some(if *negative { -value } else { value })
            }
            Operand::Duration(millis) => Some(i128::from(*millis) * 1_000_000),
            _ => None,
        };
        match operand {
            Operand::Field(field) => self.value(field, literal(other, scale(shape(operand))).unwrap_or(0)),
            Operand::Text(text) => Value::Text(text.clone()),
            Operand::Boolean(truth) => Value::Boolean(*truth),
            _ => literal(operand, scale(shape(other))).map_or(Value::Null, Value::Number),
        }
    }

    fn holds(&mut self, term: &Term) -> bool {
        match term {
            // Evaluates all terms, so that random values do not depend on outcomes.
            Term::All(terms) => !terms.iter().map(|term| self.holds(term)).collect::<Vec<_>>().contains(&false),
            Term::Any(terms) => terms.iter().map(|term| self.holds(term)).collect::<Vec<_>>().contains(&true),
            Term::Not(term) => !self.holds(term),
            Term::Compare(Comparison { left, relation, right }) => {
                let ordering = match (self.operand(left, right), self.operand(right, left)) {
                    (Value::Null, _) | (_, Value::Null) => return false,
                    (Value::Number(left), Value::Number(right)) => left.cmp(&right),
                    (Value::Boolean(left), Value::Boolean(right)) => left.cmp(&right),
                    (Value::Text(left), Value::Text(right)) => left.cmp(&right),
                    values => panic!("{values:?}"),
                };
                match relation {
                    Relation::Less => ordering.is_lt(),
                    Relation::LessOrEqual => ordering.is_le(),
                    Relation::Equal => ordering.is_eq(),
                    Relation::NotEqual => ordering.is_ne(),
                    Relation::GreaterOrEqual => ordering.is_ge(),
                    Relation::Greater => ordering.is_gt(),
                }
            }
            Term::Time(_) => self.roll(2) == 1,
            Term::Policy(urgency) => {
                let share = f64::from(i32::try_from(self.objective.target.error_share()).unwrap()) / 1e8;
                let Window::Rolling { days, .. } = self.objective.window else { panic!() };
                // share of the budget × window / long lookback, against 1/(1 − target); equal ones are reached.
                let reachable = |rule: Rule| {
                    let long = crate::domain::budget::balance::LOOKBACKS[rule.long].1 as f64 / 86_400_000.0;
                    rule.budget_percent as f64 / 100.0 * f64::from(days) / long * share <= 1.0 + 1e-12
                };
                share > 0.0 && urgency.rules().into_iter().any(reachable) && self.roll(2) == 1
            }
            // A term that held for some time holds now; whether it held is random.
            Term::Held { term, .. } => {
                let long_enough = self.roll(2) == 1;
                self.holds(term) && long_enough
            }
            Term::Repeated { term, times, .. } => {
                let often_enough = *times == 1 && self.roll(2) == 1;
                self.holds(term) && often_enough
            }
        }
    }
}

proptest! {
    #[test]
    fn nothing_happens_that_is_called_impossible(
        term in term(),
        objective in any_objective(),
        knows in any::<bool>(),
        dice in prop::collection::vec(any::<u32>(), 1..60),
    ) {
        let outcomes = term.outcomes(knows.then_some(&objective));
        let mut view = View { objective: &objective, chosen: BTreeMap::new(), dice, next: 0 };
        if view.holds(&term) {
            prop_assert!(outcomes.can_hold, "{} holds with {:?}", term, view.chosen);
        } else {
            prop_assert!(outcomes.can_fail, "{} fails with {:?}", term, view.chosen);
        }
    }
}

#[test]
fn what_is_certain_is_found() {
    let low = objective("90", 30, 5, true, false);
    let high = objective("99.9", 30, 5, false, true);
    let full = objective("100", 30, 5, false, false);
    for (expression, objective, certain) in [
        ("budgetRemainingPercent < 0", None, Some(false)),
        ("budgetRemainingPercent <= 0", None, None),
        ("budgetRemainingPercent > 100", None, Some(false)),
        ("100 >= budgetRemainingPercent", None, Some(true)),
        ("!(budgetRemainingPercent <= 100)", None, Some(false)),
        ("budgetRemainingPercent > 20 && budgetRemainingPercent < 20", None, Some(false)),
        ("budgetRemainingPercent >= 20 && budgetRemainingPercent <= 20", None, None),
        ("budgetRemainingPercent == 20 && budgetRemainingPercent != 20", None, Some(false)),
        ("budgetRemainingPercent < 20 || budgetRemainingPercent >= 20", None, Some(true)),
        ("coveragePercent < 20 || coveragePercent >= 20", None, None),
        ("coveragePercent < 20 || coveragePercent >= 20", Some(&low), Some(true)),
        ("state == \"healthy\" && state == \"breaching\"", None, Some(false)),
        ("state == \"healthy\" || state != \"healthy\"", None, Some(true)),
        ("isBreaching && isBreaching == false", None, Some(false)),
        ("burnRates.1h > 10", Some(&low), Some(false)),
        ("burnRates.1h >= 10", Some(&low), None),
        ("burnRates.1h > 10", Some(&high), None),
        ("slo.x.burnRates.1h > 10", Some(&low), None),
        ("burnRates.1h > 0", Some(&full), Some(false)),
        ("policy(\"page\")", Some(&full), Some(false)),
        ("policy(\"page\")", Some(&low), None),
        ("(burnRates.1h > 10) for 15m", Some(&low), Some(false)),
        ("(budgetRemainingPercent <= 100) for 15m", None, None),
        ("(budgetRemainingPercent <= 100) at least 2 times in 1h", None, Some(false)),
        ("errorBudgetConsumedMinutes > 30d", Some(&low), Some(false)),
        ("errorBudgetConsumedMinutes >= 43200", Some(&low), None),
        ("errorBudgetTotalMinutes > 43.3", Some(&high), Some(false)),
        ("objectiveId == \"other\"", Some(&low), Some(false)),
        ("objectiveId == \"slo\"", Some(&low), Some(true)),
        ("healthcheck == \"a\"", Some(&low), Some(true)),
        ("healthcheck == \"a\"", Some(&high), None),
        ("currentStreak < 0", None, Some(false)),
        ("health.db.inStatusFor < 0s", None, Some(false)),
        ("health.db.inStatusFor >= 0s", None, None),
        ("dataAgeSeconds < 0", None, Some(false)),
        ("!(dataAgeSeconds < 15m)", None, None),
        ("statusKnown && statusKnown == false", None, Some(false)),
    ] {
        let term = Term::parse(expression, crate::domain::rules::condition::Owner::Objective).unwrap();
        let objectives: Vec<&Objective> = objective.into_iter().collect();
        assert_eq!(term.certainty(&objectives), certain, "{expression}");
    }
}
