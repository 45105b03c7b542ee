//! Owns the decision behind `slo plan` and `slo apply`: it reads manifests, compares them with what is stored, and
//! accepts or refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use anyhow::Result;

use crate::cli::Apply;
use crate::commands::Context;
use crate::commands::declare::validate::{known, no_manifest, outcome as outcome_of_reading, problem_lines};
use crate::domain::account::maintenance::MaintenanceWindow;
use crate::domain::plan::object::{Identity, Kind, Object};
use crate::domain::plan::reconcile::{
    Conflict, Held, Plan, Refusal, Rename, Terms, conflicts, diff, idle_windows, outcome, refusals,
};
use crate::domain::plan::stored::StoredObject;
use crate::domain::value::name::Name;
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::manifest::{Files, Known, Origin, Reading};
use crate::render::declare::problems::{ProblemLine, lines, shortened};
use crate::render::form::number::counted;
use crate::repository::{Home, Place};
use crate::store::Store;

/// Objects listed by name if many have the same fault.
const MOST_SHOWN: usize = 5;
/// The most maintenance windows that are noted as excusing nothing.
const MOST_NOTED: usize = 10;

/// The result of reading manifests against a database.
pub(super) enum Decision {
    Refused(Refused),
    Planned(Box<Planned>),
}

/// The input from the command line: read once, before anything waits for it.
pub(super) struct Given {
    pub(super) home: Home,
    pub(super) files: Files,
}

impl Given {
    pub(super) fn load(context: &mut Context<'_>, args: &Apply) -> Self {
        let home = Home::of(&args.paths.paths);
        for doubt in &home.doubts {
            context.warn(&format!("warning: not used as a repository: {doubt}"));
        }
        Self { home, files: Files::load(&args.paths.paths, &mut context.stdin) }
    }
}

/// Why there is no plan.
pub(super) struct Refused {
    pub(super) set: Name,
    pub(super) problems: Vec<ProblemLine>,
    pub(super) status: ExitStatus,
}

/// A plan that may be applied, and its inputs.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) reading: Reading,
    pub(super) problems: Vec<ProblemLine>,
    pub(super) wanted: Vec<Rc<Object>>,
    pub(super) held: Vec<Held>,
    /// The files of the stored objects.
    pub(super) files: BTreeMap<Identity, String>,
}

impl Planned {
    /// All declared objects after the plan.
    pub(super) fn outcome(&self) -> Vec<&Object> {
        outcome(&self.wanted, &self.held, &self.plan)
    }
}

/// Reads and compares. Problems are reported on standard error as they are found, with `refused` as the consequence for
/// the command.
///
/// # Errors
/// If the set cannot be determined, or there are no manifests, among others.
pub(super) fn decide(
    context: &mut Context<'_>,
    args: &Apply,
    Given { home, files }: &Given,
    store: &Store,
    refused: &str,
) -> Result<Decision> {
    let set = set(args, home)?;
    let mut stored = Vec::new();
    for kind in Kind::ALL {
        stored.extend(store.objects(kind)?);
    }
    let reported = reported(store)?;
    let elsewhere = elsewhere(&stored, &set, home, files);
    let terms = Terms { set, adopt: args.adopt, prune: args.prune, elsewhere };
    let mut known = known(store)?;
    if args.prune {
        forget_prunable(&mut known, &stored, &terms, &reported);
    }
    let reading = files.read(&known);
    let mut problems = problem_lines(&reading);
    tell(context, &problems);
    if reading.shortened {
        context.warn(&shortened(problems.len()));
    }
    let status = outcome_of_reading(&reading);
    if status != ExitStatus::Pass {
        let must =
            if status == ExitStatus::Fail { "all manifests must be valid" } else { "every file must be readable" };
        context.warn(&format!("{refused}: {must}"));
        return Ok(Decision::Refused(Refused { set: terms.set, problems, status }));
    }
    if reading.objects.is_empty() && !args.allow_empty {
        if let Some((_, file)) = reading.feeds.first() {
            let remedy = format!("use `slo ingest --feed {file}`, which reads records with it");
            return Err(Failure::new("no manifest found: feeds are not applied", remedy));
        }
        return Err(no_manifest(
            "name files or folders that hold *.yaml or *.yml manifests, or add --allow-empty if there should be none",
        ));
    }
    let wanted: Vec<Rc<Object>> = reading.objects.iter().map(|declared| Rc::clone(&declared.object)).collect();
    let (mut held, mut files) = (Vec::with_capacity(stored.len()), BTreeMap::new());
    for StoredObject { held: stored, file, .. } in stored {
        files.insert(stored.object.identity(), file);
        held.push(stored);
    }
    let plan = diff(&wanted, &held, &terms);
    let places = Places::of(&reading, &files);
    let mut faults = places.refusals(&refusals(&wanted, &held, &terms), &terms.set);
    let mut reason = "every object must belong to the set";
    if faults.is_empty() {
        reason = "the result would be inconsistent";
        let broken = conflicts(&outcome(&wanted, &held, &plan), &reported);
        faults = broken.iter().map(|conflict| places.conflict(conflict, &plan)).collect();
    }
    if !faults.is_empty() {
        tell(context, &faults);
        context.warn(&format!("{refused}: {reason}"));
        problems.append(&mut faults);
        return Ok(Decision::Refused(Refused { set: terms.set, problems, status: ExitStatus::Fail }));
    }
    let planned = Planned { plan, reading, problems, wanted, held, files };
    remark(context, &planned, &reported);
    Ok(Decision::Planned(Box::new(planned)))
}

