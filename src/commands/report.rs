//! Owns `slo report`: objectives and their histories as one page.
//!
//! | `slo report --html FILE` | one self-contained HTML page about all objectives, or the selected ones; see
//! [Reports, pages and badges](../how-to/reports.md) | |

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::{Answer, Context, Forms, Run, selection};
use crate::cli::{Output, Report};
use crate::domain::budget::achievement::Unlocked;
use crate::domain::budget::chapter::Chapter;
use crate::domain::budget::grouping::GroupBy;
use crate::domain::budget::report::{ObjectiveReport, worst_first};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::evaluation::{achievements, chapters, reports};
use crate::exit::ExitStatus;
use crate::file;
use crate::render::page::{Contents, html};
use crate::store::{Access, Store, Stored};

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
        let histories = store.read(|store| {
            let objectives = selection::objectives(store, &args.selection)?;
            Histories::draw(store, objectives, args.details, as_of)
        })?;
        let (page, count) = page(&histories, args, as_of)?;
        if args.html == Path::new("-") {
            return Ok(Answer::text(page));
        }
        file::replace(&args.html, &page)?;
        let plural = if count == 1 { "" } else { "s" };
        context.note(&format!("{count} objective{plural} in {}", args.html.display()));
        Ok(Answer::written(ExitStatus::Pass))
    }
}

/// What is known of the selected objectives, worst first.
struct Histories {
    /// All of them, where that is more than have a chapter.
    reports: Option<Vec<ObjectiveReport>>,
    chapters: Vec<Chapter>,
    unlocked: Vec<Unlocked>,
}

impl Histories {
    /// Reads the histories of the worst `details` objectives, and how all of them stand.
    fn draw(store: &Store, mut objectives: Vec<Stored>, details: usize, as_of: Instant) -> Result<Self> {
        let mut all = None;
        if objectives.len() > details {
            let mut found = reports(store, objectives, as_of)?;
            worst_first(&mut found);
            // Few are needed again, so what was read of all is not kept meanwhile.
            let worst = found.iter().take(details).map(|report| store.objective(&report.objective));
            objectives = worst.filter_map(Result::transpose).collect::<Result<Vec<_>>>()?;
            all = Some(found);
        }
        let systems: BTreeSet<Name> = objectives.iter().map(|stored| stored.objective.system.clone()).collect();
        let unlocked = achievements(store, &systems.into_iter().collect::<Vec<_>>(), as_of)?;
        let mut chapters = chapters(store, objectives, as_of)?;
        chapters.sort_by(|a: &Chapter, b| a.report.compare_worst(&b.report));
        Ok(Self { reports: all, chapters, unlocked })
    }
}

/// The page, and how many objectives it is about.
fn page(histories: &Histories, args: &Report, as_of: Instant) -> Result<(String, usize)> {
    let Histories { reports, chapters, unlocked } = histories;
    let all: Vec<&ObjectiveReport> = match reports {
        Some(reports) => reports.iter().collect(),
        None => chapters.iter().map(|chapter| &chapter.report).collect(),
    };
    let usual = reports.is_some().then_some(&GroupBy::System);
    let by = args.by.as_ref().or(usual);
    let page = html(&Contents { title: &args.title, reports: &all, chapters, unlocked, by, as_of })?;
    Ok((page, all.len()))
}
