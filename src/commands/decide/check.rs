//! Owns `slo check`: one verdict over the selected objectives.
//!
//! | `slo check [NAME…]` | pass or fail, on any condition; `-o junit` and `-o github` for CI | an objective failed |

mod waiting;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;

use anyhow::Result;

use crate::cli::{Check, FailOn, NoData, Output};
use crate::commands::{Answer, Context, Forms, Run, expression, selection};
use crate::domain::account::objective::Metadata;
use crate::domain::budget::balance::State;
use crate::domain::budget::policy::Urgency;
use crate::domain::budget::report::worst_first;
use crate::domain::rules::condition::{Owner, Subject};
use crate::domain::rules::finding::{Finding, ReadyMade, Rule};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::evaluation::{Conditions, Detail};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::render::decide::check::{document, sheet, text};
use crate::render::decide::ci::{annotations, job_summary, junit};
use crate::render::{Form, Looks};
use crate::store::Store;
use waiting::Waited;

/// Of how many findings people are told since when they are so and what clears them.
const MOST_COURSES: usize = 10;

impl Run for Check {
    const NAME: &'static str = "check";
    const FORMS: Forms = Forms::Usual(&[Output::Junit, Output::Github]);

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let for_programs = context.form().is_for_programs();
        let detail = Detail { course: true, always: args.explain || for_programs, explain: args.explain };
        // People read on from the worst: since when the hundredth fails, is not worth the time it takes to find out.
        let to_read = !for_programs && !args.explain;
        let courses = if to_read { MOST_COURSES } else { usize::MAX };
        let findings = match waiting::until_it_passes(args.wait, context, |store, as_of| {
            findings(store, args, (detail, courses), as_of)
        })? {
            Waited::Over(findings) => findings,
            Waited::Stopped(signal) => return Ok(Answer::written(ExitStatus::Signal(signal))),
        };
        let as_of = context.as_of;
        let fails = findings.iter().any(|finding| finding.firing);
        if context.form() == Form::Github {
            summarize(context, &findings);
        }
        Ok(verdict(findings, as_of).exits(ExitStatus::holds(!fails)))
    }
}

/// How a verdict looks.
pub(in crate::commands) fn verdict(findings: Vec<Finding>, as_of: Instant) -> Answer {
    let looks = Looks::of(findings).document(move |it| document(it, as_of)).sheet(|it, _| sheet(it));
    let looks = looks.text(|it, _, canvas| text(it, canvas)).github(|it| annotations(it));
    Answer::from(looks.junit(move |it| junit(it, as_of)))
}

/// Every rule judged for every selected objective or system that it is about: objectives first, the worst of them before others.
fn findings(store: &Store, args: &Check, (detail, courses): (Detail, usize), as_of: Instant) -> Result<Vec<Finding>> {
    let rules = rules(store, args)?;
    let (of_systems, of_objectives): (Vec<_>, Vec<_>) =
        rules.into_iter().partition(|rule| rule.scope.owner() == Owner::System);
    let mut judging = Judging { args, detail, courses, failing: 0, findings: Vec::new() };
    if !of_objectives.is_empty() {
        judging.objectives(store, &of_objectives, as_of)?;
    }
    if !of_systems.is_empty() {
        judging.systems(store, &of_systems, as_of)?;
    }
    if judging.findings.is_empty() {
        return Err(Failure::new(
            "nothing to check: the declared conditions select none of these objectives and systems",
            "see `slo list conditions` for what each condition selects",
        ));
    }
    Ok(judging.findings)
}

/// A check under way.
struct Judging<'a> {
    args: &'a Check,
    detail: Detail,
    /// How many failures are told in full.
    courses: usize,
    failing: usize,
    findings: Vec<Finding>,
}

