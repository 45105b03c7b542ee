//! Owns `slo downtime`: events and totals.
//!
//! | `slo downtime [NAME…]` | downtime events: when, how long, what caused them; `--period`, `--since`, `--until`, `--open`,
//! `--last 5`; `--all` lists what is not charged, too, and why; sums `--by` objective, system, label:KEY, upstream or day
//! (of `--timezone`, else of each objective's own time zone) | |

use std::rc::Rc;

use anyhow::Result;
use chrono_tz::Tz;

use crate::cli::{Downtime, DowntimeBy};
use crate::commands::{Answer, Context, Run, period, range, selection};
use crate::domain::account::outage::totals::{By, Range};
use crate::domain::budget::grouping::GroupBy;
use crate::domain::value::calendar::Calendar;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::period::Frame;
use crate::domain::value::span::Span;
use crate::evaluation::each_outage;
use crate::render::Looks;
use crate::render::look::downtime::{Asked, Reading, Source, document, sheet, sums};
use crate::store::{Access, Stored};

/// How far back events are listed without `--since`.
const USUAL_DAYS: i64 = 30;

impl Run for Downtime {
    const NAME: &'static str = "downtime";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_of = context.as_of;
        let wanted = period::wanted(&args.over, context, as_of)?;
        let touching = if wanted.is_none() { touching(args, as_of)? } else { Span::new(Instant::MIN, as_of.plus(1)) };
        let store = context.store(Access::Read)?;
        let (objectives, frame) = store.read(|store| {
            let objectives = selection::objectives(store, &args.selection)?;
            let frame = wanted.map(|wanted| wanted.of(&objectives, as_of)).transpose()?;
            Ok((objectives, frame))
        })?;
        selection::tell_none(context, objectives.is_empty(), &args.selection);
        let by = args.by.as_ref().map(|by| grouping(by, context.zone, &objectives));
        let range = frame.as_ref().map_or(Range::Touching(touching), |frame| within(frame, &objectives));
        let all = args.all;
        let asked = Asked { range: range.clone(), frame, by, all, open: args.open, last: args.last, as_of };
        // They are read while printing, because there may be millions.
        let source: Source =
            Box::new(move |hand| store.read(|store| each_outage(store, objectives, &range, (as_of, all), hand)));
        let looks = Looks::of(Rc::new(Reading::new(asked, source))).document(document);
        Ok(if args.by.is_some() { looks.try_sheet(|it, _| sums(it)) } else { looks.try_sheet(|it, _| sheet(it)) }
            .into())
    }
}

/// The range given by `--since` and `--until`.
fn touching(args: &Downtime, as_of: Instant) -> Result<Span> {
    let [since, until] = range::past(args.since.as_deref(), args.until.as_deref(), as_of)?;
    // The last outages may be long ago.
    let usual = if args.last.is_some() { Instant::MIN } else { as_of.plus(-USUAL_DAYS * DAY_MS) };
    let since = range::start(since, until, usual)?;
    // What begins exactly at `as_of` is included, but a given `until` is exclusive.
    Ok(Span::new(since, until.map_or(as_of.plus(1), |until| until.min(as_of))))
}

/// The range of a period for each objective.
fn within(frame: &Frame, objectives: &[Stored]) -> Range {
    let span = |stored: &Stored| (stored.objective.metadata.name.clone(), frame.span(stored.objective.window));
    Range::Within(objectives.iter().map(span).collect())
}

/// The groups; days are those of the given zone, else of the zone of each objective.
fn grouping(by: &DowntimeBy, zone: Option<Tz>, objectives: &[Stored]) -> By {
    match by {
        DowntimeBy::Objectives(GroupBy::Objective) => By::Objective,
        DowntimeBy::Objectives(GroupBy::System) => By::System,
        DowntimeBy::Upstream => By::Upstream,
        DowntimeBy::Day => {
            let calendar = |stored: &Stored| zone.map_or(stored.objective.window.calendar(), |zone| Calendar { zone });
            let days = objectives.iter().map(|stored| (stored.objective.metadata.name.clone(), calendar(stored)));
            By::Day(days.collect())
        }
        DowntimeBy::Objectives(GroupBy::Label(key)) => {
            let metadata = objectives.iter().map(|stored| &stored.objective.metadata);
            let labeled = metadata.filter_map(|it| Some((it.name.clone(), it.labels.get(key)?.to_owned())));
            By::Label(key.clone(), labeled.collect())
        }
    }
}
