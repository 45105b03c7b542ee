//! Owns the decision what `slo plan` and `slo apply` are about: the manifests read, compared with what is stored, and judged.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::cli::Apply;
use crate::commands::Context;
use crate::commands::validate::{known, no_manifest, outcome as outcome_of_reading, problem_lines};
use crate::domain::maintenance::MaintenanceWindow;
use crate::domain::name::Name;
use crate::domain::object::{Identity, Kind, Object};
use crate::domain::reconcile::{
    Conflict, Held, Plan, Refusal, Terms, conflicts, diff, idle_windows, outcome, refusals,
};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::manifest::{Known, Origin, Reading, read};
use crate::render::problems::{ProblemLine, lines};
use crate::repository::Home;
use crate::store::{Store, StoredObject};

/// What reading manifests against a database led to.
pub(super) enum Decision {
    Refused(Refused),
    Planned(Box<Planned>),
}

/// Why there is no plan.
pub(super) struct Refused {
    pub(super) set: Name,
    pub(super) problems: Vec<ProblemLine>,
    pub(super) status: ExitStatus,
}

/// A plan that may be carried out, and what it was made from.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) home: Home,
    pub(super) reading: Reading,
    /// Warnings.
    pub(super) problems: Vec<ProblemLine>,
    pub(super) wanted: Vec<Object>,
    pub(super) held: Vec<Held>,
    /// Where the stored objects are declared.
    pub(super) files: BTreeMap<Identity, String>,
}

impl Planned {
    /// All declared objects there will be.
    pub(super) fn outcome(&self) -> Vec<&Object> {
        outcome(&self.wanted, &self.held, &self.plan)
    }
}

/// Reads and compares. Problems are told on standard error as they are found, and `refused` says what they mean for the command.
///
/// # Errors
/// When the database does not answer, no set can be told, or there is no manifest at all.
pub(super) fn decide(context: &mut Context<'_>, args: &Apply, store: &Store, refused: &str) -> Result<Decision> {
    let home = Home::of(&args.paths.paths);
    for doubt in &home.doubts {
        context.warn(&format!("warning: not used as a repository: {doubt}"));
    }
    let terms = Terms { set: set(args, &home)?, adopt: args.adopt, prune: args.prune };
    let mut stored = Vec::new();
    for kind in Kind::ALL {
        stored.extend(store.objects(kind)?);
    }
    let reported = reported(store)?;
    let mut known = known(store)?;
    if args.prune {
        forget_prunable(&mut known, &stored, &terms.set, &reported);
    }
    let reading = read(&args.paths.paths, &mut context.stdin, &known);
    let mut problems = problem_lines(&reading);
    tell(context, &problems);
    let status = outcome_of_reading(&reading);
    if status != ExitStatus::Pass {
        context.warn(&format!("{refused}: all manifests must be valid"));
        return Ok(Decision::Refused(Refused { set: terms.set, problems, status }));
    }
    if reading.objects.is_empty() {
        return Err(no_manifest());
    }
    let wanted: Vec<Object> = reading.objects.iter().map(|declared| declared.object.clone()).collect();
    let (mut held, mut files) = (Vec::with_capacity(stored.len()), BTreeMap::new());
    for StoredObject { held: stored, file, .. } in stored {
        files.insert(stored.object.identity(), file);
        held.push(stored);
    }
    let plan = diff(&wanted, &held, &terms);
    let places = Places::of(&reading, &files);
    let mut faults: Vec<_> =
        refusals(&wanted, &held, &terms).iter().map(|refusal| places.refusal(refusal, &terms.set)).collect();
    let mut reason = "all of them must be the set's own";
    if faults.is_empty() {
        reason = "the outcome would not hold together";
        let broken = conflicts(&outcome(&wanted, &held, &plan), &reported);
        faults = broken.iter().map(|conflict| places.conflict(conflict)).collect();
    }
    if !faults.is_empty() {
        tell(context, &faults);
        context.warn(&format!("{refused}: {reason}"));
        problems.append(&mut faults);
        return Ok(Decision::Refused(Refused { set: terms.set, problems, status: ExitStatus::Fail }));
    }
    let planned = Planned { plan, home, reading, problems, wanted, held, files };
    remark(context, &planned);
    Ok(Decision::Planned(Box::new(planned)))
}

