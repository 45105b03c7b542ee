//! Owns `slo report`: objectives with their histories as one page, or their results over a period.
//!
//! | `slo report` | `--period last-month`: results by group and objective, and outages with cause and note, as a table,
//! HTML, markdown, CSV or JSON; `--html FILE`: one self-contained HTML page about all objectives, or the selected ones; see
//! [Reports, pages and badges](../how-to/reports.md) | |

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use crate::cli::{Output, Report, ReportPart};
use crate::commands::{Answer, Context, Forms, Run, period, selection};
use crate::domain::budget::achievement::Unlocked;
use crate::domain::budget::chapter::Chapter;
use crate::domain::budget::grouping::GroupBy;
use crate::domain::budget::report::{ObjectiveReport, worst_first};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::evaluation::{achievements, chapters, reports, review};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::file;
use crate::render::form::number::counted;
use crate::render::look::page::{Contents, html};
use crate::render::look::review::{document, html as html_of, markdown, text};
use crate::render::{Form, Looks};
use crate::store::{Access, Store, Stored};

/// The heading of the page without `--title`.
const TITLE: &str = "Service level objectives";

impl Run for Report {
    const NAME: &'static str = "report";
    const FORMS: Forms = Forms::Usual(&[Output::Html]);

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        if let Some(html) = &args.html {
            context.refuse_database("--html", html)?;
        }
        let is_page = args.html.is_some() || context.form() == Form::Html;
        if args.title.is_some() && !is_page {
            return Err(Failure::new("--title is the heading of a page", "add --html FILE, or omit --title"));
        }
        match (period::wanted(&args.over, context, context.as_of)?, &args.html) {
            (Some(wanted), _) => of_period(args, &wanted, context),
            (None, Some(html)) => of_windows(args, html, context),
            (None, None) => Err(Failure::new("nothing to report", "give --period PERIOD or --html FILE")),
        }
    }
}

/// The results of one period.
fn of_period(args: &Report, wanted: &period::Wanted, context: &mut Context<'_>) -> Result<Answer> {
    let as_of = context.as_of;
    let store = context.store(Access::Read)?;
    let review = store.read(|store| {
        let objectives = selection::objectives(store, &args.selection)?;
        if objectives.is_empty() {
            return Err(selection::nothing(store, "report"));
        }
        let frame = wanted.of(&objectives, as_of)?;
        review(store, objectives, (frame, args.by.clone()), as_of)
    })?;
    if let Some(path) = &args.html {
        if context.output.is_some_and(|output| output != Output::Html) {
            return Err(Failure::new("--html writes a page, but -o asks for another format", "give one of the two"));
        }
        return written(path, &html_of(&review, args.title.as_deref()), review.entries.len(), context);
    }
    let title = args.title.clone();
    let looks = Looks::of(review).document(document).text(|it, _, canvas| text(it, canvas));
    Ok(looks.markdown(|it, _| markdown(it)).html(move |it| html_of(it, title.as_deref())).into())
}

/// The page for the objectives' own windows.
fn of_windows(args: &Report, path: &Path, context: &mut Context<'_>) -> Result<Answer> {
    if context.output.is_some_and(|output| !matches!(output, Output::Table | Output::Html)) {
        return Err(Failure::new(
            "without --period, a report is a page and has no other output format",
            "add --period to report a period, or take `slo status -o json` and `slo downtime -o json`, which have its numbers",
        ));
    }
    let as_of = context.as_of;
    let store = context.store(Access::Read)?;
    let histories = store.read(|store| {
        let objectives = selection::objectives(store, &args.selection)?;
        let achieved = !args.without.contains(&ReportPart::Achievements);
        Histories::draw(store, objectives, (args.details, achieved), as_of)
    })?;
    let (page, count) = page(&histories, args, as_of)?;
    selection::tell_none(context, count == 0, &args.selection);
    written(path, &page, count, context)
}

/// Writes a page to its target.
fn written(path: &Path, page: &str, count: usize, context: &mut Context<'_>) -> Result<Answer> {
    if path == Path::new("-") {
        return Ok(Answer::text(page.to_owned()));
    }
    file::replace(path, page)?;
    context.note(&format!("{} in {}", counted(count, "objective"), path.display()));
    Ok(Answer::written(ExitStatus::Pass))
}

/// The selected objectives, worst first.
struct Histories {
    /// All of them, if not all have a chapter.
    reports: Option<Vec<ObjectiveReport>>,
    chapters: Vec<Chapter>,
    unlocked: Vec<Unlocked>,
}

impl Histories {
    /// Reads the histories of the worst `details` objectives, and the reports of all.
    fn draw(
        store: &Store,
        mut objectives: Vec<Stored>,
        (details, achieved): (usize, bool),
        as_of: Instant,
    ) -> Result<Self> {
        let mut all = None;
        if objectives.len() > details {
            let mut found = reports(store, objectives, as_of)?;
            worst_first(&mut found);
            // Few are needed again, so the data of all is not kept.
            let worst = found.iter().take(details).map(|report| store.objective(&report.objective));
            objectives = worst.filter_map(Result::transpose).collect::<Result<Vec<_>>>()?;
            all = Some(found);
        }
        let systems: BTreeSet<Name> = objectives.iter().map(|stored| stored.objective.system.clone()).collect();
        let systems: Vec<Name> = systems.into_iter().filter(|_| achieved).collect();
        let unlocked = achievements(store, &systems, as_of)?;
        let mut chapters = chapters(store, objectives, as_of)?;
        chapters.sort_by(|a: &Chapter, b| a.report.compare_worst(&b.report));
        Ok(Self { reports: all, chapters, unlocked })
    }
}

/// The page, and its number of objectives.
fn page(histories: &Histories, args: &Report, as_of: Instant) -> Result<(String, usize)> {
    let Histories { reports, chapters, unlocked } = histories;
    let all: Vec<&ObjectiveReport> = match reports {
        Some(reports) => reports.iter().collect(),
        None => chapters.iter().map(|chapter| &chapter.report).collect(),
    };
    let usual = reports.is_some().then_some(&GroupBy::System);
    let by = args.by.as_ref().or(usual);
    let title = args.title.as_deref().unwrap_or(TITLE);
    let page = html(&Contents { title, reports: &all, chapters, unlocked, by, as_of })?;
    Ok((page, all.len()))
}
