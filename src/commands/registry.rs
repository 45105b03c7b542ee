//! Owns the list of commands, and the command line made of it.

use std::ffi::OsString;

use anyhow::Result;
use clap::error::ErrorKind;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches};

use super::Context;
use crate::cli::{
    Achievements, Apply, Backtest, Badge, Check, Cli, Completions, Compute, Db, Demo, Digest, Downtime, Export, Global,
    Health, History, Ingest, Init, List, Log, Man, Plan, Report, Schema, Show, Status, Streaks, Trend, Validate,
};
use crate::exit::ExitStatus;

/// Arguments that know what to do.
pub(crate) trait Run: Args {
    /// How the command is called.
    const NAME: &'static str;
    /// Whether its answer depends on what time it is, unless `--as-of` says.
    const ASKS_THE_CLOCK: bool = true;

    /// Runs the command.
    fn run(args: &Self, context: &mut Context<'_>) -> Result<ExitStatus>;
}

/// A command as the command line knows it.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) asks_the_clock: bool,
    define: fn(clap::Command) -> clap::Command,
    run: fn(&mut ArgMatches, &mut Context<'_>) -> Result<ExitStatus>,
}

/// All commands, in the order of the help.
static COMMANDS: [Command; 27] = [
    command::<Ingest>(),
    command::<Init>(),
    command::<Schema>(),
    command::<Validate>(),
    command::<Plan>(),
    command::<Apply>(),
    command::<Status>(),
    command::<Show>(),
    command::<Check>(),
    command::<Backtest>(),
    command::<Health>(),
    command::<Downtime>(),
    command::<Trend>(),
    command::<Streaks>(),
    command::<Achievements>(),
    command::<Digest>(),
    command::<History>(),
    command::<Compute>(),
    command::<Report>(),
    command::<Badge>(),
    command::<List>(),
    command::<Log>(),
    command::<Export>(),
    command::<Db>(),
    command::<Demo>(),
    command::<Completions>(),
    command::<Man>(),
];

const fn command<A: Run>() -> Command {
    Command {
        name: A::NAME,
        asks_the_clock: A::ASKS_THE_CLOCK,
        define: A::augment_args,
        run: |matches, context| A::run(&A::from_arg_matches_mut(matches)?, context),
    }
}

impl Command {
    fn definition(&self) -> clap::Command {
        (self.define)(clap::Command::new(self.name))
    }
}

/// A command line that was understood.
pub(crate) struct Line {
    pub(crate) global: Global,
    pub(crate) command: &'static Command,
    matches: ArgMatches,
}

impl Line {
    /// Reads the words of a command line, program name first.
    ///
    /// # Errors
    /// When it asks for help or is wrong, with what is printed then.
    pub(crate) fn parse(words: &[OsString]) -> Result<Self, clap::Error> {
        // The arguments of 26 other commands are a fifth of the time of a short one. What is right without them is right
        // with them; what is wrong is told with all of them.
        let mut matches = match short(words) {
            Some(Ok(matches)) => matches,
            Some(Err(_)) | None => definition().try_get_matches_from(words)?,
        };
        let global = Cli::from_arg_matches(&matches)?.global;
        let (name, matches) =
            matches.remove_subcommand().ok_or_else(|| clap::Error::new(ErrorKind::MissingSubcommand))?;
        let command = COMMANDS.iter().find(|command| command.name == name);
        let command = command.ok_or_else(|| clap::Error::new(ErrorKind::InvalidSubcommand))?;
        Ok(Self { global, command, matches })
    }

    /// Runs the command.
    ///
    /// # Errors
    /// When it could not be answered.
    pub(super) fn run(mut self, context: &mut Context<'_>) -> Result<ExitStatus> {
        (self.command.run)(&mut self.matches, context)
    }
}

/// Reads a command line with the arguments of one command alone, the first that is named in it.
fn short(words: &[OsString]) -> Option<Result<ArgMatches, clap::Error>> {
    let called = words.iter().skip(1).find_map(|word| COMMANDS.iter().find(|command| word == command.name))?;
    Some(Cli::command().subcommand(called.definition()).try_get_matches_from(words))
}

/// The whole command line.
pub(super) fn definition() -> clap::Command {
    Cli::command().subcommands(COMMANDS.iter().map(Command::definition))
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
            if let Some(Ok(short)) = short {
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
