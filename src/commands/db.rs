//! Owns `slo db info` and `slo db verify`.

use anyhow::Result;

use super::Context;
use crate::cli::{Db, DbWhat};
use crate::evaluation::{Currency, verify_caches, verify_computed};
use crate::exit::ExitStatus;
use crate::render::db::{info_document, info_text, verify_document, verify_text};
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
