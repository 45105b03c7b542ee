//! Owns `slo check`: one verdict over the selected objectives.
//!
//! | `slo check [NAME…]` | pass or fail, on any condition; `--period` checks a period; `-o junit` and `-o github` for CI |
//! an objective failed |

mod judging;
mod waiting;

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;

use anyhow::Result;

use crate::cli::{Check, FailOn, Output};
use crate::commands::{Answer, Context, Forms, Run, expression, period};
use crate::domain::budget::policy::Urgency;
use crate::domain::rules::finding::{Finding, ReadyMade, Rule};
use crate::domain::value::instant::Instant;
use crate::domain::value::period::Frame;
use crate::evaluation::Detail;
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::render::decide::check::{document, sheet, summary, text};
use crate::render::decide::ci::{annotations, job_summary, junit};
use crate::render::{Form, Looks};
use crate::store::Store;
use judging::Judged;
use waiting::Waited;

/// How many findings show their course to people: since when, and what clears them.
const MOST_COURSES: usize = 10;

impl Run for Check {
    const NAME: &'static str = "check";
    const FORMS: Forms = Forms::Usual(&[Output::Junit, Output::Github]);

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let for_programs = context.form().is_for_programs();
        if args.explain && matches!(context.form(), Form::Markdown | Form::Junit | Form::Github) {
            return Err(Failure::new(
                "--explain has no place in Markdown, JUnit or annotations of GitHub",
                "omit --explain, or use -o table, json, yaml or csv",
            ));
        }
        let detail = Detail { course: true, always: args.explain || for_programs, explain: args.explain };
        // People read from the worst on: the course of the hundredth is not worth computing.
        let to_read = !for_programs && !args.explain;
        let courses = if to_read { MOST_COURSES } else { usize::MAX };
        let wanted = period::wanted(&args.over, context, context.as_of)?;
        let Judged { findings, frame, doubts } = match waiting::until_it_passes(args.wait, context, |store, as_of| {
            judging::findings(store, (args, wanted.as_ref()), (detail, courses), as_of)
        })? {
            Waited::Over(found) => found,
            Waited::Stopped(signal) => return Ok(Answer::written(ExitStatus::Signal(signal))),
        };
        expression::tell_doubts(context, &doubts);
        let as_of = context.as_of;
        let fails = findings.iter().any(|finding| finding.firing);
        if context.form() == Form::Github {
            summarize(context, &findings, frame.as_ref());
        }
        tell_failure(context, &findings);
        Ok(verdict("slo check", findings, frame, (as_of, context.quiet)).exits(ExitStatus::holds(!fails)))
    }
}

/// The output of a command's verdict, over the given period; when quiet, people get nothing but failures and explanations.
pub(in crate::commands) fn verdict(
    command: &'static str,
    findings: Vec<Finding>,
    frame: Option<Frame>,
    (as_of, quiet): (Instant, bool),
) -> Answer {
    let looks = Looks::of(findings).document(move |it| document(it, frame.as_ref(), as_of));
    let looks = looks.sheet(move |it, _| sheet(it, frame.as_ref()));
    let looks = looks.text(move |it, _, canvas| text(it, frame.as_ref(), quiet, canvas)).github(|it| annotations(it));
    Answer::from(looks.junit(move |it| junit(command, it, as_of)))
}

/// Repeats the summary of a failure on standard error if the answer is a JUnit report that goes to a file: nobody reads
/// that in a job's log.
pub(in crate::commands) fn tell_failure(context: &mut Context<'_>, findings: &[Finding]) {
    let (pass, summary) = summary(findings);
    if !pass && context.form() == Form::Junit && context.canvas.width.is_none() {
        context.note(&summary);
    }
}

/// The rules that the arguments ask for.
fn rules(store: &Store, args: &Check) -> Result<Vec<Rc<Rule>>> {
    let mut rules: Vec<Rule> = Vec::new();
    // What is given twice counts once.
    let mut add = |rule: Rule| {
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    };
    args.fail_on.iter().for_each(|what| add(Rule::ready_made(ready_made(*what))));
    for text in &args.when {
        let (term, scope) = expression::parse(text)?;
        add(Rule { scope, ..Rule::of_term("when".to_owned(), term) });
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

/// Appends the verdict to the summary of a GitHub job, if there is one.
fn summarize(context: &mut Context<'_>, findings: &[Finding], frame: Option<&Frame>) {
    let Some(path) = context.env.get(OsStr::new("GITHUB_STEP_SUMMARY")).filter(|path| !path.is_empty()) else {
        return;
    };
    let append = || -> Result<()> {
        context.refuse_database("GITHUB_STEP_SUMMARY", Path::new(path))?;
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(file.write_all(job_summary(findings, frame).as_bytes())?)
    };
    if let Err(error) = append() {
        // A failure here does not change the verdict.
        context.warn(&format!("the summary was not written to {}: {error:#}", path.to_string_lossy()));
    }
}
