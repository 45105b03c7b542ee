//! Owns `slo completions`, and completion itself: names and labels come from the database.
//!
//! | `slo completions SHELL`, `slo man [COMMAND]` | completion scripts and manual pages: [Install](../how-to/install.md) | |

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::builder::StyledStr;
use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;

use crate::Invocation;
use crate::cli::{Completions, Probe, Shell};
use crate::commands::registry::definition;
use crate::commands::{Answer, Context, Environment, Run};
use crate::domain::health::correction::Corrected;
use crate::domain::health::transition::Source;
use crate::domain::value::name::Name;
use crate::exit::ExitStatus;
use crate::store::{Access, Place, Store};

/// The environment variable with which a shell asks for completions.
const VARIABLE: &str = "COMPLETE";
/// How long a shell waits for the names of an unresponsive shared database.
const MOST_WAITING: Duration = Duration::from_secs(2);

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

/// Answers a shell's request for completions; `None` if this run is not one.
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
    let place = named.as_deref().or(db).map(Place::named);
    let database = place.as_ref().map(|place| Database { place, env: &invocation.env });
    let mut command = completing(definition(), database);
    let mut answer = Vec::new();
    let folder = std::env::current_dir().ok();
    let done = completer.write_complete(&mut command, words, folder.as_deref(), &mut answer);
    drop(stdout.write_all(&answer));
    Some(if done.is_ok() { ExitStatus::Pass } else { ExitStatus::Error })
}

/// The database named in the line being completed.
fn db_of(words: &[OsString]) -> Option<PathBuf> {
    let after = words.iter().skip_while(|word| *word != "--db").nth(1);
    let joined = || words.iter().find_map(|word| word.to_str()?.strip_prefix("--db="));
    after.map(PathBuf::from).or_else(|| joined().map(PathBuf::from))
}

/// What the values of an argument refer to.
#[derive(Clone, Copy)]
enum Noun {
    Objectives,
    Systems,
    Checks,
    /// Checks, and the ids of incidents, which their streams have instead.
    Streams,
    Locations,
    Conditions,
    Sets,
    Objects,
    Labels,
    Groups,
    Statuses,
}

/// Ids of arguments, in every command, and what their values refer to.
const NAMING: [(&str, Noun); 13] = [
    ("name", Noun::Objectives),
    ("names", Noun::Objectives),
    ("system", Noun::Systems),
    ("systems", Noun::Systems),
    ("old", Noun::Systems),
    ("check", Noun::Streams),
    ("location", Noun::Locations),
    ("condition", Noun::Conditions),
    ("set", Noun::Sets),
    ("objects", Noun::Objects),
    ("selector", Noun::Labels),
    ("by", Noun::Groups),
    ("status", Noun::Statuses),
];

/// The source of names.
#[derive(Clone, Copy)]
struct Database<'e> {
    place: &'e Place,
    env: Environment<'e>,
}

impl Database<'_> {
    fn open(self) -> Result<Store> {
        match self.place.address(self.env)? {
            Some(address) => Store::open_shared(address.at_most_waiting(MOST_WAITING), Access::Read),
            None => self.place.open(Access::Read, self.env),
        }
    }
}

/// Completes the values of a command and its subcommands from the database, if it can be read.
fn completing(command: Command, database: Option<Database<'_>>) -> Command {
    // What is probed is a check; what is corrected or deleted may be an incident, too.
    let probes = command.get_name() == Probe::NAME;
    let completed = |arg: Arg| {
        let found = NAMING.iter().find(|(name, _)| arg.get_id() == name);
        let Some(((_, noun), database)) = found.zip(database) else { return arg };
        let noun = if probes && matches!(noun, Noun::Streams) { Noun::Checks } else { *noun };
        let (place, env) = (database.place.clone(), database.env.clone());
        let completer = move |typed: &OsStr| candidates(noun, Database { place: &place, env: &env }, typed);
        arg.add(ArgValueCompleter::new(completer))
    };
    command.mut_args(completed).mut_subcommands(|command| completing(command, database))
}

