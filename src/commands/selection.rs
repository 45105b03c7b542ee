//! Owns selecting objectives and systems: names, `--system` and label selectors.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Context;
use crate::cli::{Filter, Selection};
use crate::domain::account::member::SystemId;
use crate::domain::account::objective::Objective;
use crate::domain::plan::object::{Kind, Object};
use crate::domain::rules::condition::Scope;
use crate::domain::value::instant::Instant;
use crate::domain::value::label::Labels;
use crate::domain::value::name::Name;
use crate::domain::value::selector::Selector;
use crate::evaluation::labelled_systems;
use crate::failure::Failure;
use crate::manifest::did_you_mean;
use crate::render::form::moment::zoned;
use crate::store::{Store, Stored};

/// The selected objectives, sorted by name.
///
/// # Errors
/// If a name or label selector is invalid, or a name is unknown.
pub(super) fn objectives(store: &Store, selection: &Selection) -> Result<Vec<Stored>> {
    let is_wanted = wanted(store, &selection.filter.system, selection.filter.selector.as_deref())?;
    let mut objectives = if selection.names.is_empty() { store.objectives()? } else { named(store, &selection.names)? };
    objectives.retain(|stored| is_wanted(&stored.objective));
    Ok(objectives)
}

/// The objectives with these names, in the given order, as far as they match the filter; without names, all that match it.
///
/// # Errors
/// If a name or label selector is invalid, or a name is unknown.
pub(super) fn in_order(store: &Store, names: &[String], filter: &Filter) -> Result<Vec<Stored>> {
    let is_wanted = wanted(store, &filter.system, filter.selector.as_deref())?;
    let mut objectives = if names.is_empty() { store.objectives()? } else { each_objective(store, names)? };
    objectives.retain(|stored| is_wanted(&stored.objective));
    Ok(objectives)
}

/// Whether an objective is of one of these systems, if any are given, and matches a label selector.
///
/// # Errors
/// If the selector is invalid, or a system is unknown.
pub(super) fn wanted<'f>(
    store: &Store,
    systems: &'f [String],
    selector: Option<&str>,
) -> Result<impl Fn(&Objective) -> bool + use<'f>> {
    let selector = labels(selector)?;
    for system in systems {
        let known = Name::parse(system).ok().map(|name| store.system(&name)).transpose()?.flatten();
        if known.is_none() {
            let systems = store.systems()?;
            return Err(unknown("system", system, systems.iter().map(|(name, _)| name.as_str())));
        }
    }
    Ok(move |objective: &Objective| {
        let of_system = |system: &String| objective.system.as_str() == system;
        (systems.is_empty() || systems.iter().any(of_system))
            && selector.as_ref().is_none_or(|selector| selector.matches(&objective.metadata.labels))
    })
}

/// The way to objectives, if none is declared.
const TO_DECLARE: &str = "`slo init slo.yaml` writes a manifest to start from, and `slo apply slo.yaml` declares it";

/// Notes that no objective is declared.
pub(super) fn tell_none_declared(context: &mut Context<'_>) {
    context.note(&format!("no objective is declared; {TO_DECLARE}"));
}

/// Said if filters match no objective.
pub(super) const NO_MATCH: &str = "no objective matches; `slo list objectives` lists them with their labels";

/// Notes that no objective is selected, so that an empty answer is explained.
pub(super) fn tell_none(context: &mut Context<'_>, is_none: bool, selection: &Selection) {
    if is_none {
        if selection.is_all() { tell_none_declared(context) } else { context.note(NO_MATCH) }
    }
}

