//! Owns `slo show`: everything about one objective on one screen.
//!
//! | `slo show NAME` | everything about one objective on one screen: whether it is down and since when, the cause, notes, whether
//! that was planned, budget and forecast; then a timeline of downtime, trend (`--days 90`), streak, achievements, burn rates and
//! what they mean, accounting. You can also name a system that has only one objective | |

use std::rc::Rc;

use anyhow::Result;

use crate::cli::Show;
use crate::commands::{Answer, Context, Run, selection};
use crate::domain::value::span::Span;
use crate::evaluation::{achievements, corrections_behind, each_charged, latest, reports, trend};
use crate::failure::Failure;
use crate::render::Looks;
use crate::render::look::show::{Outages, Portrait, document, markdown, text};
use crate::store::Access;

impl Run for Show {
    const NAME: &'static str = "show";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_of = context.as_of;
        let store = context.store(Access::Read)?;
        store.hold()?;
        let (stored, range, outages, parts) = store.read(|store| {
            let stored = selection::objective(store, &args.name)?;
            let objective = stored.objective.clone();
            let report = reports(store, vec![stored.clone()], as_of)?.into_iter().next();
            let report = report.ok_or_else(|| Failure::new("nothing to show", "`slo list objectives` lists them"))?;
            let range = Span::new(report.budget.window.start, as_of.plus(1));
            let mut outages = Outages::default();
            each_charged(store, stored.clone(), range, as_of, &mut |outage| {
                outages.push(outage);
                Ok(())
            })?;
            let latest = latest(store, stored.clone(), outages.last(), as_of)?;
            let after = objective.window.calendar().days_before(as_of, args.days.into());
            let corrections = if report.corrected_ms > 0 {
                corrections_behind(store, stored.clone(), report.budget.elapsed, as_of)?
            } else {
                Vec::new()
            };
            let snapshots = trend(store, stored.clone(), after, as_of)?;
            let achievements = achievements(store, std::slice::from_ref(&report.system), as_of)?;
            let parts = (objective, report, corrections, latest, snapshots, achievements);
            Ok((stored, range, outages, parts))
        })?;
        // If there are too many to hold, printing reads them again.
        let outages = outages
            .again(Box::new(move |hand| store.read(|store| each_charged(store, stored.clone(), range, as_of, hand))));
        let (objective, report, corrections, latest, snapshots, achievements) = parts;
        let outages = Rc::new(outages);
        let portrait = Portrait { objective, report, corrections, outages, latest, snapshots, achievements, as_of };
        let looks = Looks::of(portrait).document(document).try_text(|it, _, canvas| text(it, canvas));
        Ok(looks.try_markdown(markdown).into())
    }
}
