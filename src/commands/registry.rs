//! Owns the list of commands, and the command line built from it.

mod form;

use std::ffi::OsString;

use anyhow::Result;
use clap::builder::PossibleValue;
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Args, CommandFactory, FromArgMatches, ValueEnum};

use self::form::FormParser;
use super::{Answer, Context};
use crate::cli::{
    Achievements, Apply, Backtest, Backup, Badge, Check, Cli, Compact, Completions, Compute, Copy, Correct, Db, Demo,
    Digest, Downtime, Export, ExportJournal, ExportManifests, ExportMetrics, Feed, FeedShow, FeedTry, Forget, Global,
    Health, History, Info, Ingest, Init, List, ListKind, Log, Man, Merge, Output, Plan, Probe, RenameSystem, Report,
    Schema, Show, Status, Streaks, Trend, Validate, Verify, WIDEST_HELP,
};
use crate::domain::value::wording::or_list;
use crate::failure::Failure;

/// Arguments that run a command.
pub(crate) trait Run: Args {
    /// The name of the command.
    const NAME: &'static str;
    /// Whether its answer depends on the current time, without `--as-of`.
    const ASKS_THE_CLOCK: bool = true;
    /// The valid values of `-o`.
    const FORMS: Forms = Forms::Usual(&[]);

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer>;
}

