//! Owns the achievements of SPEC 7 by definition: they are evaluated at every instant at which they could become true.

use super::budget::{Budget, Ratio, window_bounds};
use super::calendar::{DAY, MINUTE, Ms};
use super::history::History;
use super::model::Model;
use crate::world::{Objective, Window, World};

pub(crate) const ALL: [&str; 9] = [
    "first_steps",
    "full_coverage",
    "iron_uptime",
    "diamond_uptime",
    "nines_club",
    "budget_miser",
    "clean_sheet",
    "cascade_breaker",
    "rapid_recovery",
];

/// The first instant of each achievement of a system up to `as-of`, in the order of [`ALL`].
pub(crate) fn achievements(world: &World, system: &str) -> [Option<Ms>; 9] {
    let model = Model::new(world, world.as_of);
    let objectives: Vec<&Objective> = world.objectives.iter().filter(|objective| objective.system == system).collect();
    let begun = model.first_transition(system);
    let mut firsts = [None; 9];
    firsts[0] = begun.filter(|_| !objectives.is_empty());
    firsts[1] = begun.filter(|_| objectives.len() >= 3);
    for objective in objectives {
        let history = History::new(&model, objective);
        let Some(begun) = history.first else { continue };
        let mine = [streaks(&history, world.as_of), windows(&history, begun, world.as_of)].concat();
        for (first, mine) in firsts[2..].iter_mut().zip(mine) {
            *first = [*first, mine].into_iter().flatten().min();
        }
    }
    firsts
}

/// `iron_uptime`, `diamond_uptime`, `nines_club`: day by day.
fn streaks(history: &History, as_of: Ms) -> Vec<Option<Ms>> {
    let mut firsts = vec![None; 3];
    let mut streak = 0;
    for close in history.objective.zone().closes(history.first.unwrap(), as_of) {
        let budget = Budget::at_close(history, close);
        if budget.is_breaching() {
            streak = 0;
        } else if !history.spends_at(close) {
            streak += 1;
        }
        let available = budget.availability(budget.totals.consumed);
        let nines = available.is_some_and(|percent| percent.compare(Ratio::new(9999, 100)).is_ge());
        for (first, holds) in firsts.iter_mut().zip([streak >= 7, streak >= 30, streak >= 365 && nines]) {
            *first = first.or(holds.then_some(close));
        }
    }
    firsts
}

/// `budget_miser`, `clean_sheet`, `cascade_breaker`, `rapid_recovery`.
fn windows(history: &History, begun: Ms, as_of: Ms) -> Vec<Option<Ms>> {
    let own = |at: Ms| {
        let totals = Budget::new(history, at).totals;
        totals.by.get(&super::model::Attribution::Own).copied().unwrap_or(0)
    };
    let no_own = |at: Ms| own(at) == 0;
    let some_upstream = |at: Ms| Budget::new(history, at).totals.strict > own(at);
    let (miser, clean) = match history.objective.window {
        Window::Rolling { days } => {
            let full = begun + days * DAY;
            let left = |at: Ms| is_miserly(&Budget::new(history, at));
            let none = |at: Ms| Budget::new(history, at).totals.strict == 0;
            let some = |at: Ms| counted(history, at - days * DAY, at) > 0;
            (first(history, full, as_of, &[&left, &some]), first(history, full, as_of, &[&none, &some]))
        }
        Window::Calendar { .. } => {
            let over = |holds: &dyn Fn(Ms, Ms) -> bool| {
                let (mut start, mut end) = window_bounds(history.objective.window, begun);
                while end <= as_of {
                    if start >= begun && counted(history, start, end) > 0 && holds(start, end) {
                        return Some(end);
                    }
                    (start, end) = window_bounds(history.objective.window, end);
                }
                None
            };
            // A millisecond before its end, the window is still the period, and so is its budget except for that
            // millisecond.
            let left = |start: Ms, end: Ms| {
                let totals = history.totals(start, end);
                let share = super::budget::WHOLE - history.objective.target_micro;
                let allowed = share * counted(history, start, end) * super::budget::MICROS;
                totals.consumed * super::budget::WHOLE * 10 <= allowed
            };
            (over(&left), over(&|start, end| history.totals(start, end).strict == 0))
        }
    };
    vec![miser, clean, first(history, begun, as_of, &[&no_own, &some_upstream]), rapid_recovery(history, as_of)]
}

/// Counted milliseconds.
fn counted(history: &History, start: Ms, end: Ms) -> i128 {
    i128::from(end - start) - history.totals(start, end).not_counted
}

/// At least nine tenths of the budget are left.
fn is_miserly(budget: &Budget) -> bool {
    budget.consumed * 10 <= budget.allowed
}

/// The first instant of `from..=as_of` at which all conditions are true. Between two breakpoints, each changes at most
/// once.
fn first(history: &History, from: Ms, as_of: Ms, conditions: &[&dyn Fn(Ms) -> bool]) -> Option<Ms> {
    if from > as_of {
        return None;
    }
    let mut edges: Vec<Ms> = history.pieces.iter().map(|piece| piece.start).chain(history.settles()).collect();
    match history.objective.window {
        Window::Rolling { days } => edges.extend(edges.clone().into_iter().map(|edge| edge + days * DAY)),
        window @ Window::Calendar { .. } => {
            let mut start = from;
            while start <= as_of {
                edges.push(start);
                start = window_bounds(window, start).1;
            }
        }
    }
    edges.retain(|edge| from < *edge && *edge <= as_of);
    edges.extend([from, as_of + 1]);
    edges.sort_unstable();
    edges.dedup();
    for pair in edges.windows(2) {
        let (start, last) = (pair[0], pair[1] - 1);
        let mut moments = vec![start];
        for condition in conditions {
            if !condition(start) && condition(last) {
                let (mut not, mut yes) = (start, last);
                while yes - not > 1 {
                    let middle = not + (yes - not) / 2;
                    if condition(middle) {
                        yes = middle;
                    } else {
                        not = middle;
                    }
                }
                moments.push(yes);
            }
        }
        moments.sort_unstable();
        if let Some(found) = moments.into_iter().find(|at| conditions.iter().all(|condition| condition(*at))) {
            return Some(found);
        }
    }
    None
}

/// The end of the first outage of at most five minutes that was not completely excused.
fn rapid_recovery(history: &History, as_of: Ms) -> Option<Ms> {
    let over = history.outages(as_of).into_iter().filter(|outage| !outage.events.is_empty());
    over.filter_map(|outage| Some((outage.start, outage.end?)))
        .find(|(start, end)| end - start <= 5 * MINUTE)
        .map(|(_, end)| end)
}
