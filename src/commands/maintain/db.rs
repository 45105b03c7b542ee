//! Owns `slo db`: what the file holds, its verification, copies, size, merging and deleting.
//!
//! | `slo db info`, `slo db verify` | size and counts; a check of the file, every row, the journal and every cache.
//! `--repair` rebuilds every cache | a difference was found |
//!
//! | `slo db backup FILE`, `slo db backup -` | a checked copy, also while others write, in a file or on standard
//! output; the only safe way to copy a database in use | |
//!
//! | `slo db compact` | the same facts in the smallest file | |
//!
//! | `slo db copy FROM TO` | copies a database to a new file or a [shared database](../how-to/many-hosts.md), either way | |
//!
//! | `slo db merge FILE…` | imports every transition of other databases, all of them or none | |
//!
//! | `slo db forget --ingest N`, `slo db forget --system NAME` | deletes facts for good, after showing how many and
//! what that does to the budgets; `--check NAME`, `--location NAME`, `--source healthcheck`, `--yes` | it was not confirmed |
//!
//! | `slo db rename-system OLD NEW` | moves the history of a system to another name, in the same way | it was not
//! confirmed |

mod rewrite;

use std::path::Path;

use anyhow::Result;

use crate::cli::{Backup, Compact, Copy, Info, Merge, Verify};
use crate::commands::{Answer, Context, Run};
use crate::domain::health::ingest::IngestRecord;
use crate::evaluation::{Currency, follow_facts, rebuild, seal_after_ingest, verify_caches, verify_computed};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::file::Identity;
use crate::render::Looks;
use crate::render::maintain::db::{
    backup_document, backup_text, compact_document, compact_text, copy_document, copy_text, info_document, info_text,
    merge_document, merge_text, verify_document, verify_text,
};
use crate::store::{Access, Compacted, Difference, Followers, JournalWriter, Place, Store};

impl Run for Info {
    const NAME: &'static str = "info";

    fn run(_: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let store = context.store(Access::Read)?;
        let info = store.read(Store::info)?;
        let path = store.path().display().to_string();
        let as_of = context.as_of;
        let looks = Looks::of((path, info)).document(move |(path, info)| info_document(path, info, as_of));
        Ok(looks.words(|(path, info)| info_text(path, info)).into())
    }
}

impl Run for Verify {
    const NAME: &'static str = "verify";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let access = if args.repair { Access::Update } else { Access::Read };
        let mut store = context.store(access)?;
        let mut found = store.read(look)?;
        let mut repaired = Vec::new();
        if args.repair && !found.differences.is_empty() {
            repair(context, &mut store, &found)?;
            repaired = std::mem::replace(&mut found, store.read(look)?).differences;
            // What is still wrong was not repaired.
            repaired.retain(|line| !found.differences.contains(line));
        }
        // All of it is in the answer.
        context.noticed.clear();
        if let Currency::Outdated(as_of) = found.currency {
            context.note(&format!(
            "note: the tables of `slo compute` (as of {as_of}) are older than the newest facts or manifests, so only their \
             days were compared; `slo compute` updates them"
        ));
        }
        let lines =
            |differences: &[Difference]| differences.iter().map(|difference| difference.0.clone()).collect::<Vec<_>>();
        let (repaired, lines) = (lines(&repaired), lines(&found.differences));
        let (as_of, exit) = (context.as_of, ExitStatus::holds(lines.is_empty()));
        let has_nothing = context.quiet && repaired.is_empty() && lines.is_empty();
        let looks =
            Looks::of((repaired, lines)).document(move |(repaired, lines)| verify_document(repaired, lines, as_of));
        let looks = looks.words(
            move |(repaired, lines)| {
                if has_nothing { String::new() } else { verify_text(repaired, lines) }
            },
        );
        Ok(Answer::from(looks).exits(exit))
    }
}

/// The result of a verification.
struct Found {
    differences: Vec<Difference>,
    /// Whether the facts are undamaged, so that everything else can be rebuilt.
    facts_hold: bool,
    currency: Currency,
}

fn look(store: &Store) -> Result<Found> {
    let file = store.verify_file()?;
    let mut found = Found { differences: Vec::new(), facts_hold: false, currency: Currency::Never };
    // Invalid pages may be anywhere, so reading may fail anywhere.
    let facts = store.verify_facts().and_then(|rows| Ok([rows, store.verify_journal()?].concat()));
    let sound = file.is_empty();
    found.differences = file;
    match facts {
        Ok(facts) => {
            found.facts_hold = facts.is_empty();
            found.differences.extend(facts);
        }
        Err(_) if !sound => return Ok(found),
        Err(error) => return Err(error),
    }
    // Nothing can be verified against damaged facts.
    if !found.facts_hold || !sound {
        return Ok(found);
    }
    found.differences.extend(store.verify_derived()?);
    found.differences.extend(verify_caches(store)?);
    if found.differences.is_empty() {
        (found.currency, found.differences) = verify_computed(store)?;
    }
    Ok(found)
}

/// Rebuilds everything that is derived from facts and manifests.
fn repair(context: &Context<'_>, store: &mut Store, found: &Found) -> Result<()> {
    if !found.facts_hold {
        return Err(damaged_facts(found));
    }
    let (now, as_of) = (context.now()?, context.as_of);
    store.write_alone(|store| {
        let computed = store.computed_or_damaged(as_of)?;
        rebuild(store, now, computed)
    })?;
    // The pages of a server are its own.
    if !store.is_shared() && !store.verify_file()?.is_empty() {
        store.repair_pages()?;
    }
    Ok(())
}