/// The forms of an answer.
#[derive(Clone, Copy)]
pub(crate) enum Forms {
    /// Those for people, programs and pages, and these.
    Usual(&'static [Output]),
    /// Only these; the message for others, and the remedy.
    Only(&'static [Output], &'static str, &'static str),
}

/// The forms of most answers.
const USUAL: [Output; 6] = [Output::Table, Output::Wide, Output::Json, Output::Yaml, Output::Csv, Output::Markdown];

impl Forms {
    /// `-o` for an answer with these forms.
    fn describe(self, output: Arg) -> Arg {
        let help = format!("Output format: {}", self.in_words());
        output.help(help).value_parser(FormParser(self.values()))
    }

    fn all(self) -> Vec<Output> {
        match self {
            Self::Usual(more) => USUAL.iter().chain(more).copied().collect(),
            Self::Only(forms, ..) => forms.to_vec(),
        }
    }

    fn values(self) -> Vec<PossibleValue> {
        self.all().iter().filter_map(ValueEnum::to_possible_value).collect()
    }

    /// `table, wide or json`
    fn in_words(self) -> String {
        or_list(self.values().iter().map(PossibleValue::get_name))
    }

    /// # Errors
    /// If the answer does not have this form.
    pub(super) fn allow(self, output: Option<Output>) -> Result<()> {
        let Some(output) = output else { return Ok(()) };
        if self.all().contains(&output) {
            return Ok(());
        }
        let what = match (output, self) {
            (_, Self::Only(_, what, remedy)) => return Err(Failure::new(what, remedy)),
            (Output::Junit | Output::Github, _) => {
                "-o junit and -o github are only for `slo check`, `slo validate` and `slo health --fail-on`"
            }
            (Output::Html, _) => "-o html is only for `slo digest` and `slo report`",
            _ => "-o openmetrics is only for `slo export metrics`",
        };
        Err(Failure::new(what, format!("use -o {} here", self.in_words())))
    }
}

/// A command on the command line.
pub(crate) struct Command {
    name: &'static str,
    define: fn(clap::Command) -> clap::Command,
    does: Does,
}

enum Does {
    This(Leaf),
    /// It only has these subcommands.
    Holds(&'static [Command]),
}

/// A command with an answer.
#[derive(Clone, Copy)]
pub(crate) struct Leaf {
    pub(crate) asks_the_clock: bool,
    pub(super) forms: Forms,
    run: fn(&mut ArgMatches, &mut Context<'_>) -> Result<Answer>,
}

/// Commands with one purpose.
struct Group {
    name: &'static str,
    commands: &'static [Command],
}

/// All commands, in the order of the help.
static GROUPS: [Group; 6] = [
    Group { name: "Record", commands: &[command::<Ingest>(), holding::<Feed>("feed", FEED), command::<Probe>()] },
    Group {
        name: "Declare",
        commands: &[
            command::<Init>(),
            command::<Schema>(),
            command::<Validate>(),
            command::<Plan>(),
            command::<Apply>(),
            command::<Correct>(),
            command::<Log>(),
        ],
    },
    Group {
        name: "Look",
        commands: &[
            command::<Status>(),
            command::<Show>(),
            command::<Health>(),
            command::<Downtime>(),
            command::<Trend>(),
            command::<Streaks>(),
            command::<Achievements>(),
            command::<History>(),
            command::<Digest>(),
            command::<Report>(),
            command::<Badge>(),
            command::<List>(),
        ],
    },
    Group { name: "Decide", commands: &[command::<Check>(), command::<Backtest>()] },
    Group { name: "Publish", commands: &[command::<Compute>(), holding::<Export>("export", EXPORT)] },
    Group {
        name: "Maintain",
        commands: &[holding::<Db>("db", DB), command::<Completions>(), command::<Man>(), command::<Demo>()],
    },
];

/// Every command.
fn all() -> impl Iterator<Item = &'static Command> {
    GROUPS.iter().flat_map(|group| group.commands)
}

const EXPORT: &[Command] = &[command::<ExportJournal>(), command::<ExportManifests>(), command::<ExportMetrics>()];

const FEED: &[Command] = &[command::<FeedTry>(), command::<FeedShow>()];

const DB: &[Command] = &[
    command::<Info>(),
    command::<Verify>(),
    command::<Backup>(),
    command::<Compact>(),
    command::<Copy>(),
    command::<Merge>(),
    command::<Forget>(),
    command::<RenameSystem>(),
];

const fn command<A: Run>() -> Command {
    let leaf = Leaf {
        asks_the_clock: A::ASKS_THE_CLOCK,
        forms: A::FORMS,
        run: |matches, context| A::run(&A::from_arg_matches_mut(matches)?, context),
    };
    Command { name: A::NAME, define: A::augment_args, does: Does::This(leaf) }
}

const fn holding<A: Args>(name: &'static str, commands: &'static [Command]) -> Command {
    Command { name, define: A::augment_args, does: Does::Holds(commands) }
}

impl Command {
    fn definition(&self, output: &Arg) -> clap::Command {
        let definition = (self.define)(clap::Command::new(self.name));
        match self.does {
            Does::This(leaf) => definition.arg(leaf.forms.describe(output.clone())),
            Does::Holds(commands) => {
                let commands = commands.iter().map(|command| command.definition(output));
                definition.subcommand_required(true).arg_required_else_help(true).subcommands(commands)
            }
        }
    }
}

/// The subcommand of this name, with its parent: `db verify` for `verify`; or the list of several.
pub(crate) fn deeper(name: &str) -> Option<String> {
    let held = all().find_map(|command| match command.does {
        Does::Holds(held) if held.iter().any(|held| held.name == name) => Some(format!("{} {name}", command.name)),
        _ => None,
    });
    let listed = || ListKind::from_str(name, false).ok().map(|_| format!("list {name}"));
    held.or_else(listed)
}

/// The names of the subcommands of a command, such as `slo db`.
pub(crate) fn subcommands(path: &str) -> Vec<String> {
    let names = |command: &clap::Command| command.get_subcommands().map(|held| held.get_name().to_owned()).collect();
    found(path).as_ref().map(names).unwrap_or_default()
}

/// The values that an argument of a command may have, if they are a list.
pub(crate) fn values(path: &str, argument: &str) -> Vec<String> {
    let command = found(path);
    let is_it = |arg: &&Arg| arg.get_value_names().is_some_and(|names| names.iter().any(|name| name == argument));
    let arg = command.iter().flat_map(clap::Command::get_positionals).find(is_it);
    let values = arg.map(Arg::get_possible_values).unwrap_or_default();
    values.iter().filter(|value| !value.is_hide_set()).map(|value| value.get_name().to_owned()).collect()
}

/// The command that a path leads to.
fn found(path: &str) -> Option<clap::Command> {
    path.split(' ').skip(1).try_fold(definition(), |command, name| command.find_subcommand(name).cloned())
}

/// A parsed command line.
pub(crate) struct Line {
    pub(crate) global: Global,
    pub(crate) command: Leaf,
    matches: ArgMatches,
}

impl Line {
    /// Parses a command line, program name first; help fits the width of a terminal.
    ///
    /// # Errors
    /// If it asks for help or is invalid, with the text to print.
    pub(crate) fn parse(words: &[OsString], width: Option<u16>) -> Result<Self, clap::Error> {
        // The arguments of the other 27 commands take a fifth of the time of a short one. A line that is valid without
        // them is valid with them; an invalid one is parsed again with all of them.
        let matches = match short(words) {
            Ok(matches) => matches,
            Err(error) if error.kind() == ErrorKind::DisplayVersion => return Err(error),
            Err(_) => {
                let width = width.map_or(WIDEST_HELP, |width| WIDEST_HELP.min(width.into()));
                definition().term_width(width).try_get_matches_from(words)?
            }
        };
        let global = Cli::from_arg_matches(&matches)?.global;
        let (command, matches) = called(all(), matches)?;
        Ok(Self { global, command, matches })
    }

    pub(super) fn run(mut self, context: &mut Context<'_>) -> Result<Answer> {
        (self.command.run)(&mut self.matches, context)
    }
}

/// Follows the parsed line to the command that answers.
fn called(
    mut commands: impl Iterator<Item = &'static Command>,
    mut matches: ArgMatches,
) -> Result<(Leaf, ArgMatches), clap::Error> {
    let named = matches.remove_subcommand();
    let (name, matches) = named.ok_or_else(|| clap::Error::new(ErrorKind::MissingSubcommand))?;
    let command = commands.find(|command| command.name == name);
    match command.ok_or_else(|| clap::Error::new(ErrorKind::InvalidSubcommand))?.does {
        Does::This(leaf) => Ok((leaf, matches)),
        Does::Holds(held) => called(Box::new(held.iter()) as Box<dyn Iterator<Item = _>>, matches),
    }
}

/// Parses a command line with the arguments of only one command, the first that it names.
///
/// # Errors
/// If it names none, or is invalid.
fn short(words: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let called = words.iter().skip(1).find_map(|word| all().find(|command| word == command.name));
    let (root, output) = root();
    let root = root.subcommands(called.map(|command| command.definition(&output)));
    root.try_get_matches_from(words)
}

/// The root with the options common to all commands, and `-o`, which each command describes in its own way.
fn root() -> (clap::Command, Arg) {
    let root = Cli::command();
    let output = root.get_arguments().find(|arg| arg.get_id() == "output").cloned();
    (root, output.unwrap_or_else(|| Arg::new("output")))
}

/// The entire command line.
pub(super) fn definition() -> clap::Command {
    let (root, output) = root();
    let root = root.subcommands(all().map(|command| command.definition(&output)));
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}Options:\n{{options}}{{after-help}}",
        grouped(&root)
    );
    root.help_template(template)
}

/// The commands with their descriptions, in groups.
fn grouped(root: &clap::Command) -> String {
    let mut text = String::new();
    for group in &GROUPS {
        text.push_str(&format!("{}:\n", group.name));
        for command in group.commands {
            let about = root.find_subcommand(command.name).and_then(clap::Command::get_about);
            text.push_str(&format!("  {:<12}  {}\n", command.name, about.map(ToString::to_string).unwrap_or_default()));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_right_with_one_command_is_the_same_with_all() {
        let mut right = 0;
        for line in [
            "status",
            "status check",
            "--db status check",
            "--db status status",
            "-q check --all --db x",
            "check -q a b",
            "db verify --repair",
            "db",
            "db status",
            "status --output json",
            "-o json log -n 3",
            "help status",
            "--db",
            "status --nonsense",
            "nonsense status",
            "-- status",
            "man status",
            "list systems --as-of 7d",
            "status --help",
        ] {
            let words: Vec<OsString> = format!("slo {line}").split(' ').map(Into::into).collect();
            let (short, whole) = (short(&words), definition().try_get_matches_from(&words));
            if let Ok(short) = short {
                let said = |mut matches: ArgMatches| {
                    (
                        format!("{:?}", Cli::from_arg_matches(&matches).unwrap()),
                        format!("{:?}", matches.remove_subcommand()),
                    )
                };
                assert_eq!(said(short), said(whole.unwrap()), "{line}");
                right += 1;
            }
        }
        assert_eq!(right, 10);
    }

    #[test]
    fn the_whole_command_line_is_consistent() {
        definition().debug_assert();
    }
}
