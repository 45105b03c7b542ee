//! Owns `slo health`: the effective status of systems.
//!
//! | `slo health [SYSTEM…]` | the status of systems, and since when; `--window 6h`: how often it changed in the last 6 hours instead of the last hour; `--fail-on unhealthy`: a verdict | with `--fail-on`: a system failed |

use std::rc::Rc;

use anyhow::Result;

use crate::cli::{FailOnStatus, Health, Output};
use crate::commands::decide::check::{tell_failure, verdict};
use crate::commands::{Answer, Context, Forms, Run, selection};
use crate::domain::health::report::Health as SystemHealth;
use crate::domain::health::transition::{Status, StatusSet};
use crate::domain::rules::condition::Subject;
use crate::domain::rules::finding::{Finding, Rule};
use crate::domain::value::instant::Instant;
use crate::evaluation::{Conditions, Detail, all_healths, healths};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::render::Looks;
use crate::render::look::health::{document, sheet};
use crate::store::Store;

impl Run for Health {
    const NAME: &'static str = "health";
    const FORMS: Forms = Forms::Usual(&[Output::Junit, Output::Github]);

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_of = context.as_of;
        if !args.fail_on.is_empty() {
            let findings = context.read(true, |store| findings(store, args, as_of))?;
            let fails = findings.iter().any(|finding| finding.firing);
            tell_failure(context, &findings);
            return Ok(verdict("slo health", findings, None, (as_of, context.quiet)).exits(ExitStatus::holds(!fails)));
        }
        if let Some(Output::Junit | Output::Github) = context.output {
            return Err(Failure::new(
                "-o junit and -o github are for verdicts only",
                "say which status fails, such as --fail-on unhealthy",
            ));
        }
        let mut healths = context.read(true, |store| selected(store, args, as_of))?;
        healths.sort_by(|a, b| a.rank().cmp(&b.rank()));
        let window = args.window;
        Ok(Looks::of(healths).document(move |it| document(it, as_of)).sheet(move |it, _| sheet(it, window)).into())
    }
}

fn selected(store: &Store, args: &Health, as_of: Instant) -> Result<Vec<SystemHealth>> {
    let labelled = selection::labelled(store, args.selector.as_deref())?;
    let mut found = if args.systems.is_empty() {
        let mut all = all_healths(store, args.window, as_of)?;
        all.retain(|health| !health.is_retired || args.all);
        all
    } else {
        // Named systems are shown even if retired.
        healths(store, &selection::systems(store, &args.systems)?, args.window, as_of)?
    };
    found.retain(|health| labelled.as_ref().is_none_or(|labelled| labelled.covers(&health.system)));
    Ok(found)
}

/// Every selected system with its verdict, worst first.
fn findings(store: &Store, args: &Health, as_of: Instant) -> Result<Vec<Finding>> {
    let (name, statuses) = failing(&args.fail_on);
    let rule = Rc::new(Rule::of_statuses(name, statuses, args.held_for));
    let mut healths = selected(store, args, as_of)?;
    if healths.is_empty() {
        return Err(Failure::new(
            "nothing to check: no system is selected",
            "import transitions with `slo ingest FILE`, or see `slo list systems` for names, and the manifests for labels",
        ));
    }
    healths.sort_by(|a, b| a.rank().cmp(&b.rank()));
    let mut conditions = Conditions::open(store, healths.len(), as_of)?;
    let detail = Detail { course: true, always: true, explain: false };
    healths.iter().map(|health| conditions.judge(&rule, &Subject::System(health.system.clone()), detail)).collect()
}

/// The statuses that fail, and the name of the rule.
fn failing(fail_on: &[FailOnStatus]) -> (String, StatusSet) {
    let (mut names, mut statuses) = (Vec::new(), StatusSet::default());
    for what in fail_on {
        let (name, worse) = match what {
            FailOnStatus::Unhealthy => ("unhealthy", &[Status::Unhealthy][..]),
            FailOnStatus::Degraded => ("degraded", &[Status::Degraded, Status::Unhealthy][..]),
            FailOnStatus::Unknown => ("unknown", &[Status::Unknown][..]),
        };
        if !names.contains(&name) {
            names.push(name);
        }
        statuses = worse.iter().fold(statuses, |statuses, status| statuses.with(*status));
    }
    (names.join(","), statuses)
}
