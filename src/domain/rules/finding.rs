//! Owns the findings of a check: a rule, evaluated for one objective or system as of one instant.

use std::rc::Rc;

use super::condition::{Comparison, Condition, Field, Operand, Property, Relation, Scope, Severity, Subject, Term};
use super::solver::explained::Explained;
use super::solver::signal::Reading;
use crate::domain::budget::balance::{BudgetTier, ONE_HOUR, State};
use crate::domain::budget::policy::Urgency;
use crate::domain::health::transition::StatusSet;
use crate::domain::value::decimal::Decimal;
use crate::domain::value::instant::Instant;

/// A condition that makes an objective fail while it is true.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Rule {
    /// The declared condition's name, or that of a ready-made rule.
    pub(crate) name: String,
    pub(crate) term: Term,
    pub(crate) severity: Severity,
    pub(crate) scope: Scope,
    /// The values shown with it.
    pub(crate) decided: Vec<Field>,
    /// Whether it concerns the objective's own data, so that it does not apply without any.
    pub(crate) needs_data: bool,
    pub(crate) origin: Origin,
}

/// A rule for objectives or systems that needs no declared condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReadyMade {
    Breaching,
    Down,
    AtRisk,
    Warning,
    Critical,
    FastBurn,
    Policy(Urgency),
    NoData,
    /// The status was known for less than this percentage of the elapsed window.
    Coverage(u32),
    /// The newest fact is at least this many milliseconds old.
    MaxAge(i64),
    /// The status is unknown.
    Unknown,
    /// All of the budget is consumed.
    Exhausted,
}

/// The origin of a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    /// A condition that somebody wrote.
    Written,
    ReadyMade(ReadyMade),
    /// A list of statuses that a system must not have.
    Statuses,
}

/// The result of a rule for one objective or system.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// Never [`Subject::This`].
    pub(crate) subject: Subject,
    pub(crate) rule: Rc<Rule>,
    /// Whether the condition is true, so that the objective or system fails.
    pub(crate) firing: bool,
    /// Whether the period it is about is over.
    pub(crate) is_over: bool,
    /// Since when the result has been the same, if requested; `None` also if it never changed.
    pub(crate) since: Option<Instant>,
    /// When it will stop firing if nothing else happens, if that is foreseeable.
    pub(crate) clears_at: Option<Instant>,
    pub(crate) values: Vec<(Field, Reading)>,
    /// The complete tree, if requested.
    pub(crate) explanation: Option<Explained>,
}

fn own(property: Property) -> Field {
    Field { subject: Subject::This, property }
}

fn compare(property: Property, relation: Relation, right: Operand) -> Term {
    Term::Compare(Comparison { left: Operand::Field(own(property)), relation, right })
}

fn is(property: Property) -> Term {
    compare(property, Relation::Equal, Operand::Boolean(true))
}

fn text(property: Property, relation: Relation, text: &str) -> Term {
    compare(property, relation, Operand::Text(text.to_owned()))
}

impl Rule {
    /// A rule for every objective that shows all values it compares.
    pub(crate) fn of_term(name: String, term: Term) -> Self {
        let mut decided: Vec<Field> = Vec::new();
        for field in term.telling() {
            if !decided.contains(&field) {
                decided.push(field);
            }
        }
        let (severity, scope) = (Severity::Critical, Scope::All);
        Self { name, term, severity, scope, decided, needs_data: false, origin: Origin::Written }
    }

    /// The rule of a declared condition.
    pub(crate) fn of_condition(condition: Condition) -> Self {
        let Condition { metadata, scope, when, severity } = condition;
        Self { severity, scope, ..Self::of_term(metadata.name.to_string(), when) }
    }

    /// The failure of a system that never reported.
    pub(crate) fn no_data_of_system() -> Self {
        Self::unseen(Property::SystemDataAgeSeconds, Property::Status)
    }

    /// The failure of an objective whose check never reported, while its system did.
    pub(crate) fn no_data_of_check() -> Self {
        Self::unseen(Property::DataAgeSeconds, Property::StatusKnown)
    }

