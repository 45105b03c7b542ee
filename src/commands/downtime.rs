//! Owns `slo downtime`: events, and what they come to.
//!
//! | `slo downtime [NAME…]` | downtime events: when, how long, what caused them; `--period`, `--since`, `--until`, `--open`,
//! `--last 5`; sums `--by` objective, system, label:KEY, upstream or day | |

use std::collections::BTreeMap;

use anyhow::Result;

use super::{Answer, Context, Run, moment, period, selection};
use crate::cli::{Downtime, DowntimeBy};
use crate::domain::account::outage::totals::By;
use crate::domain::value::calendar::Calendar;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::name::Name;
use crate::domain::value::period::Frame;
use crate::domain::value::span::Span;
use crate::evaluation::{downtime, outages_over};
use crate::failure::Failure;
use crate::render::Looks;
use crate::render::downtime::{Found, Range, document, sheet, sums};
use crate::store::{Access, Store, Stored};

/// How far back events are listed where `--since` does not say.
const USUAL_DAYS: i64 = 30;

impl Run for Downtime {
    const NAME: &'static str = "downtime";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_of = context.as_of;
        let frame = period::frame(&args.over, context, as_of)?;
        let range = if frame.is_some() { None } else { Some(range(args, as_of)?) };
        let store = context.store(Access::Read)?;
        let found = store.read(|store| {
            let objectives = selection::objectives(store, &args.selection)?;
            find(store, objectives, args, (frame, range), as_of)
        })?;
        let grouped = found.by.is_some();
        let looks = Looks::of(found).document(document);
        Ok(if grouped { looks.sheet(|it, _| sums(it)).into() } else { looks.sheet(|it, _| sheet(it)).into() })
    }
}

/// The stretch that `--since` and `--until` name.
fn range(args: &Downtime, as_of: Instant) -> Result<Span> {
    let since = args.since.as_deref().map(|text| moment(text, as_of)).transpose()?;
    // The last outages may be long ago.
    let usual = if args.last.is_some() { Instant::MIN } else { as_of.plus(-USUAL_DAYS * DAY_MS) };
    let since = since.unwrap_or(usual);
    // Whatever begins at `as_of` is there as of then; `until` is exclusive where it is given.
    let until = args.until.as_deref().map(|text| moment(text, as_of)).transpose()?.map(|until| until.min(as_of));
    if let Some(until) = until.filter(|until| since > *until) {
        return Err(Failure::new(
            format!("--since {since} is after --until {until}"),
            "--since takes the earlier time",
        ));
    }
    Ok(Span::new(since, until.unwrap_or(as_of.plus(1))))
}

fn find(
    store: &Store,
    objectives: Vec<Stored>,
    args: &Downtime,
    (frame, range): (Option<Frame>, Option<Span>),
    as_of: Instant,
) -> Result<Found> {
    let by = args.by.as_ref().map(|by| grouping(by, frame.as_ref(), &objectives));
    let (mut outages, range) = match (frame, range) {
        (Some(frame), _) => {
            period::begun(&frame, &objectives, as_of)?;
            let span = |stored: &Stored| (stored.objective.metadata.name.clone(), frame.span(stored.objective.window));
            let ranges: BTreeMap<Name, Span> = objectives.iter().map(span).collect();
            let mut outages = outages_over(store, objectives, &frame, as_of)?.concat();
            outages.retain(|outage| !outage.events.is_empty());
            outages.sort_by(|a, b| (a.start, &a.objective).cmp(&(b.start, &b.objective)));
            (outages, Range::Period(frame, ranges))
        }
        (None, range) => {
            let range = range.unwrap_or(Span::new(Instant::MIN, as_of.plus(1)));
            (downtime(store, objectives, range, as_of)?, Range::Between(range))
        }
    };
    if args.open {
        for outage in &mut outages {
            outage.events.retain(|event| event.end.is_none());
        }
        outages.retain(|outage| !outage.events.is_empty());
    }
    if let Some(last) = args.last {
        let surplus = outages.len().saturating_sub(last);
        outages.drain(..surplus);
    }
    Ok(Found { outages, range, by, as_of })
}

fn grouping(by: &DowntimeBy, frame: Option<&Frame>, objectives: &[Stored]) -> By {
    match by {
        DowntimeBy::Objective => By::Objective,
        DowntimeBy::System => By::System,
        DowntimeBy::Upstream => By::Upstream,
        DowntimeBy::Day => By::Day(frame.and_then(|frame| frame.zone).map_or(Calendar::UTC, |zone| Calendar { zone })),
        DowntimeBy::Label(key) => {
            let metadata = objectives.iter().map(|stored| &stored.objective.metadata);
            let labeled = metadata.filter_map(|it| Some((it.name.clone(), it.labels.get(key)?.clone())));
            By::Label(key.clone(), labeled.collect())
        }
    }
}