fn damaged_facts(found: &Found) -> anyhow::Error {
    let first = found.differences.first().map_or(String::new(), |difference| format!(": {}", difference.0));
    Failure::new(
        format!("facts or manifests are damaged and cannot be recomputed{first}"),
        "`slo db verify` names all of it; restore the file from a backup, or ingest and apply the same files into a new one",
    )
}

impl Run for Backup {
    const NAME: &'static str = "backup";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        if args.to == Path::new("-") {
            return backup_to_output(context);
        }
        context.refuse_database("FILE", &args.to)?;
        let store = context.store(Access::Read)?;
        let bytes = store.backup(&args.to)?;
        let path = args.to.display().to_string();
        let as_of = context.as_of;
        let looks = Looks::of((path, bytes)).document(move |(path, bytes)| backup_document(path, *bytes, as_of));
        Ok(context.summary(looks, |(path, bytes)| backup_text(path, *bytes)))
    }
}

fn backup_to_output(context: &mut Context<'_>) -> Result<Answer> {
    if context.canvas.width.is_some() {
        return Err(Failure::new(
            "refusing to write a database to a terminal",
            "redirect it: `slo db backup - > copy.db`, or name a file",
        ));
    }
    let store = context.store(Access::Read)?;
    let folder = context.temporary_folder();
    let bytes = store.backup_to(&mut *context.stdout, &folder)?;
    context.note(backup_text("-", bytes).trim_end());
    Ok(Answer::written(ExitStatus::Pass))
}

impl Run for Compact {
    const NAME: &'static str = "compact";

    fn run(_: &Self, context: &mut Context<'_>) -> Result<Answer> {
        // Only an existing file can be compacted.
        drop(context.store(Access::Read)?);
        let Compacted { before, after, joined } = context.store(Access::Create)?.compact()?;
        let as_of = context.as_of;
        let looks = Looks::of(()).document(move |()| compact_document(before, after, joined, as_of));
        Ok(context.summary(looks, move |()| compact_text(before, after, joined)))
    }
}

impl Run for Copy {
    const NAME: &'static str = "copy";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let [from, to] = [&args.from, &args.to].map(|name| Place::named(name));
        let from = given(context, &from)?;
        match to.address(context.env)? {
            Some(to) => from.copy_to_shared(&to)?,
            None => drop(from.copy_to_file(&args.to)?),
        }
        let info = context.store_at(&to, Access::Read)?.read(Store::info)?;
        let (to, as_of) = (to.shown(context.env), context.as_of);
        let looks = Looks::of((to, info)).document(move |(to, info)| copy_document(to, info, as_of));
        Ok(context.summary(looks, |(to, info)| copy_text(to, info)))
    }
}

/// All other databases are merged in one transaction: every one of them, or none.
impl Run for Merge {
    const NAME: &'static str = "merge";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let others = args.from.iter().map(|path| other(context, path)).collect::<Result<Vec<_>>>()?;
        let (mut store, now) = (context.store(Access::Create)?, context.now()?);
        let merge = |store: &Store| {
            let mut writer = JournalWriter::new();
            let mut mergers = Vec::new();
            for other in &others {
                let (record, declared) = other.read(|other| {
                    let mut record = IngestRecord::new(&other.path().display().to_string(), now);
                    for (name, id) in other.systems()? {
                        store.merge_system(&mut writer, other, (&name, id), &mut record)?;
                    }
                    Ok((record, other.info()?.manifests))
                })?;
                let record = IngestRecord { finished_at: Some(now), ..record };
                store.record_ingest(&record)?;
                mergers.push((record, declared));
            }
            let touched = writer.take_touched();
            let inserted = mergers.iter().map(|(record, _)| record.inserted).sum();
            let mut followers = Followers::default();
            follow_facts(store, &touched, &mut followers)?;
            seal_after_ingest(store, &touched, &mut followers, (inserted, now))?;
            Ok(mergers)
        };
        let mergers = if store.is_shared() { store.write(merge) } else { store.write_anyway(merge) }?;
        for (record, declared) in mergers.iter().filter(|(_, declared)| *declared > 0) {
            let objects = if *declared == 1 { "object" } else { "objects" };
            context.note(&format!(
                "note: {declared} {objects} declared in {} were not copied; apply their manifests here with `slo apply`",
                record.file
            ));
        }
        let as_of = context.as_of;
        let records: Vec<IngestRecord> = mergers.into_iter().map(|(record, _)| record).collect();
        let looks = Looks::of(records).document(move |it| merge_document(it, as_of));
        Ok(context.summary(looks, |it| merge_text(it)))
    }
}

/// Opens a database to be merged into another one.
fn other(context: &Context<'_>, path: &Path) -> Result<Store> {
    let (place, target) = (Place::named(path), context.place()?);
    let identity = |place: &Place| place.file().and_then(Identity::of);
    let is_same = target.shown(context.env) == place.shown(context.env);
    if is_same || identity(&place).is_some_and(|other| identity(target) == Some(other)) {
        return Err(Failure::new(
            format!("{} is the database itself", place.shown(context.env)),
            "name other databases; --db or SLO_DB names the one they are merged into",
        ));
    }
    given(context, &place)
}

/// Opens a database that is an argument, not the one of --db.
fn given(context: &Context<'_>, place: &Place) -> Result<Store> {
    context.store_at(place, Access::Read).map_err(|error| {
        let is_about_option = Failure::hint(&error).is_some_and(|hint| hint.contains("SLO_DB"));
        if place.file().is_some() && is_about_option {
            return Failure::new(format!("{error:#}"), "check the path; it must be an existing database");
        }
        error
    })
}