    fn unseen(age: Property, decided: Property) -> Self {
        let zero = Operand::Number { negative: false, magnitude: Decimal::whole(0) };
        let reported = compare(age, Relation::GreaterOrEqual, zero);
        let (decided, origin) = (vec![own(decided)], Origin::ReadyMade(ReadyMade::NoData));
        Self { decided, origin, ..Self::of_term("no-data".to_owned(), Term::Not(Box::new(reported))) }
    }

    /// The failure of a system that had one of these statuses, without a gap for this many milliseconds.
    pub(crate) fn of_statuses(name: String, statuses: StatusSet, for_ms: Option<i64>) -> Self {
        let mut terms: Vec<Term> =
            statuses.iter().map(|status| text(Property::Status, Relation::Equal, status.as_str())).collect();
        let any = if terms.len() == 1 { terms.remove(0) } else { Term::Any(terms) };
        let term = match for_ms {
            Some(for_ms) => Term::Held { term: Box::new(any), for_ms },
            None => any,
        };
        let decided = vec![own(Property::Status), own(Property::InStatusFor)];
        Self { decided, origin: Origin::Statuses, ..Self::of_term(name, term) }
    }

    /// A ready-made rule.
    pub(crate) fn ready_made(what: ReadyMade) -> Self {
        use Property::{
            BudgetTier as Tier, BurnRateOver, ConsumedMinutes, CoveragePercent, DataAgeSeconds, FastBurn,
            HasOpenDowntime, IsBreaching, OverspentMinutes, RemainingPercent, State as Stands, StatusKnown, SystemId,
            TotalMinutes,
        };
        let tier = |relation, tier: BudgetTier| text(Tier, relation, tier.as_str());
        let down = || vec![is(IsBreaching), is(HasOpenDowntime)];
        let spent = || vec![Tier, ConsumedMinutes, TotalMinutes];
        let (name, term, decided) = match what {
            ReadyMade::Breaching => {
                ("breaching", is(IsBreaching), vec![ConsumedMinutes, TotalMinutes, OverspentMinutes])
            }
            ReadyMade::Down => ("down", Term::Any(down()), vec![IsBreaching, HasOpenDowntime, RemainingPercent]),
            ReadyMade::AtRisk => {
                let at_risk = text(Stands, Relation::Equal, State::AtRisk.as_str());
                let term = Term::Any(down().into_iter().chain([at_risk]).collect());
                ("at-risk", term, vec![Stands, HasOpenDowntime, RemainingPercent])
            }
            ReadyMade::Warning => ("warning", tier(Relation::NotEqual, BudgetTier::Ok), spent()),
            ReadyMade::Critical => {
                let tiers = [BudgetTier::Critical, BudgetTier::Exhausted];
                ("critical", Term::Any(tiers.map(|of| tier(Relation::Equal, of)).into()), spent())
            }
            ReadyMade::Exhausted => ("exhausted", tier(Relation::Equal, BudgetTier::Exhausted), spent()),
            ReadyMade::FastBurn => ("fast-burn", is(FastBurn), vec![FastBurn, BurnRateOver(ONE_HOUR)]),
            ReadyMade::Policy(urgency) => {
                (urgency.as_str(), Term::Policy(urgency), urgency.lookbacks().map(BurnRateOver).to_vec())
            }
            ReadyMade::NoData => {
                ("no-data", text(Stands, Relation::Equal, State::NoData.as_str()), vec![Stands, SystemId])
            }
            ReadyMade::Coverage(percent) => {
                let least = Operand::Number { negative: false, magnitude: Decimal::whole(percent.into()) };
                ("min-coverage", compare(CoveragePercent, Relation::Less, least), vec![CoveragePercent])
            }
            ReadyMade::MaxAge(millis) => {
                // A system that never reported has no age, and fails as well.
                let young = compare(DataAgeSeconds, Relation::Less, Operand::Duration(millis));
                ("max-age", Term::Not(Box::new(young)), vec![DataAgeSeconds])
            }
            ReadyMade::Unknown => ("unknown", Term::Not(Box::new(is(StatusKnown))), vec![StatusKnown, DataAgeSeconds]),
        };
        let decided = decided.into_iter().map(own).collect();
        Self { decided, needs_data: true, origin: Origin::ReadyMade(what), ..Self::of_term(name.to_owned(), term) }
    }
}