fn tell(context: &mut Context<'_>, problems: &[ProblemLine]) {
    if !problems.is_empty() {
        let text = lines(problems, context.canvas);
        context.warn(text.trim_end());
    }
}

/// The set as asked for, else what the manifests' home is called.
fn set(args: &Apply, home: &Home) -> Result<Name> {
    args.set.clone().or_else(|| home.name()).ok_or_else(|| {
        if let Some(missing) = args.paths.paths.iter().find(|path| path.as_os_str() != "-" && !path.exists()) {
            return Failure::new(format!("{} does not exist", missing.display()), "name files or folders of manifests");
        }
        Failure::new(
            "which set these manifests are cannot be told: they are in no repository, and their folder has no name",
            "name the set with --set NAME",
        )
    })
}

/// With pruning, what only a manifest of the set knew may be gone afterwards: then its manifests must do without.
fn forget_prunable(known: &mut Known, stored: &[StoredObject], set: &Name, reported: &BTreeSet<Name>) {
    let own = stored.iter().map(|stored| &stored.held).filter(|held| held.set.as_ref() == Some(set));
    for held in own {
        let name = held.object.name();
        match held.object.kind() {
            Kind::System => {
                known.dependencies.remove(name);
                if !reported.contains(name) {
                    known.systems.remove(name);
                }
            }
            Kind::Objective => drop(known.objectives.remove(name)),
            Kind::MaintenanceWindow | Kind::Condition => {}
        }
    }
}

/// The systems that have at least one transition.
fn reported(store: &Store) -> Result<BTreeSet<Name>> {
    let streams = store.all_streams()?;
    let systems = store.systems()?.into_iter().filter(|(_, id)| streams.contains_key(id));
    Ok(systems.map(|(name, _)| name).collect())
}

/// Tells what is allowed and probably not what was meant.
fn remark(context: &mut Context<'_>, planned: &Planned) {
    let plan = &planned.plan;
    let declared = |window: &MaintenanceWindow| {
        let mut written = plan.written();
        written.any(|object| object.kind() == Kind::MaintenanceWindow && *object.name() == window.metadata.name)
    };
    for window in idle_windows(&planned.outcome()).into_iter().filter(|window| declared(window)) {
        let systems: Vec<&str> = window.systems.iter().map(Name::as_str).collect();
        context.note(&format!(
            "note: maintenance window {} excuses nothing: no objective of {} has excludeMaintenanceWindows: true or \
             notCounted: [maintenance]",
            window.metadata.name,
            systems.join(", ")
        ));
    }
    for rename in plan.rename.iter().filter(|rename| rename.update.object.kind() == Kind::System) {
        let (old, new) = (&rename.old_name, rename.update.object.name());
        context.note(&format!("note: transitions taken in for {old} stay with {old}: facts are not renamed to {new}"));
    }
}

/// Where objects are declared, for problems with them.
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

    fn refusal(&self, refusal: &Refusal, set: &Name) -> ProblemLine {
        let (message, remedy) = match refusal {
            Refusal::Foreign { object, owner } => {
                let file = self.files.get(object).map_or("", String::as_str);
                let message = format!("it belongs to the set {owner} ({file}), and this is the set {set}");
                (message, "rename it, apply it with --set of its own set, or take it over with --adopt".to_owned())
            }
            Refusal::RenamedTwice { old_name, other, .. } => {
                let message = format!("it is renamed from {old_name}, and so is {other}");
                (message, "only one can go on with it; remove one of the two annotations".to_owned())
            }
        };
        self.problem(refusal.object(), message, Some(remedy))
    }

    fn conflict(&self, conflict: &Conflict) -> ProblemLine {
        let (object, remedy) = match conflict {
            Conflict::MissingSystem { from, .. } | Conflict::MissingObjective { from, .. } => {
                (from.clone(), "keep its declaration, or remove the reference first")
            }
            Conflict::Cycle(names) => {
                (Identity { kind: Kind::System, name: names[0].clone() }, "remove one of these dependencies")
            }
        };
        let message = conflict.to_string();
        let message = message.strip_prefix(&format!("{object}: ")).unwrap_or(&message);
        self.problem(&object, message.to_owned(), Some(remedy.to_owned()))
    }
}
