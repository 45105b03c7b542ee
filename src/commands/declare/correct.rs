//! Owns `slo correct`: a Correction, ready to commit, and its effect on the budgets.
//!
//! | `slo correct SYSTEM --status STATUS --reason WHY` | prints a `Correction` of a wrong record, and on standard
//! error its effect on the budgets; `--check`, `--source`, `--location`, `--since`, `--until`, `--write FILE` | |

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{ErrorKind, empty};
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context as _, Result};

use crate::cli::{Correct, Output, StreamSource};
use crate::commands::{Answer, Context, Forms, Run, range, selection};
use crate::domain::account::correction::{DeclaredCorrection, contradictions};
use crate::domain::account::objective::Metadata;
use crate::domain::health::correction::{Corrected, Correction, Target};
use crate::domain::health::transition::{Source, Status};
use crate::domain::plan::object::{Kind, Object};
use crate::domain::plan::reconcile::Plan;
use crate::domain::plan::reconcile::consequence::Consequence;
use crate::domain::plan::stored::StoredObject;
use crate::domain::value::duration::parse_millis;
use crate::domain::value::instant::{DAY_MS, Instant, MINUTE_MS, Offset};
use crate::domain::value::label::Labels;
use crate::domain::value::name::Name;
use crate::evaluation::{consequences, course};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::file;
use crate::manifest::{Files, Known};
use crate::render::declare::manifest::text;
use crate::render::declare::plan::effect;
use crate::render::form::moment::zoned;
use crate::store::{Access, Store};

impl Run for Correct {
    const NAME: &'static str = "correct";
    const FORMS: Forms = Forms::Only(&[Output::Yaml], "a manifest is written as YAML", "use -o yaml (the default)");

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        if let Some(path) = &args.write {
            context.expect_file("--write", path)?;
        }
        let as_of = context.as_of;
        let correction = correction_of(args, as_of)?;
        let written = args.write.as_deref().map_or_else(Vec::new, corrections_in);
        let store = context.store(Access::Read)?;
        let proposal = store.read(|store| propose(store, args, correction, &written, as_of))?;
        let manifest = text(&[Object::Correction(proposal.declared.clone())]);
        let told = effect(&proposal.effects, as_of, context.canvas);
        if !context.quiet {
            context.tell(told.trim_end());
        }
        caution(context, args, &proposal);
        let Some(path) = &args.write else { return Ok(Answer::text(manifest)) };
        append(path, &manifest)?;
        context.note(&format!("wrote {}; commit it, and `slo apply` it with the rest of its set", path.display()));
        Ok(Answer::written(ExitStatus::Pass))
    }
}

/// A correction before it is declared.
struct Proposal {
    declared: DeclaredCorrection,
    effects: Vec<Consequence>,
    /// The known correction that has the same effect already, and its place.
    covered: Option<(Name, String)>,
    /// When the outage at its start is over, if there is one and the correction has no end.
    recovery: Option<Instant>,
}

/// Warns about what is probably not intended: all of time, the future, or a time without anything to correct.
fn caution(context: &mut Context<'_>, args: &Correct, proposal: &Proposal) {
    let Proposal { declared, effects, covered, recovery } = proposal;
    let Correction { start, end, status, target } = &declared.correction;
    // A check with a mistyped name, say, is ignored for all time.
    let lasts = end.is_none() && (*status != Corrected::Ignored || *target == Target::default());
    if lasts && start.is_none() {
        context.warn(
            "warning: without --since and --until, this covers all time, past and future; \
             say when the record was wrong",
        );
        return;
    }
    if lasts {
        let remedy = recovery.map_or("end it with --until TIME".to_owned(), |at| {
            format!("{} was up again from {} on: --until {at}", declared.system, zoned(at))
        });
        context.note(&format!(
            "note: without --until, this also replaces everything that is reported later, future outages too; {remedy}"
        ));
    }
    if let Some((name, place)) = covered {
        context.note(&format!(
            "note: no budget would change, because the correction {name} covers this already; to shorten or change that \
             one, edit it in {place}"
        ));
    } else if !effects.is_empty() && !effects.iter().any(Consequence::is_felt) {
        let in_utc = |text: &String| parse_millis(text).is_none() && Offset::of(text) == Offset::Absent;
        let assumed = [&args.since, &args.until].into_iter().flatten().any(in_utc);
        let remark = if assumed { "; times without an offset are in UTC, so check the time" } else { "" };
        context.note(&format!("note: no budget would change{remark}"));
    }
}