/// The error that there is nothing to `what`, with the objectives that could be selected.
pub(super) fn nothing(store: &Store, what: &str) -> anyhow::Error {
    let all = match store.objectives() {
        Ok(all) => all,
        Err(error) => return error,
    };
    if all.is_empty() {
        return Failure::new(format!("nothing to {what}: no objective is declared"), TO_DECLARE);
    }
    let pairs = all.iter().flat_map(|stored| stored.objective.metadata.labels.iter());
    let pairs: BTreeSet<String> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
    let pairs: Vec<&str> = pairs.iter().map(String::as_str).collect();
    let hint = match &pairs[..] {
        [] => "`slo list objectives` shows their names; none has a label".to_owned(),
        _ => format!("`slo list objectives` shows names and labels; the labels are {}", listed(&pairs)),
    };
    Failure::new(format!("nothing to {what}: no objective matches"), hint)
}

/// The systems that a command about objectives covers, too, with their labels: those matching `--system` and `-l`; none
/// if objectives are named.
///
/// # Errors
/// If a name or label selector is invalid, or a name is unknown.
pub(super) fn systems_in_scope(store: &Store, selection: &Selection, as_of: Instant) -> Result<Vec<(Name, Labels)>> {
    let Selection { names, filter } = selection;
    let selector = labels(filter.selector.as_deref())?;
    drop(systems(store, &filter.system)?);
    if !names.is_empty() {
        return Ok(Vec::new());
    }
    let is_named = |name: &Name| filter.system.iter().any(|system| name.as_str() == system);
    let mut found = labelled_systems(store, as_of, is_named)?;
    found.retain(|(name, labels)| {
        (filter.system.is_empty() || is_named(name))
            && selector.as_ref().is_none_or(|selector| selector.matches(labels))
    });
    Ok(found)
}

/// The error that a condition covers none of the selected systems, so that there is nothing to `what`; `which` names it.
pub(super) fn no_system(
    store: &Store,
    (what, which): (&str, &str),
    (selection, scope): (&Selection, &Scope),
    as_of: Instant,
) -> anyhow::Error {
    if !selection.names.is_empty() {
        return Failure::new(
            format!("nothing to {what}: {which} is about systems, but the names select objectives"),
            "leave out the names, or select systems with --system and -l",
        );
    }
    if let Scope::System(name) = scope
        && let Ok(Some(Object::System(system))) = store.object(Kind::System, name)
        && let Some(at) = system.retired_at.filter(|at| *at <= as_of)
    {
        return Failure::new(
            format!("nothing to {what}: {which} is about system {name}, which is retired since {}", zoned(at)),
            format!("add --system {name} to {what} it anyway, or remove the condition"),
        );
    }
    Failure::new(
        format!("nothing to {what}: {which} selects none of these systems"),
        "see `slo list conditions` for the systems each condition selects, and select systems with --system and -l",
    )
}

/// Systems with the wanted labels.
pub(super) struct Labelled {
    selector: Selector,
    declared: BTreeMap<Name, Labels>,
}

impl Labelled {
    /// Whether a system has them; one without a manifest has no labels.
    pub(super) fn covers(&self, system: &Name) -> bool {
        self.declared
            .get(system)
            .map_or_else(|| self.selector.matches(&Labels::default()), |has| self.selector.matches(has))
    }
}

/// The systems that match a label selector; `None` without a selector.
///
/// # Errors
/// If the selector is invalid, among others.
pub(super) fn labelled(store: &Store, typed: Option<&str>) -> Result<Option<Labelled>> {
    let Some(selector) = labels(typed)? else { return Ok(None) };
    let systems = store.objects(Kind::System)?.into_iter().filter_map(|stored| match stored.held.object {
        Object::System(system) => Some((system.metadata.name, system.metadata.labels)),
        _ => None,
    });
    Ok(Some(Labelled { selector, declared: systems.collect() }))
}

/// The typed label selector.
///
/// # Errors
/// If it is invalid.
pub(super) fn labels(typed: Option<&str>) -> Result<Option<Selector>> {
    typed
        .map(Selector::parse)
        .transpose()
        .map_err(|error| Failure::new(format!("-l {error}"), "write for example -l team=payments,tier!=low"))
}

