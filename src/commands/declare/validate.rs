//! Owns `slo validate`: every problem of every manifest.
//!
//! | `slo validate PATH…` | reports every problem of manifests | a manifest is invalid |

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;

use crate::cli::{Output, Validate};
use crate::commands::{Answer, Context, Forms, Run};
use crate::domain::health::feed::Feed;
use crate::domain::health::transition::Source;
use crate::domain::plan::object::{Kind, Object};
use crate::domain::value::name::Name;
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::manifest::{Declared, Files, Known, KnownSystem, Problem, Reading, Severity};
use crate::render::Looks;
use crate::render::declare::problems::{ProblemLine, Validation, annotations, cases, document, sheet, text};
use crate::render::form::junit;
use crate::store::Store;

impl Run for Validate {
    const NAME: &'static str = "validate";
    const FORMS: Forms = Forms::Usual(&[Output::Junit, Output::Github]);

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        // Without a database, references are resolved within the manifests.
        let known = context.store_if_any()?.map_or_else(|| Ok(Known::default()), |store| store.read(known))?;
        let reading = Files::load(&args.paths.paths, &mut context.stdin).read(&known);
        if reading.documents == 0 && reading.problems.is_empty() {
            return Err(no_manifest("name files or folders that hold *.yaml or *.yml manifests"));
        }
        let status = outcome(&reading);
        let validation = Validation {
            problems: problem_lines(&reading),
            files: reading.files,
            documents: reading.documents,
            shortened: reading.shortened,
            valid: status == ExitStatus::Pass,
            good: reading.objects.iter().map(good).chain(reading.feeds.iter().map(good_feed)).collect(),
        };
        let has_nothing = context.quiet && validation.problems.is_empty();
        let as_of = context.as_of;
        let looks = Looks::of(validation).document(move |it| document(it, as_of)).sheet(|it, _| sheet(it));
        let looks = looks.text(move |it, _, canvas| if has_nothing { String::new() } else { text(it, canvas) });
        let looks = looks.github(annotations);
        Ok(Answer::from(looks.junit(move |it| junit::text("slo validate", as_of, &cases(it)))).exits(status))
    }
}

/// The file and the name of a valid object.
fn good(declared: &Declared) -> (String, String) {
    (declared.origin.file.to_string(), declared.object.identity().to_string())
}

/// The file and the name of a valid feed.
fn good_feed((feed, file): &(Feed, Arc<str>)) -> (String, String) {
    (file.to_string(), format!("Feed {}", feed.name))
}

/// The problems found while reading, ready to print.
pub(super) fn problem_lines(reading: &Reading) -> Vec<ProblemLine> {
    lines_of(&reading.problems)
}

/// Problems, ready to print.
pub(in crate::commands) fn lines_of(problems: &[Problem]) -> Vec<ProblemLine> {
    let line = |problem: &Problem| ProblemLine {
        file: problem.file.to_string(),
        line: problem.at.map(|at| at.line),
        column: problem.at.map(|at| at.column),
        severity: if problem.severity == Severity::Warning { "warning" } else { "error" },
        subject: problem.subject.clone(),
        message: problem.message.clone(),
        remedy: problem.remedy.clone(),
        excerpt: problem.excerpt.as_ref().map(|excerpt| (excerpt.text.clone(), excerpt.before)),
    };
    problems.iter().map(line).collect()
}

/// An input without manifests is probably a mistake.
pub(super) fn no_manifest(remedy: &str) -> anyhow::Error {
    Failure::new("no manifest found", remedy)
}

/// The declared objects besides the manifests being read.
pub(in crate::commands) fn known(store: &Store) -> Result<Known> {
    let mut known = Known::default();
    let names: BTreeMap<_, Name> = store.systems()?.into_iter().map(|(name, id)| (id, name)).collect();
    for stored in store.objects(Kind::System)? {
        if let Object::System(system) = stored.held.object {
            let upstreams = system.dependencies.iter().map(|edge| edge.upstream.clone()).collect();
            let members = system.members().iter().cloned().collect();
            known.systems.insert(system.metadata.name.clone());
            known.declared.insert(system.metadata.name.clone(), KnownSystem { upstreams, members });
        }
    }
    for stored in store.objectives()? {
        known.objectives.insert(stored.objective.metadata.name.clone(), stored.objective);
    }
    for (system, streams) in store.all_streams()? {
        let Some(name) = names.get(&system) else { continue };
        known.systems.insert(name.clone());
        let reporting = streams.iter().filter(|stream| stream.source == Source::Healthcheck);
        let reporting: BTreeSet<_> = reporting.map(|stream| stream.check.clone()).collect();
        if !reporting.is_empty() {
            known.reporting.insert(name.clone(), reporting);
        }
        let locations = known.locations.entry(name.clone()).or_default();
        for check in streams.iter().filter(|stream| stream.source == Source::Healthcheck) {
            check.check.iter().for_each(|check| *locations.entry(check.clone()).or_default() += 1);
        }
        for stream in streams {
            // A stream of an incident has the incident's id where others have a check.
            let seen = match stream.source {
                Source::Healthcheck => &mut known.checks,
                Source::Incident => &mut known.incidents,
            };
            if let Some(check) = stream.check {
                seen.entry(name.clone()).or_default().insert(check);
            }
        }
    }
    Ok(known)
}

/// The exit code for a reading of manifests.
pub(in crate::commands) fn outcome(reading: &Reading) -> ExitStatus {
    if reading.has_unreadable() { ExitStatus::Error } else { ExitStatus::holds(!reading.has_errors()) }
}