fn tell(context: &mut Context<'_>, problems: &[ProblemLine]) {
    if !problems.is_empty() {
        let text = lines(problems, context.canvas);
        context.tell(text.trim_end());
    }
}

/// The given set, else the name of the manifests' home.
fn set(args: &Apply, home: &Home) -> Result<Name> {
    if args.set.is_none() && args.paths.paths.iter().any(|path| path.as_os_str() == "-") {
        return Err(Failure::new(
            "manifests from standard input need a set",
            "name the set with --set NAME; `slo list sets` lists them",
        ));
    }
    args.set.clone().or_else(|| home.name()).ok_or_else(|| {
        if let Some(missing) = args.paths.paths.iter().find(|path| path.as_os_str() != "-" && !path.exists()) {
            return Failure::new(format!("{} does not exist", missing.display()), "name files or folders of manifests");
        }
        Failure::new(
            "cannot determine the set of these manifests: they are not in a repository, and their folder has no name",
            "name the set with --set NAME",
        )
    })
}

/// The objects of the set that may be declared in files that were not given.
fn elsewhere(stored: &[StoredObject], set: &Name, home: &Home, files: &Files) -> BTreeSet<Identity> {
    let read: BTreeSet<Place> = files.names().map(|file| home.place(file)).collect();
    let own = stored.iter().filter(|stored| stored.held.set.as_ref() == Some(set));
    let undecided = own.filter(|stored| {
        let declared = Place { repository: stored.repository.clone(), file: stored.file.clone() };
        !home.decides(&declared, set, &read)
    });
    undecided.map(|stored| stored.held.object.identity()).collect()
}

/// With pruning, objects known only from manifests of the set may be deleted, so its manifests must not refer to them.
fn forget_prunable(known: &mut Known, stored: &[StoredObject], terms: &Terms, reported: &BTreeSet<Name>) {
    let own = stored.iter().map(|stored| &stored.held).filter(|held| held.set.as_ref() == Some(&terms.set));
    let own = own.filter(|held| !terms.elsewhere.contains(&held.object.identity()));
    for held in own {
        let name = held.object.name();
        match held.object.kind() {
            Kind::System => {
                known.declared.remove(name);
                if !reported.contains(name) {
                    known.systems.remove(name);
                }
            }
            Kind::Objective => drop(known.objectives.remove(name)),
            Kind::MaintenanceWindow | Kind::Correction | Kind::Condition => {}
        }
    }
}

/// The systems that have at least one transition.
fn reported(store: &Store) -> Result<BTreeSet<Name>> {
    let streams = store.all_streams()?;
    let systems = store.systems()?.into_iter().filter(|(_, id)| streams.contains_key(id));
    Ok(systems.map(|(name, _)| name).collect())
}

/// Reports what is allowed but probably not intended.
fn remark(context: &mut Context<'_>, planned: &Planned, reported: &BTreeSet<Name>) {
    let plan = &planned.plan;
    if !plan.elsewhere.is_empty() {
        let files: BTreeSet<&str> =
            plan.elsewhere.iter().filter_map(|object| planned.files.get(object)).map(|file| &**file).collect();
        let (count, first) = (plan.elsewhere.len(), files.first().copied().unwrap_or_default());
        let objects = counted(count, "object");
        let more = match files.len() {
            0 | 1 => String::new(),
            2 => " and 1 other file".to_owned(),
            more => format!(" and {} other files", more - 1),
        };
        context.note(&format!(
            "note: left alone: {objects} of the set {} from {first}{more}, which {} not given",
            plan.set,
            if files.len() > 1 { "were" } else { "was" }
        ));
    }
    let written: BTreeSet<&Name> =
        plan.written().filter(|object| object.kind() == Kind::MaintenanceWindow).map(Object::name).collect();
    let outcome = planned.outcome();
    let idle: Vec<&MaintenanceWindow> =
        idle_windows(&outcome).into_iter().filter(|window| written.contains(&window.metadata.name)).collect();
    for window in &idle[..idle.len().min(MOST_NOTED)] {
        let systems: Vec<&str> = window.systems.iter().map(Name::as_str).collect();
        context.note(&format!(
            "note: maintenance window {} excuses nothing: no objective of {} has excludeMaintenanceWindows: true or \
             notCounted: [maintenance]",
            window.metadata.name,
            systems.join(", ")
        ));
    }
    if idle.len() > MOST_NOTED {
        context.note(&format!("note: {} more maintenance windows excuse nothing", idle.len() - MOST_NOTED));
    }
    for (old, new) in plan.renamed_systems().into_iter().filter(|(old, _)| reported.contains(old)) {
        context.note(&format!(
            "note: the transitions of {old} stay with {old}: facts are not renamed to {new}; ingest what follows as {new}, and \
             `slo db rename-system {old} {new}` moves the history"
        ));
    }
}

