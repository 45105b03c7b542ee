//! Owns the report of an objective: every value that `status` shows and `check` evaluates.

use std::borrow::Borrow;

use super::assess::Assessment;
use super::balance::{Budget, BudgetTier, BurnRate, LOOKBACKS, ONE_HOUR, State};
use super::forecast::Forecast;
use super::streak::Streak;
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::downtime::{Cause, Charge, Uncharged};
use crate::domain::account::member::SystemId;
use crate::domain::account::model::Model;
use crate::domain::account::tally::Tally;
use crate::domain::health::report::InMaintenance;
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::instant::Instant;
use crate::domain::value::label::Labels;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::domain::value::target::Target;
use crate::domain::value::window::Window;

/// That the objective is down at an instant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Down {
    /// When the outage began, whatever caused it then.
    pub(crate) since: Instant,
    /// Why it spends no budget at that instant; `None` if it does.
    pub(crate) excuse: Option<Excuse>,
}

/// Why downtime does not spend the budget.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Excuse {
    Maintenance,
    /// It is outside the objective's schedule.
    Schedule,
    /// Its outage is still shorter than the objective's minimum.
    TooShort,
    /// This upstream caused it, and those are free.
    Upstream(Name),
}

/// One objective as of one instant.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct ObjectiveReport {
    pub(crate) objective: Name,
    pub(crate) system: Name,
    pub(crate) healthcheck: Option<Name>,
    pub(crate) labels: Labels,
    /// Whether its set no longer declares it; no number depends on it. Set by callers that know.
    pub(crate) orphaned: bool,
    pub(crate) window_kind: Window,
    pub(crate) budget: Budget,
    pub(crate) state: State,
    pub(crate) tier: BudgetTier,
    /// The ongoing outage at `as-of`, if any.
    pub(crate) down: Option<Down>,
    /// Whether the objective's status is known at `as-of`.
    pub(crate) known_now: bool,
    /// The newest fact of the objective's streams at or before `as-of`, if any.
    pub(crate) last_seen: Option<Instant>,
    /// Downtime by cause (`None`: the system itself), in microseconds, largest first.
    pub(crate) attribution: Vec<(Option<Name>, i64)>,
    pub(crate) burn_rate: BurnRate,
    /// What was consumed over each of [`LOOKBACKS`], in microseconds.
    pub(crate) lately_us: [i64; LOOKBACKS.len()],
    pub(crate) fast_burn: bool,
    pub(crate) streak: Streak,
    pub(crate) forecast: Forecast,
    /// Corrected time of the window up to `as-of`, in milliseconds.
    pub(crate) corrected_ms: i64,
    /// The maintenance of its system in force at `as-of`, excused by it or not; no number depends on it. Set by callers
    /// that know.
    pub(crate) maintenance: Option<InMaintenance>,
}

impl ObjectiveReport {
    /// Computes the report of an assessment.
    pub(crate) fn draw<F, E>(assessment: &Assessment<'_>, chronicle: &mut Chronicle<F>) -> Result<Self, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        let model = assessment.model;
        let objective = &model.objective;
        let exclusion = objective.dependency_exclusion;
        let as_of = assessment.as_of;
        let budget = budget(assessment, chronicle)?;
        let attribution = attribution(model, &budget.tally);
        let mut lately_us = [0; LOOKBACKS.len()];
        for (consumed_us, (_, over_ms)) in lately_us.iter_mut().zip(LOOKBACKS) {
            let over = Span::new(as_of.plus(-over_ms), as_of);
            *consumed_us = assessment.lately(over, chronicle)?.consumed_us(exclusion);
        }
        let fast_burn = burn_rates(lately_us, objective.target)[ONE_HOUR]
            .compare(objective.thresholds.fast_burn_multiplier)
            .is_some_and(std::cmp::Ordering::is_ge);
        let down = down(assessment, chronicle)?;
        let forecast = Forecast::draw(assessment, &budget, chronicle)?;
        let counted = Span::new(assessment.first.unwrap_or(as_of).max(budget.elapsed.start).min(as_of), as_of);
        Ok(Self {
            corrected_ms: model.system.corrected_ms(objective.healthcheck.as_ref(), counted),
            objective: objective.metadata.name.clone(),
            system: objective.system.clone(),
            healthcheck: objective.healthcheck.clone(),
            labels: objective.metadata.labels.clone(),
            orphaned: model.orphaned,
            window_kind: objective.window,
            state: budget.state(assessment.first.is_some(), has_open_downtime(assessment)),
            tier: budget.tier(&objective.thresholds),
            down,
            known_now: assessment.now().is_some_and(|piece| piece.known),
            last_seen: assessment.last_seen,
            attribution,
            burn_rate: budget.burn_rate(),
            lately_us,
            fast_burn,
            streak: Streak::replay(&assessment.ledger),
            forecast,
            budget,
            maintenance: None,
        })
    }