/// The candidates for `typed`.
fn candidates(noun: Noun, database: Database<'_>, typed: &OsStr) -> Vec<CompletionCandidate> {
    // A shell cannot show an error during completion; it gets no names.
    let named = database.open().and_then(|store| store.read(|store| named(store, noun))).ok();
    let typed = typed.to_string_lossy();
    // Of several labels, only the last is being typed.
    let labels = if matches!(noun, Noun::Labels) { typed.rfind(',').map_or(0, |comma| comma + 1) } else { 0 };
    let (before, typed) = typed.split_at(labels);
    let fitting = named.unwrap_or_default().into_iter().filter(|(name, _)| name.starts_with(typed));
    fitting
        .map(|(name, help)| CompletionCandidate::new(format!("{before}{name}")).help(help.map(StyledStr::from)))
        .collect()
}

/// A name and its description.
type Named = (String, Option<String>);

fn named(store: &Store, noun: Noun) -> Result<Vec<Named>> {
    let plain = |name: &Name| (name.to_string(), None);
    Ok(match noun {
        Noun::Objectives => {
            let objectives = store.objectives()?.into_iter().map(|stored| stored.objective.metadata);
            objectives.map(|metadata| (metadata.name.to_string(), metadata.title)).collect()
        }
        Noun::Systems => store.systems()?.iter().map(|(name, _)| plain(name)).collect(),
        Noun::Checks | Noun::Streams => {
            let streams = store.all_streams()?.into_values().flatten();
            let streams = streams.filter(|it| matches!(noun, Noun::Streams) || it.source == Source::Healthcheck);
            let checks: BTreeSet<Name> = streams.filter_map(|stream| stream.check).collect();
            checks.iter().map(plain).collect()
        }
        Noun::Locations => {
            let streams = store.all_streams()?.into_values().flatten();
            let locations: BTreeSet<Name> = streams.filter_map(|stream| stream.location).collect();
            locations.iter().map(plain).collect()
        }
        Noun::Conditions => {
            let conditions = store.conditions()?.into_iter().map(|condition| condition.metadata);
            conditions.map(|metadata| (metadata.name.to_string(), metadata.title)).collect()
        }
        Noun::Sets => store.sets()?.iter().map(plain).collect(),
        Noun::Objects => store.names_ever()?.iter().map(plain).collect(),
        Noun::Labels => {
            let mut labels = BTreeSet::new();
            for stored in store.objectives()? {
                labels.extend(stored.objective.metadata.labels.iter().map(|(key, value)| format!("{key}={value}")));
            }
            labels.into_iter().map(|label| (label, None)).collect()
        }
        Noun::Groups => {
            let mut keys = BTreeSet::new();
            for stored in store.objectives()? {
                keys.extend(stored.objective.metadata.labels.iter().map(|(key, _)| format!("label:{key}")));
            }
            let fixed = ["objective", "system"].map(str::to_owned);
            fixed.into_iter().chain(keys).map(|what| (what, None)).collect()
        }
        Noun::Statuses => Corrected::ALL.map(|status| (status.as_str().to_owned(), None)).to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Arguments whose values are new names.
    const NEW: [&str; 2] = ["exec_name", "new"];

    fn unnamed(command: &Command, found: &mut Vec<String>) {
        for arg in command.get_arguments() {
            let says = arg
                .get_value_names()
                .unwrap_or_default()
                .iter()
                .any(|name| matches!(name.as_str(), "NAME" | "SYSTEM" | "LABELS"));
            let id = arg.get_id().as_str();
            if says && !NEW.contains(&id) && !NAMING.iter().any(|(name, _)| *name == id) {
                found.push(format!("{} {id}", command.get_name()));
            }
        }
        command.get_subcommands().for_each(|command| unnamed(command, found));
    }

    #[test]
    fn whatever_names_something_in_the_database_completes() {
        let mut found = Vec::new();
        unnamed(&definition(), &mut found);
        assert!(found.is_empty(), "{found:?}");
    }
}
