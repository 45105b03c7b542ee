//! Owns `slo backtest`: when a condition would have fired, its score, and what the history supports.
//!
//! | `slo backtest [NAME…]` | when a condition (`--when`, `--condition`) would have fired, and its score as an alert;
//! `--suggest target` or `threshold`: what the history supports | |

mod incidents;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use anyhow::{Context as _, Result, anyhow};

use crate::cli::{Backtest, Suggest};
use crate::commands::{Answer, Context, Run, expression, moment, range, selection};
use crate::domain::rules::backtest::Matching;
use crate::domain::rules::backtest::firing::{Against, watched};
use crate::domain::rules::backtest::threshold::{BurnAlert, best_first};
use crate::domain::rules::condition::{Owner, Scope, Term};
use crate::domain::rules::incident::Incident;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::name::Name;
use crate::evaluation::{Question, Subjects, backtest, last_windows_of, suggest_thresholds};
use crate::failure::Failure;
use crate::render::Looks;
use crate::render::decide::{backtest as render, suggestion};
use crate::store::{Access, Store, Stored};

/// How far back firings are searched without `--since`.
const USUAL_MS: i64 = 90 * DAY_MS;
/// The number of windows that a suggested target met, unless given.
const USUAL_WINDOWS: u32 = 6;
/// How long before a breach an alert may announce it without `--lead`: the longest lookback of the burn rates.
const USUAL_LEAD_MS: i64 = 3 * DAY_MS;

impl Run for Backtest {
    const NAME: &'static str = "backtest";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let (since, until) = tested_range(args, context.as_of)?;
        let incidents = incidents::read(context, args)?;
        let against = incidents.as_deref().map_or(Against::Breaching, Against::Incidents);
        let usual = if incidents.is_some() { 0 } else { USUAL_LEAD_MS };
        let matching = Matching { lead_ms: args.lead.unwrap_or(usual), grace_ms: args.grace };
        let question = Question { since, until, against, matching };
        let store = context.store(Access::Read)?;
        if let Some(incidents) = &incidents {
            tell_strangers(context, &store, incidents)?;
        }
        match args.suggest {
            None => tested(context, args, &store, question),
            Some(Suggest::Target) => targets(context, args, &store, until),
            Some(Suggest::Threshold) => thresholds(context, args, &store, question),
        }
    }
}

fn tested(context: &mut Context<'_>, args: &Backtest, store: &Store, question: Question<'_>) -> Result<Answer> {
    let mut doubts = Vec::new();
    let (term, tested, about_systems, matching) = store.read(|store| {
        let (term, scope) = asked(store, args)?;
        let about_systems = scope.owner() == Owner::System;
        let subjects = if about_systems {
            Subjects::Systems(selected_systems(store, args, &scope, question.until)?)
        } else {
            Subjects::Objectives(selected(store, args, &scope)?)
        };
        if args.when.is_some() {
            let covered: Vec<_> = match &subjects {
                Subjects::Objectives(objectives) => objectives.iter().map(|stored| &stored.objective).collect(),
                Subjects::Systems(_) => Vec::new(),
            };
            doubts = expression::doubts(&term, &covered);
        }
        // A burn rate forecasts a breach; a status does not.
        let lead_ms = if about_systems { args.lead.unwrap_or(0) } else { question.matching.lead_ms };
        let question = Question { matching: Matching { lead_ms, ..question.matching }, ..question };
        let tested = backtest(store, subjects, &term, question)?;
        Ok((term, tested, about_systems, question.matching))
    })?;
    expression::tell_doubts(context, &doubts);
    if tested.iter().all(|tested| tested.from.is_none()) {
        let whose = if about_systems { "none of these systems" } else { "no system of these objectives" };
        context.note(&format!("{whose} had reported by the end of this time range"));
    }
    let incidents = match question.against {
        Against::Breaching => None,
        Against::Incidents(incidents) => Some(incidents.to_vec()),
    };
    let question = render::Question {
        condition: args.condition.clone().unwrap_or_else(|| "when".to_owned()),
        watched: watched(&term),
        term,
        since: question.since,
        until: question.until,
        about_systems,
        incidents,
        matching,
    };
    let as_of = context.as_of;
    let looks = Looks::of((question, tested)).document(move |(asked, tested)| render::document(asked, tested, as_of));
    Ok(looks.sheet(|(asked, tested), wide| render::sheet(asked, tested, wide)).into())
}

/// The range given by `--since`, which may be a duration before the end, and `--until`; it is not empty.
fn tested_range(args: &Backtest, as_of: Instant) -> Result<(Instant, Instant)> {
    let until = args.until.as_deref().map_or(Ok(as_of), |text| moment(text, as_of)).context("--until")?;
    if until > as_of {
        return Err(range::after_as_of("--until", until, as_of));
    }
    let since =
        args.since.as_deref().map_or(Ok(until.plus(-USUAL_MS)), |text| moment(text, until)).context("--since")?;
    match since.cmp(&until) {
        Ordering::Less => Ok((since, until)),
        Ordering::Greater if args.until.is_some() => Err(range::reversed(since, until)),
        Ordering::Greater => Err(range::after_as_of("--since", since, as_of)),
        Ordering::Equal => Err(Failure::new(
            format!("--since {since} is not before the end, {until}"),
            "choose an earlier time, or a duration such as 90d",
        )),
    }
}

