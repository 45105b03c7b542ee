//! Owns `slo check`: one verdict over the selected objectives.
//!
//! | `slo check [NAME…]` | pass or fail, on any condition; `-o junit` and `-o github` for CI | an objective failed |

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;

use anyhow::Result;

use super::{Answer, Context, Forms, Run, expression, selection};
use crate::cli::{Check, FailOn, NoData, Output};
use crate::domain::account::objective::Metadata;
use crate::domain::budget::balance::State;
use crate::domain::budget::policy::Urgency;
use crate::domain::budget::report::worst_first;
use crate::domain::rules::finding::{Finding, ReadyMade, Rule};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::evaluation::{Conditions, Detail};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::render::check::{document, sheet, text};
use crate::render::ci::{annotations, job_summary, junit};
use crate::render::{Form, Looks};
use crate::store::{Access, Store};

/// Of how many findings people are told since when they are so and what clears them.
const MOST_COURSES: usize = 10;

impl Run for Check {
    const NAME: &'static str = "check";
    const FORMS: Forms = Forms::Usual(&[Output::Junit, Output::Github]);

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let store = context.store(Access::Read)?;
        let as_of = context.as_of;
        let for_programs = context.form().is_for_programs();
        let detail = Detail { course: true, always: args.explain || for_programs, explain: args.explain };
        // People read on from the worst: since when the hundredth fails, is not worth the time it takes to find out.
        let to_read = !for_programs && !args.explain;
        let courses = if to_read { MOST_COURSES } else { usize::MAX };
        let findings = store.read(|store| findings(store, args, (detail, courses), as_of))?;
        let fails = findings.iter().any(|finding| finding.firing);
        if context.form() == Form::Github {
            summarize(context, &findings);
        }
        let looks = Looks::of(findings).document(move |it| document(it, as_of)).sheet(|it, _| sheet(it));
        let looks = looks.text(|it, _, canvas| text(it, canvas)).github(|it| annotations(it));
        Ok(Answer::from(looks.junit(move |it| junit(it, as_of))).exits(ExitStatus::holds(!fails)))
    }
}

/// Every rule judged for every selected objective that it is about, worst objectives first.
fn findings(
    store: &Store,
    args: &Check,
    (mut detail, courses): (Detail, usize),
    as_of: Instant,
) -> Result<Vec<Finding>> {
    let rules = rules(store, args)?;
    let objectives = selection::objectives(store, &args.selection)?;
    if objectives.is_empty() {
        return Err(Failure::new(
            "nothing to check: no objective is selected",
            "declare objectives with `slo apply PATH`, or see `slo list objectives` for names and labels",
        ));
    }
    let metadata: BTreeMap<Name, Metadata> =
        objectives.iter().map(|stored| stored.objective.metadata.clone()).map(|it| (it.name.clone(), it)).collect();
    // With --all, a condition may well be about other objectives than those that are asked about.
    let idle = rules.iter().find(|rule| !metadata.values().any(|metadata| rule.scope.covers(metadata)));
    if let Some(rule) = idle.filter(|_| !args.all) {
        return Err(Failure::new(
            format!("nothing to check: the condition {} selects none of these objectives", rule.name),
            "see `slo list conditions` for the objectives each condition selects",
        ));
    }
    let covered = |name: &Name, rule: &Rule| metadata.get(name).is_some_and(|metadata| rule.scope.covers(metadata));
    let mut conditions = Conditions::open(store, objectives.len(), as_of)?;
    let mut reports = Vec::with_capacity(objectives.len());
    for stored in objectives {
        if rules.iter().any(|rule| covered(&stored.objective.metadata.name, rule)) {
            reports.push(conditions.report(stored)?);
        }
    }
    worst_first(&mut reports);
    let no_data = Rc::new(Rule::ready_made(ReadyMade::NoData));
    let mut findings = Vec::new();
    let mut failing = 0;
    for report in reports {
        let objective = &report.objective;
        let silent = report.state == State::NoData;
        if silent {
            let mut finding = conditions.judge(&no_data, objective, detail)?;
            finding.firing = args.no_data == NoData::Fail;
            findings.push(finding);
        }
        for rule in rules.iter().filter(|rule| covered(objective, rule) && !(silent && rule.needs_data)) {
            detail.course = failing < courses;
            let finding = conditions.judge(rule, objective, detail)?;
            failing += usize::from(finding.firing);
            findings.push(finding);
        }
    }
    if findings.is_empty() {
        return Err(Failure::new(
            "nothing to check: the declared conditions select none of these objectives",
            "see `slo list conditions` for the objectives each condition selects",
        ));
    }
    Ok(findings)
}

/// What objectives may fail on, as asked.
fn rules(store: &Store, args: &Check) -> Result<Vec<Rc<Rule>>> {
    let mut rules: Vec<Rule> = args.fail_on.iter().map(|what| Rule::ready_made(ready_made(*what))).collect();
    for text in &args.when {
        let term = expression::parse(text)?;
        rules.push(Rule::of_term("when".to_owned(), term));
    }
    if args.all || !args.condition.is_empty() {
        let declared = store.conditions()?;
        if args.all && declared.is_empty() {
            return Err(Failure::new(
                "nothing to check: no condition is declared",
                "declare some with `slo apply PATH`, or write one with --when",
            ));
        }
        let asked = if args.all { declared } else { expression::named(declared, &args.condition)? };
        rules.extend(asked.into_iter().map(Rule::of_condition));
    }
    for rule in &rules {
        expression::exist(store, &rule.term)?;
    }
    if rules.is_empty() {
        rules.push(Rule::ready_made(ReadyMade::Breaching));
    }
    rules.extend(args.max_age.map(|millis| Rule::ready_made(ReadyMade::MaxAge(millis))));
    rules.extend(args.min_coverage.map(|percent| Rule::ready_made(ReadyMade::Coverage(percent))));
    Ok(rules.into_iter().map(Rc::new).collect())
}

fn ready_made(what: FailOn) -> ReadyMade {
    match what {
        FailOn::Breaching => ReadyMade::Breaching,
        FailOn::Down => ReadyMade::Down,
        FailOn::AtRisk => ReadyMade::AtRisk,
        FailOn::Warning => ReadyMade::Warning,
        FailOn::Critical => ReadyMade::Critical,
        FailOn::Exhausted => ReadyMade::Exhausted,
        FailOn::FastBurn => ReadyMade::FastBurn,
        FailOn::Page => ReadyMade::Policy(Urgency::Page),
        FailOn::Ticket => ReadyMade::Policy(Urgency::Ticket),
        FailOn::Unknown => ReadyMade::Unknown,
    }
}

/// Appends the verdict to the summary of a GitHub job, where there is one.
fn summarize(context: &mut Context<'_>, findings: &[Finding]) {
    let Some(path) = context.env.get(OsStr::new("GITHUB_STEP_SUMMARY")).filter(|path| !path.is_empty()) else {
        return;
    };
    let append = || -> Result<()> {
        context.refuse_database("GITHUB_STEP_SUMMARY", Path::new(path))?;
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(file.write_all(job_summary(findings).as_bytes())?)
    };
    if let Err(error) = append() {
        // The verdict does not depend on it.
        context.warn(&format!("the summary was not written to {}: {error:#}", path.to_string_lossy()));
    }
}
