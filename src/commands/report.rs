//! Owns `slo report`: objectives and their histories as one page.

mod target;

use std::path::Path;

use anyhow::Result;

use super::{Context, selection};
use crate::cli::{Output, Report};
use crate::domain::chapter::Chapter;
use crate::evaluation::chapters;
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::render::page::html;
use crate::store::Access;

pub(super) fn run(context: &mut Context<'_>, args: &Report) -> Result<ExitStatus> {
    if !matches!(context.output, None | Some(Output::Table)) {
        return Err(Failure::new(
            "a report is a page, and has no other output format",
            "`slo status -o json` and `slo downtime -o json` have its numbers",
        ));
    }
    let as_of = context.as_of;
    let store = context.store(Access::Read)?;
    let mut chapters = store.read(|store| chapters(store, selection::objectives(store, &args.selection)?, as_of))?;
    chapters.sort_by(|a: &Chapter, b| a.report.compare_worst(&b.report));
    let page = html(&chapters, &args.title, as_of)?;
    if args.html == Path::new("-") {
        context.say(&page)?;
    } else {
        target::replace(&args.html, &page)?;
        let plural = if chapters.len() == 1 { "" } else { "s" };
        context.note(&format!("{} objective{plural} in {}", chapters.len(), args.html.display()));
    }
    Ok(ExitStatus::Pass)
}