    /// In the order of [`LOOKBACKS`].
    pub(crate) fn burn_rates(&self) -> [BurnRate; LOOKBACKS.len()] {
        burn_rates(self.lately_us, self.budget.target)
    }

    /// Whether it is drawn at the close of a period, so that nothing can follow.
    pub(crate) fn is_over(&self) -> bool {
        let Budget { window, elapsed, .. } = &self.budget;
        matches!(self.window_kind, Window::Calendar { .. }) && elapsed.end >= window.end
    }

    /// How long ago the newest fact was, in milliseconds.
    pub(crate) fn data_age_ms(&self) -> Option<i64> {
        self.last_seen.map(|seen| self.budget.elapsed.end.since(seen))
    }

    /// The state in a report of the same assessment.
    pub(crate) fn state<F, E>(assessment: &Assessment<'_>, chronicle: &mut Chronicle<F>) -> Result<State, E>
    where
        F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
    {
        Ok(budget(assessment, chronicle)?.state(assessment.first.is_some(), has_open_downtime(assessment)))
    }

    /// Since when it is down, if that spends the budget.
    pub(crate) fn down_since(&self) -> Option<Instant> {
        self.down.as_ref().filter(|down| down.excuse.is_none()).map(|down| down.since)
    }

    /// Whether it is down and that spends the budget.
    pub(crate) fn has_open_downtime(&self) -> bool {
        self.down_since().is_some()
    }

    /// The order of lists, worst first: by state, then by the remaining share of the budget, then by name.
    pub(crate) fn compare_worst(&self, other: &Self) -> std::cmp::Ordering {
        let remaining = self.budget.compare_remaining(&other.budget);
        self.state.cmp(&other.state).then(remaining).then_with(|| self.objective.cmp(&other.objective))
    }
}

/// Sorts reports worst first.
pub(crate) fn worst_first(reports: &mut [impl Borrow<ObjectiveReport>]) {
    reports.sort_by(|a, b| a.borrow().compare_worst(b.borrow()));
}

fn burn_rates(lately_us: [i64; LOOKBACKS.len()], target: Target) -> [BurnRate; LOOKBACKS.len()] {
    std::array::from_fn(|place| BurnRate { consumed_us: lately_us[place], over_ms: LOOKBACKS[place].1, target })
}

/// The account of the window.
fn budget<F, E>(assessment: &Assessment<'_>, chronicle: &mut Chronicle<F>) -> Result<Budget, E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    let objective = &assessment.model.objective;
    let window = assessment.window;
    let elapsed = Span::new(window.start, assessment.as_of);
    let tally = assessment.tally(elapsed, chronicle)?;
    Ok(Budget { target: objective.target, exclusion: objective.dependency_exclusion, window, elapsed, tally })
}

fn has_open_downtime(assessment: &Assessment<'_>) -> bool {
    let exclusion = assessment.model.objective.dependency_exclusion;
    assessment.now().is_some_and(|piece| piece.consumes(exclusion, assessment.as_of))
}

/// The ongoing outage.
fn down<F, E>(assessment: &Assessment<'_>, chronicle: &mut Chronicle<F>) -> Result<Option<Down>, E>
where
    F: FnMut(SystemId, Scope<'_>, Instant, Instant) -> Result<SystemHistory, E>,
{
    let model = assessment.model;
    let Some(now) = assessment.now().filter(|piece| piece.down) else { return Ok(None) };
    let exclusion = model.objective.dependency_exclusion;
    let excuse = match now.charge_as_of(assessment.as_of) {
        None if now.uncharged == Some(Uncharged::Schedule) => Some(Excuse::Schedule),
        None if now.is_too_short(assessment.as_of) => Some(Excuse::TooShort),
        None => Some(Excuse::Maintenance),
        Some(Charge { cause: Cause::Upstream(system), .. }) if !now.consumes(exclusion, assessment.as_of) => {
            Some(Excuse::Upstream(model.dependencies.name(system)))
        }
        Some(_) => None,
    };
    Ok(chronicle.down_since(model, assessment.as_of)?.map(|since| Down { since, excuse }))
}

/// Charged downtime by cause, largest first; ties: the system itself, then by name.
fn attribution(model: &Model, sums: &Tally) -> Vec<(Option<Name>, i64)> {
    let upstreams = sums.upstream_us.iter().map(|(system, ms)| (Some(model.dependencies.name(*system)), *ms));
    let mut parts: Vec<_> = std::iter::once((None, sums.own_us)).chain(upstreams).filter(|(_, ms)| *ms > 0).collect();
    parts.sort_by(|(one, millis), (other, of_other)| of_other.cmp(millis).then_with(|| one.cmp(other)));
    parts
}

#[cfg(test)]
mod tests;
