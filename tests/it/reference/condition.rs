//! Owns conditions by brute force (SPEC 9): every value as of every millisecond of a short range, from the facts up to
//! it, and every term by its definition on that grid.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::budget::{Budget, LOOKBACKS, MICROS, Ratio, Streak, WHOLE, burn_rate, streak};
use super::calendar::{DAY, HOUR, MINUTE, Ms, Unit, Zone, weekday};
use super::history::History;
use super::model::Model;
use crate::world::{Objective, Status, Window, World};

/// A value at one instant.
#[derive(Clone, Debug)]
pub(crate) enum Val {
    Null,
    Number(Ratio),
    Text(String),
    Truth(bool),
}

/// The subject of a value: an objective of the world by index, or a system by name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Whose {
    This,
    Objective(String),
    System(String),
}

/// A value and its name. Durations are in milliseconds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Item {
    pub(crate) whose: Whose,
    pub(crate) name: String,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.whose {
            Whose::This => write!(f, "{}", self.name),
            Whose::Objective(objective) => write!(f, "slo[\"{objective}\"].{}", self.name),
            Whose::System(system) => write!(f, "health[\"{system}\"].{}", self.name),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Expr {
    /// Compared with a number of millionths.
    Number(Item, &'static str, i128),
    /// Compared with a duration in milliseconds.
    Length(Item, &'static str, Ms),
    Items(Item, &'static str, Item),
    Text(Item, &'static str, String),
    Truth(Item),
    Policy(&'static str),
    /// Minutes of the day, and weekdays from Monday.
    Time {
        after: Option<Ms>,
        before: Option<Ms>,
        days: Vec<i64>,
        zone: Zone,
    },
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    For(Box<Expr>, Ms),
    AtLeast(Box<Expr>, usize, Ms),
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(item, relation, millionths) => {
                let number = crate::world::decimal(millionths.abs(), 6);
                write!(f, "{item} {relation} {}{number}", if *millionths < 0 { "-" } else { "" })
            }
            Self::Length(item, relation, millis) => write!(f, "{item} {relation} {millis}ms"),
            Self::Items(left, relation, right) => write!(f, "{left} {relation} {right}"),
            Self::Text(item, relation, text) => write!(f, "{item} {relation} \"{text}\""),
            Self::Truth(item) => write!(f, "{item}"),
            Self::Policy(urgency) => write!(f, "policy(\"{urgency}\")"),
            Self::Time { after, before, days, zone } => {
                let clock = |minutes: Ms| format!("\"{:02}:{:02}\"", minutes / 60, minutes % 60);
                let mut parts: Vec<String> = Vec::new();
                parts.extend(after.map(|after| format!("after: {}", clock(after))));
                parts.extend(before.map(|before| format!("before: {}", clock(before))));
                if !days.is_empty() {
                    let days: Vec<&str> = days.iter().map(|day| crate::world::DAYS[*day as usize]).collect();
                    parts.push(format!("weekday: [{}]", days.join(", ")));
                }
                parts.push(format!("timezone: \"{}\"", zone.name()));
                write!(f, "time({})", parts.join(", "))
            }
            Self::Not(term) => write!(f, "!({term})"),
            Self::And(left, right) => write!(f, "({left}) && ({right})"),
            Self::Or(left, right) => write!(f, "({left}) || ({right})"),
            Self::For(term, millis) => write!(f, "({term}) for {millis}ms"),
            Self::AtLeast(term, times, within) => write!(f, "({term}) at least {times} times in {within}ms"),
        }
    }
}

fn accepts(relation: &str, order: Ordering) -> bool {
    match relation {
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        ">=" => order.is_ge(),
        ">" => order.is_gt(),
        other => panic!("{other} is no relation"),
    }
}

/// The world up to some fact.
struct Known<'w> {
    model: Model<'w>,
    histories: Vec<History<'w>>,
    streaks: RefCell<BTreeMap<(usize, Ms), Streak>>,
}

/// The subject that terms are evaluated for.
#[derive(Clone, Copy)]
enum This<'w> {
    /// By index.
    Objective(usize),
    System(&'w str),
}

/// A world as of any instant, for one of its objectives or systems.
pub(crate) struct Views<'w> {
    world: &'w World,
    this: This<'w>,
    /// By the number of facts.
    known: RefCell<BTreeMap<usize, Rc<Known<'w>>>>,
}

impl<'w> Views<'w> {
    pub(crate) fn new(world: &'w World, this: usize) -> Self {
        Self { world, this: This::Objective(this), known: RefCell::new(BTreeMap::new()) }
    }

    pub(crate) fn of_system(world: &'w World, system: &'w str) -> Self {
        Self { world, this: This::System(system), known: RefCell::new(BTreeMap::new()) }
    }

    fn known(&self, at: Ms) -> Rc<Known<'w>> {
        let facts = self.world.facts.iter().filter(|fact| fact.ts <= at).count();
        let mut all = self.known.borrow_mut();
        let known = all.entry(facts).or_insert_with(|| {
            let model = Model::new(self.world, at);
            let histories = self.world.objectives.iter().map(|objective| History::new(&model, objective)).collect();
            Rc::new(Known { model, histories, streaks: RefCell::default() })
        });
        Rc::clone(known)
    }

    /// A value as of `at`.
    pub(crate) fn value(&self, item: &Item, at: Ms) -> Val {
        let known = self.known(at);
        match &item.whose {
            Whose::System(system) => health(&known.model, system, &item.name, at),
            Whose::This => match self.this {
                This::Objective(index) => objective(&known, index, &item.name, at),
                This::System(system) => health(&known.model, system, &item.name, at),
            },
            Whose::Objective(name) => {
                let index = self.world.objectives.iter().position(|objective| objective.name == *name).unwrap();
                objective(&known, index, &item.name, at)
            }
        }
    }

    /// Whether the term is true as of each of `from..=to`.
    pub(crate) fn grid(&self, expr: &Expr, from: Ms, to: Ms) -> Vec<bool> {
        let each = |holds: &dyn Fn(Ms) -> bool| (from..=to).map(holds).collect::<Vec<bool>>();
        match expr {
            Expr::Number(item, relation, millionths) => each(&|at| match self.value(item, at) {
                Val::Number(ratio) => accepts(relation, ratio.compare(Ratio::new(*millionths, 1_000_000))),
                _ => false,
            }),
            Expr::Length(item, relation, millis) => each(&|at| match self.millis(item, at) {
                Some(ratio) => accepts(relation, ratio.compare(Ratio::new((*millis).into(), 1))),
                None => false,
            }),
            Expr::Items(left, relation, right) => each(&|at| match (self.value(left, at), self.value(right, at)) {
                (Val::Number(left), Val::Number(right)) => accepts(relation, left.compare(right)),
                (Val::Text(left), Val::Text(right)) => accepts(relation, left.cmp(&right)),
                _ => false,
            }),
            Expr::Text(item, relation, text) => {
                each(&|at| matches!(self.value(item, at), Val::Text(known) if accepts(relation, known.cmp(text))))
            }
            Expr::Truth(item) => each(&|at| matches!(self.value(item, at), Val::Truth(true))),
            Expr::Policy(urgency) => each(&|at| match self.this {
                This::Objective(index) => policy(&self.known(at).histories[index], urgency, at),
                This::System(_) => panic!("a system has no burn rates"),
            }),
            Expr::Time { after, before, days, zone } => each(&|at| {
                let local = zone.to_local(at);
                let (day, time) = (local.div_euclid(DAY), local.rem_euclid(DAY));
                let (after, before) = (after.unwrap_or(0) * MINUTE, before.map_or(DAY, |before| before * MINUTE));
                let within =
                    if after <= before { after <= time && time < before } else { after <= time || time < before };
                within && (days.is_empty() || days.contains(&weekday(day)))
            }),
            Expr::Not(term) => self.grid(term, from, to).iter().map(|holds| !holds).collect(),
            Expr::And(left, right) => {
                let (left, right) = (self.grid(left, from, to), self.grid(right, from, to));
                left.iter().zip(right).map(|(left, right)| *left && right).collect()
            }
            Expr::Or(left, right) => {
                let (left, right) = (self.grid(left, from, to), self.grid(right, from, to));
                left.iter().zip(right).map(|(left, right)| *left || right).collect()
            }
            Expr::For(term, millis) => {
                let earlier = self.grid(term, from - millis, to);
                earlier.windows(*millis as usize + 1).map(|held| held.iter().all(|holds| *holds)).collect()
            }
            Expr::AtLeast(term, times, within) => {
                let earlier = self.grid(term, from - within, to);
                // For each millisecond but the first, whether the term became true there.
                let began: Vec<bool> = earlier.windows(2).map(|pair| !pair[0] && pair[1]).collect();
                let count = |began: &[bool]| began.iter().filter(|began| **began).count();
                began.windows(*within as usize).map(|began| count(began) >= *times).collect()
            }
        }
    }

    /// A duration in milliseconds.
    fn millis(&self, item: &Item, at: Ms) -> Option<Ratio> {
        let Val::Number(ratio) = self.value(item, at) else { return None };
        let unit = if item.name.ends_with("Minutes") {
            MINUTE
        } else if item.name.ends_with("Seconds") {
            1000
        } else {
            1
        };
        Some(Ratio::new(ratio.numerator * i128::from(unit), ratio.denominator))
    }
}

fn number(numerator: i128, denominator: i128) -> Val {
    Val::Number(Ratio::new(numerator, denominator))
}

fn or_null(ratio: Option<Ratio>) -> Val {
    ratio.map_or(Val::Null, Val::Number)
}

fn rate(history: &History, lookback: Ms, at: Ms) -> Option<Ratio> {
    let consumed = history.totals(at - lookback, at).consumed;
    burn_rate(history.objective.target_micro, consumed, i128::from(lookback))
}

fn objective(known: &Known, index: usize, name: &str, at: Ms) -> Val {
    let history = &known.histories[index];
    let objective: &Objective = history.objective;
    if ["currentStreak", "bestStreak", "lostStreak"].contains(&name) {
        let mut streaks = known.streaks.borrow_mut();
        let streak = streaks.entry((index, objective.zone().date(at))).or_insert_with(|| streak(history, at));
        let days = match name {
            "currentStreak" => streak.current,
            "bestStreak" => streak.best,
            _ => streak.lost,
        };
        return number(days.into(), 1);
    }
    if let Some(lookback) = name.strip_prefix("burnRates.") {
        let (_, lookback) = LOOKBACKS.iter().find(|(known, _)| *known == lookback).unwrap();
        return or_null(rate(history, *lookback, at));
    }
    let budget = Budget::new(history, at);
    let totals = &budget.totals;
    let open = history.spends_at(at);
    let minutes = |millis: i128| number(millis, MINUTE.into());
    let down_minutes = |micros: i128| number(micros, i128::from(MINUTE) * MICROS);
    let scaled = |scaled: i128| number(scaled, i128::from(MINUTE) * WHOLE * MICROS);
    match name {
        "target" => number(objective.target_micro, 1_000_000),
        "windowDays" => match objective.window {
            Window::Rolling { days } => number(days.into(), 1),
            Window::Calendar { .. } => Val::Null,
        },
        "errorBudgetTotalMinutes" => scaled(budget.allowed),
        "errorBudgetConsumedMinutes" => down_minutes(totals.consumed),
        "errorBudgetConsumedStrictMinutes" => down_minutes(totals.strict),
        "errorBudgetRemainingMinutes" => scaled(budget.remaining()),
        "errorBudgetOverspentMinutes" => scaled(budget.overspent()),
        "excludedMinutes" => down_minutes(totals.excluded),
        "tooShortMinutes" => down_minutes(totals.too_short),
        "correctedMinutes" => {
            let start = history.first.unwrap_or(at).max(budget.start).min(at);
            let check = objective.healthcheck.as_deref();
            minutes(known.model.corrected_time(&objective.system, check, (start, at)).into())
        }
        "notCountedMinutes" => minutes(totals.not_counted),
        "budgetRemainingPercent" => Val::Number(budget.remaining_percent()),
        "currentAvailability" => or_null(budget.availability(totals.consumed)),
        "strictAvailability" => or_null(budget.availability(totals.strict)),
        "coveragePercent" => or_null((budget.elapsed > 0).then(|| Ratio::new(100 * totals.known, budget.elapsed))),
        "burnRate" => or_null(burn_rate(objective.target_micro, totals.consumed, budget.counted())),
        "isBreaching" => Val::Truth(budget.is_breaching()),
        "hasOpenDowntime" => Val::Truth(open),
        "downFor" => history.down_since(at).map_or(Val::Null, |since| number((at - since).into(), 1)),
        "statusKnown" => Val::Truth(history.class_at(at).status != Status::Unknown),
        "dataAgeSeconds" => {
            let seen = known.model.last_seen(&objective.system, objective.healthcheck.as_deref(), at);
            seen.map_or(Val::Null, |seen| number((at - seen).into(), 1000))
        }
        "fastBurn" => {
            let threshold = Ratio::new(objective.fast_burn_milli, 1000);
            Val::Truth(rate(history, HOUR, at).is_some_and(|rate| rate.compare(threshold).is_ge()))
        }
        "state" => {
            let holds = [history.first.is_none(), budget.is_breaching(), open, budget.is_at_risk(), true];
            let states = ["no-data", "breaching", "down", "at-risk", "healthy"];
            Val::Text(states[holds.into_iter().position(|holds| holds).unwrap()].to_owned())
        }
        "budgetTier" => {
            let holds = [
                budget.is_exhausted(),
                budget.reaches(objective.critical_percent),
                budget.reaches(objective.warning_percent),
                true,
            ];
            let tiers = ["exhausted", "critical", "warning", "ok"];
            Val::Text(tiers[holds.into_iter().position(|holds| holds).unwrap()].to_owned())
        }
        other => panic!("{other} is no value of an objective"),
    }
}

/// The length of a window that scales the factors, however long the current period is.
fn nominal(window: Window) -> Ms {
    let days = match window {
        Window::Rolling { days } => days,
        Window::Calendar { unit: Unit::Day, .. } => 1,
        Window::Calendar { unit: Unit::Week, .. } => 7,
        Window::Calendar { unit: Unit::Month, .. } => 30,
        Window::Calendar { unit: Unit::Quarter, .. } => 90,
        Window::Calendar { unit: Unit::Year, .. } => 365,
    };
    days * DAY
}

/// The multiwindow policy of SPEC 6: both rates at or over share × nominal window length / long window.
fn policy(history: &History, urgency: &str, at: Ms) -> bool {
    let rules = match urgency {
        "page" => [(2, HOUR, HOUR / 12), (5, 6 * HOUR, HOUR / 2)],
        _ => [(10, DAY, 2 * HOUR), (10, 3 * DAY, 6 * HOUR)],
    };
    rules.into_iter().any(|(percent, long, short)| {
        let factor = Ratio::new(percent * i128::from(nominal(history.objective.window)), 100 * i128::from(long));
        // Without a budget, there is no factor to reach.
        let reached = |lookback| rate(history, lookback, at).is_some_and(|rate| rate.compare(factor).is_ge());
        history.objective.target_micro < WHOLE && reached(long) && reached(short)
    })
}

fn health(model: &Model, system: &str, name: &str, at: Ms) -> Val {
    let status = model.effective(system, at);
    let checks = model.checks(system, at);
    let changes: Vec<Ms> = model
        .edges(system)
        .into_iter()
        .filter(|edge| *edge <= at && model.effective(system, *edge) != model.effective(system, edge - 1))
        .collect();
    let count = |count: usize| number(count as i128, 1);
    let held = changes.last().copied().or(model.first_transition(system)).map(|since| i128::from(at - since));
    match name {
        "status" => Val::Text(status.name().to_owned()),
        "healthyChecks" => count(checks.iter().filter(|(_, status)| *status == Status::Healthy).count()),
        "totalChecks" => count(checks.len()),
        "transitionsInWindow" => count(changes.iter().filter(|change| at - HOUR < **change).count()),
        "inStatusFor" => held.map_or(Val::Null, |held| number(held, 1)),
        "dataAgeSeconds" => {
            model.last_seen(system, None, at).map_or(Val::Null, |seen| number((at - seen).into(), 1000))
        }
        "inStatusForSeconds" => held.map_or(Val::Null, |held| number(held, 1000)),
        "inMaintenance" => Val::Truth(model.in_maintenance(system, at)),
        other => panic!("{other} is no value of a system"),
    }
}