fn correction_of(args: &Correct, as_of: Instant) -> Result<Correction> {
    let [start, end] = range::between(args.since.as_deref(), args.until.as_deref(), as_of)?;
    if let Some(start) = start.filter(|_| start == end) {
        return Err(Failure::new(
            format!("--since and --until are both {start}"),
            "omit --until if the correction never ends",
        ));
    }
    let source = args.source.map(|source| match source {
        StreamSource::Healthcheck => Source::Healthcheck,
        StreamSource::Incident => Source::Incident,
    });
    let target = Target { check: args.check.clone(), source, location: args.location.clone() };
    let status = Corrected::parse(&args.status).ok_or_else(|| {
        let meant = Status::parse(args.status.as_bytes());
        let hint = meant.map_or_else(
            || "ignored leaves these streams out, as if they never reported".to_owned(),
            |meant| format!("did you mean {}?", meant.as_str()),
        );
        let known = "expected healthy, degraded, unhealthy, unknown or ignored";
        Failure::new(format!("unknown status {:?}; {known}", args.status), hint)
    })?;
    Ok(Correction { start, end, target, status })
}

/// The corrections that a file declares already.
fn corrections_in(path: &Path) -> Vec<DeclaredCorrection> {
    if !path.is_file() {
        return Vec::new();
    }
    // Whatever else is wrong with the file, `slo validate` says.
    let reading = Files::load(&[path.to_owned()], &mut empty()).read(&Known::default());
    let objects = reading.objects.into_iter().map(|declared| Rc::unwrap_or_clone(declared.object));
    objects
        .filter_map(|object| match object {
            Object::Correction(correction) => Some(correction),
            _ => None,
        })
        .collect()
}

/// The declared correction beside those that are stored or `written` in its file, and its effect on the budgets.
fn propose(
    store: &Store,
    args: &Correct,
    correction: Correction,
    written: &[DeclaredCorrection],
    as_of: Instant,
) -> Result<Proposal> {
    let found = selection::systems(store, std::slice::from_ref(&args.system))?;
    let (system, id) = found.into_iter().next().context("the system has just been found")?;
    let mut streams = store.streams(id)?;
    streams.retain(|stream| stream.first <= as_of);
    let named = streams.iter().filter(|stream| correction.target.source.is_none_or(|source| stream.source == source));
    expect_streams(named.map(|stream| (stream.check.as_ref(), stream.location.as_ref())), args)?;
    let mut held = Vec::new();
    for kind in Kind::ALL {
        held.extend(store.objects(kind)?);
    }
    let is_written = |name: &Name| written.iter().any(|written| written.metadata.name == *name);
    if let Some(name) = args.name.as_ref().filter(|name| is_written(name)) {
        return Err(Failure::new(
            format!("the file already declares the correction {name}"),
            "choose another --name, or change the correction there",
        ));
    }
    let stored = held.iter().filter_map(|stored| match &stored.held.object {
        Object::Correction(known) if !is_written(&known.metadata.name) => Some(known),
        _ => None,
    });
    let known: Vec<&DeclaredCorrection> = stored.chain(written).collect();
    let name = args.name.clone().map_or_else(|| fresh_name(&system, &correction, &known), Ok)?;
    let metadata =
        Metadata { name, title: None, description: None, labels: Labels::default(), annotations: BTreeMap::new() };
    let declared = DeclaredCorrection { metadata, system, correction, reason: Some(args.reason.clone()) };
    let others = known.iter().filter(|known| known.metadata.name != declared.metadata.name).copied();
    let all: Vec<&DeclaredCorrection> = others.chain([&declared]).collect();
    let place = |name: &Name| match &args.write {
        Some(path) if is_written(name) => path.display().to_string(),
        _ => place_of(name, &held),
    };
    if let Some((other, _)) = contradictions(&all).into_iter().find(|(_, later)| *later + 1 == all.len()) {
        let other = all[other];
        let name = &other.metadata.name;
        return Err(Failure::new(
            format!(
                "the correction {name} says {} for the same streams at the same time",
                other.correction.status.as_str()
            ),
            format!("change that one in {}, or end one where the other starts", place(name)),
        ));
    }
    let covers =
        |other: &&&DeclaredCorrection| other.system == declared.system && other.correction.covers(&declared.correction);
    let covered = all[..all.len() - 1].iter().find(covers).map(|other| &other.metadata.name);
    let covered = covered.map(|name| (name.clone(), place(name)));
    let recovery = match (declared.correction.start, declared.correction.end) {
        (Some(start), None) if start <= as_of => course(store, &declared.system, start, as_of)?.recovery_after(start),
        _ => None,
    };
    let object = Object::Correction(declared.clone());
    let replaced = object.identity();
    let others = held.iter().map(|stored| &stored.held.object);
    let outcome: Vec<&Object> = others.filter(|known| known.identity() != replaced).chain([&object]).collect();
    let plan = Plan::creating(object.clone());
    let effects = consequences(store, &plan, &outcome, as_of)?;
    Ok(Proposal { declared, effects, covered, recovery: recovery.filter(|at| *at <= as_of) })
}

