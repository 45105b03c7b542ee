//! Owns evaluating the rules of a check: for objectives, as of one time or over a period, and for systems.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use anyhow::Result;

use super::rules;
use crate::cli::{Check, NoData};
use crate::commands::{expression, period, selection};
use crate::domain::account::objective::Metadata;
use crate::domain::budget::balance::State;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::rules::condition::{Doubt, Owner, Subject};
use crate::domain::rules::finding::{Finding, ReadyMade, Rule};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::period::Frame;
use crate::evaluation::{Conditions, Detail};
use crate::failure::Failure;
use crate::store::{Store, Stored};

/// What a check found.
pub(super) struct Judged {
    pub(super) findings: Vec<Finding>,
    /// The period for the objectives, if one is wanted.
    pub(super) frame: Option<Frame>,
    /// What is doubtful about the conditions of `--when`.
    pub(super) doubts: Vec<Doubt>,
}

/// Every rule evaluated for every selected objective or system that it covers: objectives first, worst first.
///
/// # Errors
/// If there is nothing to check.
pub(super) fn findings(
    store: &Store,
    (args, wanted): (&Check, Option<&period::Wanted>),
    (detail, courses): (Detail, usize),
    as_of: Instant,
) -> Result<Judged> {
    let rules = rules(store, args)?;
    let (of_systems, of_objectives): (Vec<_>, Vec<_>) =
        rules.into_iter().partition(|rule| rule.scope.owner() == Owner::System);
    if let (Some(rule), Some(_)) = (of_systems.first(), wanted) {
        let which = if is_written(args, rule) { "--when".to_owned() } else { format!("condition {}", rule.name) };
        return Err(Failure::new(
            format!("{which} is about systems, which have no period"),
            "leave out --period, or name conditions about objectives with --condition",
        ));
    }
    let judged = Judged { findings: Vec::new(), frame: None, doubts: Vec::new() };
    let mut judging = Judging { args, wanted, detail, courses, failing: 0, judged };
    if !of_objectives.is_empty() {
        judging.objectives(store, &of_objectives, as_of)?;
    }
    if !of_systems.is_empty() {
        judging.systems(store, &of_systems, as_of)?;
    }
    if judging.judged.findings.is_empty() {
        return Err(Failure::new(
            "nothing to check: the declared conditions select none of these objectives and systems",
            "see `slo list conditions` for what each condition selects",
        ));
    }
    Ok(judging.judged)
}

/// A check in progress.
struct Judging<'a> {
    args: &'a Check,
    wanted: Option<&'a period::Wanted>,
    detail: Detail,
    /// How many failures get their course.
    courses: usize,
    failing: usize,
    judged: Judged,
}