/// The objective with this name, or the only one of the system with this name.
///
/// # Errors
/// If there is none, or the system has several.
pub(super) fn objective(store: &Store, name: &str) -> Result<Stored> {
    match exact(store, name)? {
        Some(stored) => Ok(stored),
        None => {
            let all = store.objectives()?;
            let own = all.iter().filter(|stored| stored.objective.system.as_str() == name).collect::<Vec<_>>();
            match own[..] {
                [only] => Ok(only.clone()),
                [] => Err(missing(name, &all)),
                _ => {
                    let names: Vec<&str> = own.iter().copied().map(title).collect();
                    let what = format!("{name:?} is a system with {} objectives", names.len());
                    Err(Failure::new(what, format!("name one of them: {}", listed(&names))))
                }
            }
        }
    }
}

/// The objectives with these names, or the only ones of systems with these names, in the given order, each once.
///
/// # Errors
/// If there is none, or a system has several.
fn each_objective(store: &Store, names: &[String]) -> Result<Vec<Stored>> {
    let mut found: Vec<Stored> = Vec::new();
    for name in names {
        let stored = objective(store, name)?;
        if found.iter().all(|known| known.id != stored.id) {
            found.push(stored);
        }
    }
    Ok(found)
}

/// The objectives with these names, sorted, each once.
fn named(store: &Store, names: &[String]) -> Result<Vec<Stored>> {
    let parsed: Vec<Option<Name>> = names.iter().map(|name| Name::parse(name).ok()).collect();
    let mut found = Vec::new();
    for (name, stored) in names.iter().zip(store.objectives_named(parsed.iter().map(Option::as_ref))?) {
        found.push(stored.map_or_else(|| store.objectives().and_then(|all| Err(missing(name, &all))), Ok)?);
    }
    found.sort_by(|a, b| a.objective.metadata.name.cmp(&b.objective.metadata.name));
    found.dedup_by(|a, b| a.id == b.id);
    Ok(found)
}

fn exact(store: &Store, name: &str) -> Result<Option<Stored>> {
    Ok(Name::parse(name).ok().map(|name| store.objective(&name)).transpose()?.flatten())
}

/// The error for a name that no objective has.
fn missing(name: &str, all: &[Stored]) -> anyhow::Error {
    let own: Vec<&str> = all.iter().filter(|stored| stored.objective.system.as_str() == name).map(title).collect();
    if own.is_empty() {
        return unknown("objective", name, all.iter().map(title));
    }
    let hint = format!("{name:?} is a system; `--system {name}` selects its objectives: {}", listed(&own));
    Failure::new(format!("there is no objective {name:?}"), hint)
}

fn title(stored: &Stored) -> &str {
    stored.objective.metadata.name.as_str()
}

/// The first few names, and the number of others.
fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN { format!("{shown} and {} more", names.len() - SHOWN) } else { shown }
}

/// The selected systems, sorted by name; without names, all.
///
/// # Errors
/// If a name is not a system's.
pub(super) fn systems(store: &Store, names: &[String]) -> Result<Vec<(Name, SystemId)>> {
    if names.is_empty() {
        return store.systems();
    }
    let mut found = BTreeMap::new();
    for text in names {
        let name = Name::parse(text).ok();
        let Some((name, id)) = name.map(|name| named_system(store, name)).transpose()?.flatten() else {
            let all = store.systems()?;
            return Err(unknown("system", text, all.iter().map(|(known, _)| known.as_str())));
        };
        found.insert(name, id);
    }
    Ok(found.into_iter().collect())
}

fn named_system(store: &Store, name: Name) -> Result<Option<(Name, SystemId)>> {
    Ok(store.system(&name)?.map(|id| (name, id)))
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> anyhow::Error {
    let is_none = known.clone().next().is_none();
    let guess = did_you_mean(name, known);
    let hint = match guess {
        _ if is_none && what == "objective" => format!("no objective is declared; {TO_DECLARE}"),
        guess if guess.is_empty() => format!("`slo list {what}s` lists them"),
        guess => guess,
    };
    Failure::new(format!("there is no {what} {name:?}"), hint)
}
