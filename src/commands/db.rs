//! Owns `slo db info` and `slo db verify`.

use anyhow::{Context as _, Result};

use super::Context;
use crate::cli::{Db, DbWhat};
use crate::evaluation::verify_caches;
use crate::exit::ExitStatus;
use crate::render::db::{InfoReport, info_document, info_text, verify_document, verify_text};
use crate::render::{Form, Sheet};
use crate::store::{Access, Difference};

pub(super) fn run(context: &mut Context<'_>, args: &Db) -> Result<ExitStatus> {
    match args.what {
        DbWhat::Info => info(context),
        DbWhat::Verify => verify(context),
    }
}

fn info(context: &mut Context<'_>) -> Result<ExitStatus> {
    let store = context.store(Access::Read)?;
    let info = store.read(crate::store::Store::info)?;
    let bytes = std::fs::metadata(store.path()).context("reading the size of the database")?.len();
    let info = InfoReport {
        path: store.path().display().to_string(),
        bytes,
        schema: info.schema,
        page_bytes: info.page_bytes,
        pages: info.pages,
        free_pages: info.free_pages,
        systems: info.systems,
        streams: info.streams,
        segments: info.segments,
        transitions: info.transitions,
        segment_bytes: info.segment_bytes,
        notes: info.notes,
        ingests: info.ingests,
        manifests: info.manifests,
        ledgers: info.ledgers,
        ledger_bytes: info.ledger_bytes,
        span: info.span,
    };
    match context.form() {
        Form::Table | Form::Wide | Form::Markdown => context.say(&info_text(&info))?,
        _ => context.answer(&info_document(&info, context.as_of)?, |_| Sheet::new())?,
    }
    Ok(ExitStatus::Pass)
}

fn verify(context: &mut Context<'_>) -> Result<ExitStatus> {
    let store = context.store(Access::Read)?;
    let differences: Vec<Difference> = store.read(|store| {
        let mut differences = store.verify_file()?;
        if differences.is_empty() {
            differences = store.verify_journal()?;
        }
        // What is computed from a journal that does not hold together says nothing.
        if differences.is_empty() {
            differences = verify_caches(store)?;
        }
        Ok(differences)
    })?;
    let lines: Vec<&str> = differences.iter().map(|difference| difference.0.as_str()).collect();
    match context.form() {
        Form::Table | Form::Wide | Form::Markdown => context.say(&verify_text(&lines))?,
        _ => context.answer(&verify_document(&lines, context.as_of)?, |_| Sheet::new())?,
    }
    Ok(ExitStatus::holds(differences.is_empty()))
}