/// What never reported, and the rule by which that fails unless `--no-data pass`.
#[derive(Clone, Copy)]
enum Silence<'r> {
    None,
    /// Nothing of the system: there is nothing that other rules could look at.
    Complete(&'r Rc<Rule>),
    /// Neither the check that an objective is about, maybe misspelt, nor an incident.
    OfItsCheck(&'r Rc<Rule>),
}

impl Judging<'_> {
    fn objectives(&mut self, store: &Store, rules: &[Rc<Rule>], as_of: Instant) -> Result<()> {
        let objectives = selection::objectives(store, &self.args.selection)?;
        // With --all, a condition may well be about other objectives than those that are asked about.
        if objectives.is_empty() && self.args.all {
            return Ok(());
        }
        if objectives.is_empty() {
            return Err(selection::nothing(store, "check"));
        }
        let metadata: BTreeMap<Name, Metadata> =
            objectives.iter().map(|stored| stored.objective.metadata.clone()).map(|it| (it.name.clone(), it)).collect();
        let idle = rules.iter().find(|rule| !metadata.values().any(|metadata| rule.scope.covers(metadata)));
        self.refuse_idle(idle, "objectives")?;
        let covered = |name: &Name, rule: &Rule| metadata.get(name).is_some_and(|metadata| rule.scope.covers(metadata));
        let mut conditions = Conditions::open(store, objectives.len(), as_of)?;
        let mut reports = Vec::with_capacity(objectives.len());
        for stored in objectives {
            if rules.iter().any(|rule| covered(&stored.objective.metadata.name, rule)) {
                reports.push(conditions.report(stored)?);
            }
        }
        worst_first(&mut reports);
        let (no_data, no_check) = (Rc::new(Rule::ready_made(ReadyMade::NoData)), Rc::new(Rule::no_data_of_check()));
        for report in reports {
            let covered = rules.iter().filter(|rule| covered(&report.objective, rule)).collect();
            let subject = Subject::Objective(report.objective.clone());
            let silence = match report.state {
                State::NoData => Silence::Complete(&no_data),
                _ if report.last_seen.is_none() => Silence::OfItsCheck(&no_check),
                _ => Silence::None,
            };
            self.judge(&mut conditions, &subject, covered, silence)?;
        }
        Ok(())
    }

    fn systems(&mut self, store: &Store, rules: &[Rc<Rule>], as_of: Instant) -> Result<()> {
        let systems = selection::systems_in_scope(store, &self.args.selection, as_of)?;
        let covers = |rule: &Rule| systems.iter().any(|(name, labels)| rule.scope.covers_system(name, labels));
        self.refuse_idle(rules.iter().find(|rule| !covers(rule)), "systems")?;
        let mut conditions = Conditions::open(store, systems.len(), as_of)?;
        let no_data = Rc::new(Rule::no_data_of_system());
        for (name, labels) in &systems {
            let covered: Vec<_> = rules.iter().filter(|rule| rule.scope.covers_system(name, labels)).collect();
            if !covered.is_empty() {
                let subject = Subject::System(name.clone());
                let silent = conditions.first(&subject)?.is_none_or(|first| first > as_of);
                let silence = if silent { Silence::Complete(&no_data) } else { Silence::None };
                self.judge(&mut conditions, &subject, covered, silence)?;
            }
        }
        Ok(())
    }

    fn refuse_idle(&self, idle: Option<&Rc<Rule>>, what: &str) -> Result<()> {
        let Some(rule) = idle.filter(|_| !self.args.all) else { return Ok(()) };
        Err(Failure::new(
            format!("nothing to check: the condition {} selects none of these {what}", rule.name),
            format!("see `slo list conditions` for the {what} each condition selects"),
        ))
    }

    /// Judges rules for one objective or system.
    fn judge(
        &mut self,
        conditions: &mut Conditions<'_>,
        subject: &Subject,
        rules: Vec<&Rc<Rule>>,
        silence: Silence<'_>,
    ) -> Result<()> {
        if let Silence::Complete(no_data) | Silence::OfItsCheck(no_data) = silence {
            let mut finding = conditions.judge(no_data, subject, self.detail)?;
            finding.firing = self.args.no_data == NoData::Fail;
            self.findings.push(finding);
        }
        let complete = matches!(silence, Silence::Complete(_));
        for rule in rules.into_iter().filter(|rule| !(complete && rule.needs_data)) {
            self.detail.course = self.failing < self.courses;
            let finding = conditions.judge(rule, subject, self.detail)?;
            self.failing += usize::from(finding.firing);
            self.findings.push(finding);
        }
        Ok(())
    }
}

/// What objectives may fail on, as asked.
fn rules(store: &Store, args: &Check) -> Result<Vec<Rc<Rule>>> {
    let mut rules: Vec<Rule> = args.fail_on.iter().map(|what| Rule::ready_made(ready_made(*what))).collect();
    for text in &args.when {
        let (term, scope) = expression::parse(text)?;
        rules.push(Rule { scope, ..Rule::of_term("when".to_owned(), term) });
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
