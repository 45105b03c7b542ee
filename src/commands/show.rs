//! Owns `slo show`: everything about one objective on one screen.

use anyhow::Result;

use super::{Context, Run, selection};
use crate::cli::Show;
use crate::domain::value::span::Span;
use crate::evaluation::{achievements, downtime, reports, trend};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::render::show::{Portrait, document, markdown, text};
use crate::render::{Form, Sheet};
use crate::store::Access;

impl Run for Show {
    const NAME: &'static str = "show";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<ExitStatus> {
        let as_of = context.as_of;
        let store = context.store(Access::Read)?;
        let portrait = store.read(|store| {
            let stored = selection::objective(store, &args.name)?;
            let objective = stored.objective.clone();
            let report = reports(store, vec![stored.clone()], as_of)?.into_iter().next();
            let report =
                report.ok_or_else(|| Failure::new("nothing to show", "`slo list objectives` shows what there is"))?;
            let range = Span::new(report.budget.window.start, as_of.plus(1));
            let outages = downtime(store, vec![stored.clone()], range, as_of)?;
            let after = objective.window.calendar().days_before(as_of, args.days.into());
            let snapshots = trend(store, stored, after, as_of)?;
            let achievements = achievements(store, std::slice::from_ref(&report.system), as_of)?;
            Ok(Portrait { objective, report, outages, snapshots, achievements, as_of })
        })?;
        match context.form() {
            Form::Table | Form::Wide => context.say(&text(&portrait, context.canvas))?,
            Form::Markdown => context.say(&markdown(&portrait, context.canvas))?,
            _ => context.answer(&document(&portrait)?, |_| Sheet::new())?,
        }
        Ok(ExitStatus::Pass)
    }
}
