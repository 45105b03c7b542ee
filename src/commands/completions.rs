//! Owns `slo completions`, and completing: names of objectives and systems come from the database.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::builder::StyledStr;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::Shells;

use super::registry::definition;
use super::{Answer, Context, Run};
use crate::Invocation;
use crate::cli::{Completions, Shell};
use crate::exit::ExitStatus;
use crate::store::{Access, Store};

/// The environment variable by which a shell asks for completions.
const VARIABLE: &str = "COMPLETE";

impl Run for Completions {
    const NAME: &'static str = "completions";
    const ASKS_THE_CLOCK: bool = false;

    fn run(args: &Self, _: &mut Context<'_>) -> Result<Answer> {
        let name = match args.shell {
            Shell::Bash => "bash",
            Shell::Zsh => "zsh",
            Shell::Fish => "fish",
            Shell::Elvish => "elvish",
            Shell::Powershell => "powershell",
        };
        let mut script = Vec::new();
        if let Some(shell) = Shells::builtins().completer(name) {
            shell.write_registration(VARIABLE, "slo", "slo", "slo", &mut script)?;
        }
        Ok(Answer::text(String::from_utf8(script)?))
    }
}

/// Answers a shell that asks for completions; `None` when this run is not for that.
pub(crate) fn complete(invocation: &Invocation, db: Option<&Path>, stdout: &mut dyn Write) -> Option<ExitStatus> {
    let shell = invocation.env.get(OsStr::new(VARIABLE))?.to_str()?;
    let shells = Shells::builtins();
    let completer = shells.completer(shell)?;
    // The shell passes its own words after `--`.
    let words: Vec<_> = invocation.args.iter().skip_while(|word| *word != "--").skip(1).cloned().collect();
    if words.is_empty() {
        return None;
    }
    let named = db_of(&words);
    let mut command = with_names(named.as_deref().or(db));
    let mut answer = Vec::new();
    let folder = std::env::current_dir().ok();
    let done = completer.write_complete(&mut command, words, folder.as_deref(), &mut answer);
    drop(stdout.write_all(&answer));
    Some(if done.is_ok() { ExitStatus::Pass } else { ExitStatus::Error })
}

/// The database that the line being completed names.
fn db_of(words: &[OsString]) -> Option<PathBuf> {
    let after = words.iter().skip_while(|word| *word != "--db").nth(1);
    let joined = || words.iter().find_map(|word| word.to_str()?.strip_prefix("--db="));
    after.map(PathBuf::from).or_else(|| joined().map(PathBuf::from))
}

/// The command line whose names complete from the database, as far as it can be read.
fn with_names(db: Option<&Path>) -> clap::Command {
    let objectives = names(db, |store| {
        let objectives = store.objectives()?.into_iter().map(|stored| stored.objective.metadata);
        Ok(objectives.map(|metadata| (metadata.name.to_string(), metadata.title)).collect())
    });
    let systems =
        names(db, |store| Ok(store.systems()?.into_iter().map(|(name, _)| (name.to_string(), None)).collect()));
    let selecting = |command: clap::Command| {
        command
            .mut_arg("names", |arg| arg.add(candidates(objectives.clone())))
            .mut_arg("system", |arg| arg.add(candidates(systems.clone())))
    };
    definition()
        .mut_subcommand("status", selecting)
        .mut_subcommand("check", selecting)
        .mut_subcommand("digest", selecting)
        .mut_subcommand("downtime", selecting)
        .mut_subcommand("streaks", selecting)
        .mut_subcommand("show", |command| command.mut_arg("name", |arg| arg.add(candidates(objectives.clone()))))
        .mut_subcommand("trend", |command| command.mut_arg("name", |arg| arg.add(candidates(objectives.clone()))))
        .mut_subcommand("history", |command| command.mut_arg("system", |arg| arg.add(candidates(systems.clone()))))
        .mut_subcommand("achievements", |command| {
            command.mut_arg("systems", |arg| arg.add(candidates(systems.clone())))
        })
        .mut_subcommand("health", |command| command.mut_arg("systems", |arg| arg.add(candidates(systems.clone()))))
        .mut_subcommand("export", |command| {
            command.mut_subcommand("journal", |journal| {
                journal.mut_arg("system", |arg| arg.add(candidates(systems.clone())))
            })
        })
}

/// A name and what it stands for.
type Named = (String, Option<String>);

fn names(db: Option<&Path>, list: impl FnOnce(&Store) -> Result<Vec<Named>>) -> Vec<Named> {
    // A shell that completes cannot use an error; it gets no names instead.
    db.and_then(|path| Store::open(path, Access::Read).ok()?.read(list).ok()).unwrap_or_default()
}

fn candidates(names: Vec<Named>) -> ArgValueCandidates {
    ArgValueCandidates::new(move || {
        let candidate = |(name, help): &Named| CompletionCandidate::new(name).help(help.clone().map(StyledStr::from));
        names.iter().map(candidate).collect()
    })
}
