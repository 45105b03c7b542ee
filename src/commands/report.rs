//! Owns `slo report`: objectives and their histories as one page.
//!
//! | `slo report --html FILE` | one self-contained HTML page about all objectives, or those selected; see [Pages
//! and badges](#pages-and-badges) | |

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::{Answer, Context, Forms, Run, selection};
use crate::cli::{Output, Report};
use crate::domain::budget::chapter::Chapter;
use crate::domain::value::name::Name;
use crate::evaluation::{achievements, chapters};
use crate::exit::ExitStatus;
use crate::file;
use crate::render::page::html;
use crate::store::Access;

impl Run for Report {
    const NAME: &'static str = "report";
    const FORMS: Forms = Forms::Only(
        &[Output::Table],
        "a report is a page, and has no other output format",
        "`slo status -o json` and `slo downtime -o json` have its numbers",
    );

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        context.refuse_database("--html", &args.html)?;
        let as_of = context.as_of;
        let store = context.store(Access::Read)?;
        let (mut chapters, unlocked) = store.read(|store| {
            let objectives = selection::objectives(store, &args.selection)?;
            let systems: BTreeSet<Name> = objectives.iter().map(|stored| stored.objective.system.clone()).collect();
            let unlocked = achievements(store, &systems.into_iter().collect::<Vec<_>>(), as_of)?;
            Ok((chapters(store, objectives, as_of)?, unlocked))
        })?;
        chapters.sort_by(|a: &Chapter, b| a.report.compare_worst(&b.report));
        let page = html(&chapters, &unlocked, &args.title, as_of)?;
        if args.html == Path::new("-") {
            return Ok(Answer::text(page));
        }
        file::replace(&args.html, &page)?;
        let plural = if chapters.len() == 1 { "" } else { "s" };
        context.note(&format!("{} objective{plural} in {}", chapters.len(), args.html.display()));
        Ok(Answer::written(ExitStatus::Pass))
    }
}