/// The places of declared objects, for problems with them.
struct Places<'a> {
    written: BTreeMap<Identity, &'a Origin>,
    files: &'a BTreeMap<Identity, String>,
}

impl<'a> Places<'a> {
    fn of(reading: &'a Reading, files: &'a BTreeMap<Identity, String>) -> Self {
        let written = reading.objects.iter().map(|declared| (declared.object.identity(), &declared.origin));
        Self { written: written.collect(), files }
    }

    fn problem(&self, object: &Identity, message: String, remedy: Option<String>) -> ProblemLine {
        let written = self.written.get(object);
        let stored = || self.files.get(object).cloned().unwrap_or_default();
        ProblemLine {
            file: written.map_or_else(stored, |origin| origin.file.to_string()),
            line: written.map(|origin| origin.line),
            column: None,
            severity: "error",
            subject: Some(object.to_string()),
            message,
            remedy,
            excerpt: None,
        }
    }

    /// The problems that prevent the plan. Objects of one other set are one problem, because that is one mistake.
    fn refusals(&self, refusals: &[Refusal], set: &Name) -> Vec<ProblemLine> {
        let mut owners: BTreeMap<Name, Vec<&Identity>> = BTreeMap::new();
        for refusal in refusals {
            if let Refusal::Foreign { object, owner } = refusal {
                owners.entry(owner.clone()).or_default().push(object);
            }
        }
        owners.retain(|_, objects| objects.len() > 1);
        let of_many = |refusal: &&Refusal| match refusal {
            Refusal::Foreign { owner, .. } => owners.contains_key(owner),
            Refusal::RenamedTwice { .. } => false,
        };
        let single = refusals.iter().filter(|refusal| !of_many(refusal)).map(|refusal| self.refusal(refusal, set));
        owners.iter().map(|(owner, objects)| self.foreign(owner, objects, set)).chain(single).collect()
    }

    fn foreign(&self, owner: &Name, objects: &[&Identity], set: &Name) -> ProblemLine {
        let (count, shown) = (objects.len(), objects.len().min(MOST_SHOWN));
        let names: Vec<String> = objects[..shown].iter().map(ToString::to_string).collect();
        let more = if count > shown { format!(" and {} more", count - shown) } else { String::new() };
        let message =
            format!("{count} objects belong to the set {owner}, and this is the set {set}: {}{more}", names.join(", "));
        let remedy = format!(
            "apply them with --set {owner} if the files have only moved, or this is a fork or a copy; take them over with \
             --adopt; or rename them"
        );
        ProblemLine { subject: None, ..self.problem(objects[0], message, Some(remedy)) }
    }

    fn refusal(&self, refusal: &Refusal, set: &Name) -> ProblemLine {
        let (message, remedy) = match refusal {
            Refusal::Foreign { object, owner } => {
                let file = self.files.get(object).map_or("", String::as_str);
                let message = format!("it belongs to the set {owner} ({file}), and this is the set {set}");
                (message, "rename it, apply it with --set of its own set, or take it over with --adopt".to_owned())
            }
            Refusal::RenamedTwice { old_name, other, .. } => {
                let message = format!("it is renamed from {old_name}, and so is {other}");
                (message, "only one of them can continue it; remove one of the two annotations".to_owned())
            }
        };
        self.problem(refusal.object(), message, Some(remedy))
    }

    fn conflict(&self, conflict: &Conflict, plan: &Plan) -> ProblemLine {
        let missing = |kind: Kind, name: &Name| {
            let is_it = |rename: &&Rename| rename.update.object.kind() == kind && rename.old_name == *name;
            match plan.rename.iter().find(is_it) {
                Some(rename) => format!("write {}, its new name", rename.update.object.name()),
                None => "keep its declaration, or remove the reference first".to_owned(),
            }
        };
        let (object, remedy) = match conflict {
            Conflict::MissingSystem { from, system, .. } => (from.clone(), missing(Kind::System, system)),
            Conflict::MissingObjective { from, objective, .. } => (from.clone(), missing(Kind::Objective, objective)),
            Conflict::CheckOfComposite { from, .. } => {
                (from.clone(), "remove healthcheckRef, or name the member that has the check".to_owned())
            }
            Conflict::Contradiction { from, .. } => {
                (from.clone(), "change one of them, or end one where the other starts".to_owned())
            }
            Conflict::Cycle(names) => {
                let first = Identity { kind: Kind::System, name: names[0].clone() };
                (first, "remove one of these dependencies".to_owned())
            }
        };
        let message = conflict.to_string();
        let message = message.strip_prefix(&format!("{object}: ")).unwrap_or(&message);
        self.problem(&object, message.to_owned(), Some(remedy))
    }
}