fn targets(context: &mut Context<'_>, args: &Backtest, store: &Store, until: Instant) -> Result<Answer> {
    if args.when.is_some() || args.condition.is_some() {
        return Err(Failure::new(
            "a target does not depend on a condition",
            "omit --when and --condition, or use --suggest threshold",
        ));
    }
    let windows = args.windows.unwrap_or(USUAL_WINDOWS);
    let pasts = store.read(|store| last_windows_of(store, selected(store, args, &Scope::All)?, until, windows))?;
    for past in pasts.iter().filter(|past| past.windows.len() < windows as usize) {
        let (name, count) = (&past.objective, past.windows.len());
        context.note(&format!("{name}: its history has {count} of {windows} whole windows"));
    }
    let as_of = context.as_of;
    let looks = Looks::of(pasts).document(move |it| suggestion::targets(it, windows, as_of));
    Ok(looks.sheet(move |it, wide| suggestion::target_sheet(it, windows, wide)).into())
}

fn thresholds(context: &mut Context<'_>, args: &Backtest, store: &Store, question: Question<'_>) -> Result<Answer> {
    if args.windows.is_some() {
        return Err(Failure::new(
            "--windows is about a target, and a threshold is suggested",
            "omit --windows, or use --suggest target; --since says how far to look back",
        ));
    }
    let mut trials = store.read(|store| {
        let (alerts, scope) = if args.when.is_some() || args.condition.is_some() {
            let (term, scope) = asked(store, args)?;
            (vec![alert(&term)?], scope)
        } else {
            (BurnAlert::of_policy(), Scope::All)
        };
        suggest_thresholds(store, selected(store, args, &scope)?, alerts, question)
    })?;
    if trials.iter().all(|trial| trial.score.events == 0) {
        let (what, hint) = match question.against {
            Against::Breaching => (
                "no objective started to breach",
                "look further back with --since, or compare with incidents: --against FILE",
            ),
            Against::Incidents(_) => ("no incident began", "look further back with --since, or name another file"),
        };
        return Err(Failure::new(
            format!("{what} from {} to {}, so no threshold can be suggested", question.since, question.until),
            hint,
        ));
    }
    best_first(&mut trials);
    let (as_of, since, until) = (context.as_of, question.since, question.until);
    let looks = Looks::of(trials).document(move |it| suggestion::thresholds(it, since, until, as_of));
    Ok(looks.sheet(move |it, _| suggestion::threshold_sheet(it, since, until)).into())
}

/// Reports incidents of unknown subjects: a list may cover more than this database, and a name may be misspelled.
fn tell_strangers(context: &mut Context<'_>, store: &Store, incidents: &[Incident]) -> Result<()> {
    let (objectives, systems) = store.read(|store| Ok((store.objectives()?, store.systems()?)))?;
    let objectives: BTreeSet<&Name> = objectives.iter().map(|stored| &stored.objective.metadata.name).collect();
    let systems: BTreeSet<&Name> = systems.iter().map(|(name, _)| name).collect();
    let strange = |incident: &&Incident| {
        incident.objective.as_ref().is_some_and(|name| !objectives.contains(name))
            || incident.system.as_ref().is_some_and(|name| !systems.contains(name))
    };
    let strangers: Vec<&Incident> = incidents.iter().filter(strange).collect();
    let names: BTreeSet<&str> = strangers
        .iter()
        .filter_map(|incident| incident.objective.as_ref().or(incident.system.as_ref()))
        .map(Name::as_str)
        .collect();
    if !names.is_empty() {
        let names: Vec<&str> = names.into_iter().take(5).collect();
        context.note(&format!(
            "note: {} of {} incidents {} about objectives or systems that this database does not know, such as {}",
            strangers.len(),
            incidents.len(),
            if strangers.len() == 1 { "is" } else { "are" },
            names.join(", ")
        ));
    }
    Ok(())
}

/// The requested condition and its scope.
fn asked(store: &Store, args: &Backtest) -> Result<(Term, Scope)> {
    let (term, scope) = match (&args.condition, &args.when) {
        (Some(name), _) => {
            let found = expression::named(store.conditions()?, std::slice::from_ref(name))?.pop();
            let condition = found.ok_or_else(|| anyhow!("there is no condition {name:?}"))?;
            (condition.when, condition.scope)
        }
        (None, expression) => expression::parse(expression.as_deref().unwrap_or_default())?,
    };
    expression::exist(store, &term)?;
    Ok((term, scope))
}

fn alert(term: &Term) -> Result<BurnAlert> {
    BurnAlert::of(term).ok_or_else(|| {
        Failure::new(
            format!("`{term}` does not compare burn rates with one threshold"),
            "write for example --when 'burnRates.1h > 14.4 && burnRates.5m > 14.4', or leave it out to try the pairs of the policy",
        )
    })
}

/// The selected systems that a condition covers.
fn selected_systems(store: &Store, args: &Backtest, scope: &Scope, as_of: Instant) -> Result<Vec<Name>> {
    let selected = selection::systems_in_scope(store, &args.selection, as_of)?.into_iter();
    let systems: Vec<Name> =
        selected.filter(|(name, labels)| scope.covers_system(name, labels)).map(|(name, _)| name).collect();
    if systems.is_empty() {
        let which = args.condition.as_ref().map_or("--when".to_owned(), |name| format!("the condition {name}"));
        return Err(selection::no_system(store, ("test", &which), (&args.selection, scope), as_of));
    }
    Ok(systems)
}

fn selected(store: &Store, args: &Backtest, scope: &Scope) -> Result<Vec<Stored>> {
    let mut objectives = selection::objectives(store, &args.selection)?;
    if objectives.iter().all(|stored| !scope.covers(&stored.objective.metadata))
        && let (Some(name), false) = (&args.condition, objectives.is_empty())
    {
        return Err(Failure::new(
            format!("nothing to test: the condition {name} selects none of these objectives"),
            "see `slo list conditions` for the objectives each condition selects",
        ));
    }
    objectives.retain(|stored| scope.covers(&stored.objective.metadata));
    if objectives.is_empty() {
        return Err(selection::nothing(store, "test"));
    }
    Ok(objectives)
}