/// Where a stored correction is declared: its file, and the set that applied it.
fn place_of(name: &Name, stored: &[StoredObject]) -> String {
    let is_it = |it: &&StoredObject| matches!(&it.held.object, Object::Correction(it) if it.metadata.name == *name);
    let Some(StoredObject { held, file, .. }) = stored.iter().find(is_it) else { return "its file".to_owned() };
    held.set.as_ref().map_or_else(|| file.clone(), |set| format!("{file} (set {set})"))
}

/// Refuses a check or a location that no stream of the system has: the correction would change nothing.
fn expect_streams<'s>(
    streams: impl Iterator<Item = (Option<&'s Name>, Option<&'s Name>)>,
    args: &Correct,
) -> Result<()> {
    let (checks, locations): (BTreeSet<_>, BTreeSet<_>) = streams.unzip();
    for (what, wanted, known) in [("check", &args.check, checks), ("location", &args.location, locations)] {
        if let Some(wanted) = wanted
            && !known.contains(&Some(wanted))
        {
            let known: Vec<&str> = known.into_iter().flatten().map(Name::as_str).collect();
            let hint = match &known[..] {
                [] => format!("it has none; omit --{what}"),
                known => format!("it has {}", known.join(", ")),
            };
            return Err(Failure::new(format!("{} has no transitions of the {what} {wanted}", args.system), hint));
        }
    }
    Ok(())
}

/// A name derived from the correction that no other one has: the system, the check, and when it begins, with the time
/// of day unless that is midnight, because a day may need several.
fn fresh_name(system: &Name, correction: &Correction, known: &[&DeclaredCorrection]) -> Result<Name> {
    let check = correction.target.check.as_ref().map_or(String::new(), |check| format!("-{check}"));
    let when = correction.start.or(correction.end).map(|at| {
        let form = match at.millis() {
            at if at % DAY_MS == 0 => "%Y-%m-%d",
            at if at % MINUTE_MS == 0 => "%Y-%m-%d-%H%M",
            _ => "%Y-%m-%d-%H%M%S",
        };
        at.to_chrono().format(form).to_string()
    });
    let stem = format!("{system}{check}-{}", when.unwrap_or_else(|| correction.status.as_str().to_owned()));
    let numbered = std::iter::once(stem.clone()).chain((2..).map(|number| format!("{stem}-{number}")));
    let is_free = |name: &String| !known.iter().any(|known| known.metadata.name.as_str() == name);
    let free = numbered.into_iter().find(is_free).unwrap_or(stem);
    Name::parse(&free).map_err(|error| Failure::new(format!("{free:?}: {error}"), "name the correction with --name"))
}

/// Appends a document to a file, created if missing.
fn append(path: &Path, manifest: &str) -> Result<()> {
    let before = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        other => other.with_context(|| format!("reading {}", path.display()))?,
    };
    let gap = match before.trim_end() {
        "" => "",
        text if text.ends_with("\n---") || text == "---" => "\n",
        _ if before.ends_with('\n') => "---\n",
        _ => "\n---\n",
    };
    let whole = if gap.is_empty() { manifest.to_owned() } else { format!("{before}{gap}{manifest}") };
    file::replace(path, &whole)
}
