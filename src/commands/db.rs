//! Owns `slo db`: what the file holds, whether it is sound, copies of it, its size, and merging others into it.

use std::path::Path;

use anyhow::Result;

use super::Context;
use crate::cli::{Backup, Db, DbWhat, Merge};
use crate::evaluation::{Currency, seal_after_ingest, verify_caches, verify_computed};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::file::Identity;
use crate::render::db::{
    Merger, backup_document, backup_text, compact_document, compact_text, info_document, info_text, merge_document,
    merge_text, verify_document, verify_text,
};
use crate::render::{Form, Sheet};
use crate::store::{Access, Compacted, Difference, IngestRecord, JournalWriter, Store};

pub(super) fn run(context: &mut Context<'_>, args: &Db) -> Result<ExitStatus> {
    match &args.what {
        DbWhat::Info => info(context),
        DbWhat::Verify => verify(context),
        DbWhat::Backup(args) => backup(context, args),
        DbWhat::Compact => compact(context),
        DbWhat::Merge(args) => merge(context, args),
    }
}

fn info(context: &mut Context<'_>) -> Result<ExitStatus> {
    let store = context.store(Access::Read)?;
    let info = store.read(Store::info)?;
    let path = store.path().display().to_string();
    match context.form() {
        Form::Table | Form::Wide | Form::Markdown => context.say(&info_text(&path, &info))?,
        _ => context.answer(&info_document(&path, &info, context.as_of)?, |_| Sheet::new())?,
    }
    Ok(ExitStatus::Pass)
}

fn verify(context: &mut Context<'_>) -> Result<ExitStatus> {
    let store = context.store(Access::Read)?;
    let mut currency = Currency::Never;
    let differences: Vec<Difference> = store.read(|store| {
        let mut differences = store.verify_file()?;
        if differences.is_empty() {
            differences = store.verify_journal()?;
        }
        // What is computed from a journal that does not hold together says nothing.
        if differences.is_empty() {
            differences = verify_caches(store)?;
        }
        if differences.is_empty() {
            (currency, differences) = verify_computed(store)?;
        }
        Ok(differences)
    })?;
    if let Currency::Outdated(as_of) = currency {
        context.note(&format!(
            "note: what was computed as of {as_of} is of earlier facts or manifests, so only its days were compared; \
             `slo compute` brings it up to date"
        ));
    }
    let lines: Vec<&str> = differences.iter().map(|difference| difference.0.as_str()).collect();
    match context.form() {
        Form::Table | Form::Wide | Form::Markdown => context.say(&verify_text(&lines))?,
        _ => context.answer(&verify_document(&lines, context.as_of)?, |_| Sheet::new())?,
    }
    Ok(ExitStatus::holds(differences.is_empty()))
}

fn backup(context: &mut Context<'_>, args: &Backup) -> Result<ExitStatus> {
    context.refuse_database("FILE", &args.to)?;
    let store = context.store(Access::Read)?;
    let bytes = store.backup(&args.to)?;
    let path = args.to.display().to_string();
    match context.form() {
        Form::Table | Form::Wide | Form::Markdown if context.quiet => {}
        Form::Table | Form::Wide | Form::Markdown => context.say(&backup_text(&path, bytes))?,
        _ => context.answer(&backup_document(&path, bytes, context.as_of)?, |_| Sheet::new())?,
    }
    Ok(ExitStatus::Pass)
}

fn compact(context: &mut Context<'_>) -> Result<ExitStatus> {
    // Only what is there can be made smaller.
    drop(context.store(Access::Read)?);
    let Compacted { before, after, joined } = context.store(Access::Create)?.compact()?;
    match context.form() {
        Form::Table | Form::Wide | Form::Markdown if context.quiet => {}
        Form::Table | Form::Wide | Form::Markdown => context.say(&compact_text(before, after, joined))?,
        _ => context.answer(&compact_document(before, after, joined, context.as_of)?, |_| Sheet::new())?,
    }
    Ok(ExitStatus::Pass)
}

/// All of the others are merged in one transaction: either every one of them, or none.
fn merge(context: &mut Context<'_>, args: &Merge) -> Result<ExitStatus> {
    let others = args.from.iter().map(|path| other(context.db_path()?, path)).collect::<Result<Vec<_>>>()?;
    let (mut store, now) = (context.store(Access::Create)?, context.now()?);
    let mergers = store.write(|store| {
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
            let IngestRecord { file, read, inserted, duplicates, conflicts, .. } = record;
            mergers.push(Merger { file, read, inserted, duplicates, conflicts, declared });
        }
        let touched = store.settle(&mut writer)?;
        seal_after_ingest(store, &touched, mergers.iter().map(|merger| merger.inserted).sum(), now)?;
        Ok(mergers)
    })?;
    for merger in mergers.iter().filter(|merger| merger.declared > 0) {
        let objects = if merger.declared == 1 { "object" } else { "objects" };
        context.note(&format!(
            "note: {} {objects} declared in {} stayed there; `slo apply` their manifests here",
            merger.declared, merger.file
        ));
    }
    match context.form() {
        Form::Table | Form::Wide | Form::Markdown if context.quiet => {}
        Form::Table | Form::Wide | Form::Markdown => context.say(&merge_text(&mergers))?,
        _ => context.answer(&merge_document(&mergers, context.as_of)?, |_| Sheet::new())?,
    }
    Ok(ExitStatus::Pass)
}

/// Opens a database that is to be merged into another one.
fn other(target: &Path, path: &Path) -> Result<Store> {
    if Identity::of(path).is_some_and(|other| Identity::of(target) == Some(other)) {
        return Err(Failure::new(
            format!("{} is the database itself", path.display()),
            "name other databases; --db or SLO_DB names the one they are merged into",
        ));
    }
    Store::open(path, Access::Read)
}
