//! Owns `slo downtime`: events, and what they come to.
//!
//! | `slo downtime [NAME…]` | downtime events: when, how long, what caused them; `--since`, `--until`, `--open`; sums
//! `--by` objective, system, upstream or day | |

use anyhow::Result;

use super::{Answer, Context, Run, moment, selection};
use crate::cli::{Downtime, DowntimeBy};
use crate::domain::account::outage::totals::By;
use crate::domain::value::instant::DAY_MS;
use crate::domain::value::span::Span;
use crate::evaluation::downtime;
use crate::failure::Failure;
use crate::render::Looks;
use crate::render::downtime::{Grouping, document, sheet, sums};
use crate::store::Access;

/// How far back events are listed where `--since` does not say.
const USUAL_DAYS: i64 = 30;

impl Run for Downtime {
    const NAME: &'static str = "downtime";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_of = context.as_of;
        let since = args.since.as_deref().map(|text| moment(text, as_of)).transpose()?;
        let since = since.unwrap_or(as_of.plus(-USUAL_DAYS * DAY_MS));
        // Whatever begins at `as_of` is there as of then; `until` is exclusive where it is given.
        let until = args.until.as_deref().map(|text| moment(text, as_of)).transpose()?.map(|until| until.min(as_of));
        let range = Span::new(since, until.unwrap_or(as_of.plus(1)));
        if let Some(until) = until.filter(|until| since > *until) {
            return Err(Failure::new(
                format!("--since {since} is after --until {until}"),
                "--since takes the earlier time",
            ));
        }
        let store = context.store(Access::Read)?;
        let mut outages =
            store.read(|store| downtime(store, selection::objectives(store, &args.selection)?, range, as_of))?;
        if args.open {
            for outage in &mut outages {
                outage.events.retain(|event| event.end.is_none());
            }
            outages.retain(|outage| !outage.events.is_empty());
        }
        let by = args.by.map(|by| match by {
            DowntimeBy::Objective => By::Objective,
            DowntimeBy::System => By::System,
            DowntimeBy::Upstream => By::Upstream,
            DowntimeBy::Day => By::Day,
        });
        let grouping = by.map(|by| Grouping { by, range });
        let looks = Looks::of(outages).document(move |it| document(it, grouping, as_of));
        Ok(match grouping {
            Some(grouping) => looks.sheet(move |it, _| sums(it, grouping, as_of)).into(),
            None => looks.sheet(move |it, _| sheet(it, range, as_of)).into(),
        })
    }
}