/// What never reported, and the rule that fails it unless `--no-data pass`.
#[derive(Clone, Copy)]
enum Silence<'r> {
    None,
    /// The entire system: other rules have nothing to look at.
    Complete(&'r Rc<Rule>),
    /// Neither the objective's check, maybe misspelled, nor an incident.
    OfItsCheck(&'r Rc<Rule>),
}

impl Judging<'_> {
    fn objectives(&mut self, store: &Store, rules: &[Rc<Rule>], as_of: Instant) -> Result<()> {
        let objectives = selection::objectives(store, &self.args.selection)?;
        // With --all, a condition may cover only objectives that are not selected.
        if objectives.is_empty() && self.args.all {
            return Ok(());
        }
        if objectives.is_empty() {
            return Err(selection::nothing(store, "check"));
        }
        let metadata: BTreeMap<Name, Metadata> =
            objectives.iter().map(|stored| stored.objective.metadata.clone()).map(|it| (it.name.clone(), it)).collect();
        let idle = rules.iter().find(|rule| !metadata.values().any(|metadata| rule.scope.covers(metadata)));
        if let Some(rule) = idle.filter(|_| !self.args.all) {
            return Err(Failure::new(
                format!("nothing to check: {} selects none of these objectives", self.which(rule)),
                "see `slo list conditions` for the objectives each condition selects",
            ));
        }
        let covered = |name: &Name, rule: &Rule| metadata.get(name).is_some_and(|metadata| rule.scope.covers(metadata));
        for rule in rules.iter().filter(|rule| is_written(self.args, rule)) {
            let of_it = objectives.iter().map(|stored| &stored.objective);
            let of_it: Vec<_> = of_it.filter(|objective| rule.scope.covers(&objective.metadata)).collect();
            self.judged.doubts.extend(expression::doubts(&rule.term, &of_it));
        }
        self.judged.frame = self.wanted.map(|wanted| wanted.of(&objectives, as_of)).transpose()?;
        let mut by_moment: BTreeMap<Instant, Vec<Stored>> = BTreeMap::new();
        for stored in objectives.into_iter().filter(|it| rules.iter().any(|rule| covered(name_of(it), rule))) {
            let close = self.judged.frame.map(|frame| frame.span(stored.objective.window).end);
            by_moment.entry(close.map_or(as_of, |close| close.min(as_of))).or_default().push(stored);
        }
        if let Some(frame) = self.judged.frame {
            for rule in rules {
                let is_covered = |stored: &Stored| covered(name_of(stored), rule);
                let subjects = by_moment.iter().flat_map(|(moment, of_it)| of_it.iter().map(move |it| (*moment, it)));
                self.expect_one_close(store, rule, (&frame, as_of), subjects.filter(|(_, it)| is_covered(it)))?;
            }
        }
        // A finished period is evaluated at its close, without later facts: that time differs by zone.
        let mut drawn = Vec::new();
        for (moment, objectives) in by_moment {
            let mut conditions = Conditions::open(store, objectives.len(), moment)?.over(self.judged.frame);
            let reports = objectives.into_iter().map(|stored| conditions.report(stored)).collect::<Result<Vec<_>>>()?;
            drawn.push((conditions, reports));
        }
        let mut worst: Vec<(usize, Rc<ObjectiveReport>)> = Vec::new();
        for (place, (_, reports)) in drawn.iter().enumerate() {
            worst.extend(reports.iter().map(|report| (place, Rc::clone(report))));
        }
        worst.sort_by(|(_, a), (_, b)| a.compare_worst(b));
        let (no_data, no_check) = (Rc::new(Rule::ready_made(ReadyMade::NoData)), Rc::new(Rule::no_data_of_check()));
        for (place, report) in worst {
            let covered = rules.iter().filter(|rule| covered(&report.objective, rule)).collect();
            let subject = Subject::Objective(report.objective.clone());
            let silence = match report.state {
                State::NoData => Silence::Complete(&no_data),
                _ if report.last_seen.is_none() => Silence::OfItsCheck(&no_check),
                _ => Silence::None,
            };
            self.judge(&mut drawn[place].0, &subject, covered, silence)?;
        }
        Ok(())
    }

    /// Checks that the period of every objective that a rule names ends, or is looked at, when that of its subjects does.
    fn expect_one_close<'s>(
        &self,
        store: &Store,
        rule: &Rc<Rule>,
        (frame, as_of): (&Frame, Instant),
        mut subjects: impl Iterator<Item = (Instant, &'s Stored)>,
    ) -> Result<()> {
        let named = rule.term.fields().into_iter().filter_map(|field| match &field.subject {
            Subject::Objective(name) => Some(name),
            _ => None,
        });
        let named = named.collect::<BTreeSet<_>>().into_iter().map(|name| {
            let window = selection::objective(store, name.as_str())?.objective.window;
            Ok((name, frame.span(window).end.min(as_of)))
        });
        let named = named.collect::<Result<Vec<_>>>()?;
        let differ = subjects.find_map(|(moment, subject)| {
            named.iter().find(|(_, close)| *close != moment).map(|(named, _)| (name_of(subject), *named))
        });
        let Some((subject, named)) = differ else { return Ok(()) };
        let (which, period) = (self.which(rule), frame.period);
        Err(Failure::new(
            format!("{which} compares {subject} with {named}, whose {period} ends at another time"),
            "add --timezone, such as --timezone UTC: then the period is the same for all",
        ))
    }

    fn systems(&mut self, store: &Store, rules: &[Rc<Rule>], as_of: Instant) -> Result<()> {
        let systems = selection::systems_in_scope(store, &self.args.selection, as_of)?;
        let covers = |rule: &Rule| systems.iter().any(|(name, labels)| rule.scope.covers_system(name, labels));
        if let Some(rule) = rules.iter().find(|rule| !covers(rule)).filter(|_| !self.args.all) {
            let (which, selection) = (self.which(rule), &self.args.selection);
            return Err(selection::no_system(store, ("check", &which), (selection, &rule.scope), as_of));
        }
        for rule in rules.iter().filter(|rule| is_written(self.args, rule)) {
            self.judged.doubts.extend(expression::doubts(&rule.term, &[]));
        }
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

    /// A rule in a sentence.
    fn which(&self, rule: &Rule) -> String {
        if is_written(self.args, rule) { "--when".to_owned() } else { format!("the condition {}", rule.name) }
    }

    /// Evaluates rules for one objective or system.
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
            self.judged.findings.push(finding);
        }
        let complete = matches!(silence, Silence::Complete(_));
        for rule in rules.into_iter().filter(|rule| !(complete && rule.needs_data)) {
            self.detail.course = self.failing < self.courses;
            let finding = conditions.judge(rule, subject, self.detail)?;
            self.failing += usize::from(finding.firing);
            self.judged.findings.push(finding);
        }
        Ok(())
    }
}

/// Whether a rule is an expression of `--when`.
fn is_written(args: &Check, rule: &Rule) -> bool {
    !args.when.is_empty() && rule.name == "when"
}

fn name_of(stored: &Stored) -> &Name {
    &stored.objective.metadata.name
}
