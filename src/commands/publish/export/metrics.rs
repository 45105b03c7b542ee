//! Owns `slo export metrics`: the values of `status` and `health`, for Prometheus.
//!
//! | `slo export metrics [NAME…]` | everything `status` and `health` know, for Prometheus; `--since` for a backfill; see
//! [Metrics](metrics.md) | |

use anyhow::Result;

use crate::cli::{ExportMetrics, Output};
use crate::commands::{Answer, Context, Forms, Run, period, range, selection};
use crate::domain::health::report::TRANSITIONS_WINDOW_MS;
use crate::domain::value::instant::{Instant, MINUTE_MS};
use crate::evaluation::{all_healths, healths};
use crate::failure::Failure;
use crate::render::publish::metrics::Metrics;
use crate::store::{Access, Store};

/// The most samples of a backfill, per series.
const MOST_STEPS: i64 = 50_000;
/// The time between samples of a backfill without `--step`.
const USUAL_STEP_MS: i64 = 5 * MINUTE_MS;

impl Run for ExportMetrics {
    const NAME: &'static str = "metrics";
    const FORMS: Forms = Forms::Only(
        &[Output::Openmetrics],
        "metrics are written as OpenMetrics",
        "use -o openmetrics (the default), or take `slo status -o json` and `slo health -o json`",
    );

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_of = context.as_of;
        let wanted = period::wanted(&args.over, context, as_of)?;
        let moments = moments(args, as_of)?;
        let store = context.store(Access::Read)?;
        let text = store.read(|store| {
            let mut metrics = Metrics::new(args.since.is_some());
            for at in moments {
                add(store, args, wanted.as_ref(), at, &mut metrics)?;
            }
            Ok(metrics.text())
        })?;
        Ok(Answer::text(text))
    }
}

/// The times of the samples: the last one is `as_of`, and the others are whole steps before it.
fn moments(args: &ExportMetrics, as_of: Instant) -> Result<Vec<Instant>> {
    let [Some(since), _] = range::past(args.since.as_deref(), None, as_of)? else { return Ok(vec![as_of]) };
    let step = args.step.unwrap_or(USUAL_STEP_MS).max(1);
    let steps = as_of.since(since) / step;
    if steps >= MOST_STEPS {
        return Err(Failure::new(
            format!("--since {since} asks for {} samples, but at most {MOST_STEPS} are allowed", steps + 1),
            "give a longer --step, or a later --since, and write the rest with --as-of",
        ));
    }
    Ok((0..=steps).rev().map(|steps| as_of.plus(-steps * step)).collect())
}

fn add(
    store: &Store,
    args: &ExportMetrics,
    wanted: Option<&period::Wanted>,
    at: Instant,
    metrics: &mut Metrics,
) -> Result<()> {
    let selected = &args.selection;
    let objectives = selection::objectives(store, selected)?;
    let everything = selected.is_all();
    let mut healths = if everything {
        all_healths(store, TRANSITIONS_WINDOW_MS, at)?
    } else {
        let mut systems: Vec<String> = objectives.iter().map(|stored| stored.objective.system.to_string()).collect();
        systems.sort_unstable();
        systems.dedup();
        if systems.is_empty() {
            Vec::new()
        } else {
            healths(store, &selection::systems(store, &systems)?, TRANSITIONS_WINDOW_MS, at)?
        }
    };
    healths.retain(|health| !health.is_retired);
    let (reports, _) = period::reports_in(store, objectives, wanted, at)?;
    metrics.add(&reports, &healths, at);
    Ok(())
}
