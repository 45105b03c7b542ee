//! Owns `slo probe`: runs a command and records its result as a system's status.
//!
//! | `slo probe SYSTEM -- COMMAND…` | runs a command and [records its result](../how-to/cron-and-probes.md); `--nagios` for
//! monitoring plugins | with `--fail`: the result is not healthy |

mod recording;
mod spool;

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::cli::Probe;
use crate::clock::{self, Stopwatch};
use crate::commands::{Answer, Context, Run};
use crate::domain::health::probe::{End, Outcome};
use crate::domain::health::stream::StreamName;
use crate::domain::health::transition::{Source, Status, Transition};
use crate::domain::value::name::Name;
use crate::exit::{ExitStatus, Signal};
use crate::failure::Failure;
use crate::process::{self, Ended, Kept, Part};
use crate::render::Looks;
use crate::render::record::probe::{Probed, document, line, text};
use crate::signals::Signals;
use recording::record;
use spool::Spool;

/// Bytes kept of each output: more than fit in a note.
const MOST_OUTPUT: usize = 8192;

impl Run for Probe {
    const NAME: &'static str = "probe";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let stream = StreamName {
            system: name("system", &args.system)?,
            source: Source::Healthcheck,
            check: args.check.as_deref().map(|check| name("--check", check)).transpose()?,
            location: args.location.as_deref().map(|location| name("--location", location)).transpose()?,
        };
        if args.command.first().is_none_or(|first| first.is_empty()) {
            return Err(Failure::new(
                "the command is empty",
                "write it after --, such as -- curl -fsS https://example.com",
            ));
        }
        refuse_other_times(args, context)?;
        if let Some(path) = &args.spool {
            context.expect_file("--spool", path)?;
        }
        let signals = context.signals()?;
        let (began, started) = (Stopwatch::start(), context.as_of);
        let (outcome, attempts) = match attempt(args, context, signals.as_ref())? {
            Attempted::Done(outcome, attempts) => (outcome, attempts),
            Attempted::Stopped(signal) => {
                context.note(&format!("note: {signal}: the command was killed and nothing was recorded"));
                return Ok(Answer::written(ExitStatus::Signal(signal)));
            }
        };
        let millis = if args.print { 0 } else { began.elapsed().as_millis() as i64 };
        let transition = Transition { at: started.plus(millis), status: outcome.status };
        let probed = Probed { stream, transition, note: outcome.note, attempts };
        let verdict = ExitStatus::holds(!args.fail || outcome.status == Status::Healthy);
        if args.print {
            return Ok(Answer::text(line(&probed)?).exits(verdict));
        }
        let spool = args.spool.as_deref().map(Spool::at);
        if let Err(error) = record(context, &probed, spool.as_ref()) {
            keep(context, &probed, spool.as_ref())?;
            return Err(error);
        }
        let exit = signals.and_then(|signals| signals.caught()).map_or(verdict, ExitStatus::Signal);
        let as_of = transition.at;
        Ok(context.summary(Looks::of(probed).document(move |it| document(it, as_of)), text).exits(exit))
    }
}

/// A name as typed.
fn name(what: &str, typed: &str) -> Result<Name> {
    Name::parse(typed).map_err(|error| {
        let remedy = Name::like(typed).map_or_else(|| "choose another name".to_owned(), |like| format!("write {like}"));
        Failure::new(format!("{what} {typed:?}: {error}"), remedy)
    })
}

/// A result is of the current time, so no other can be recorded with it.
fn refuse_other_times(args: &Probe, context: &Context<'_>) -> Result<()> {
    if args.print || !context.is_fixed() {
        return Ok(());
    }
    Err(Failure::new(
        "a probe records what is true now, not as of another time",
        "omit --as-of and SLO_AS_OF, or print the transition with --print",
    ))
}

/// The result of all attempts.
enum Attempted {
    /// The last outcome, and the number of attempts.
    Done(Outcome, u32),
    Stopped(Signal),
}

/// Runs until the result is healthy or no attempt is left.
fn attempt(args: &Probe, context: &mut Context<'_>, signals: Option<&Signals>) -> Result<Attempted> {
    let mut attempts = 1;
    loop {
        let kept = [Kept::new(Part::First(MOST_OUTPUT)), Kept::new(Part::First(MOST_OUTPUT))];
        let (first, rest) = (&args.command[0], &args.command[1..]);
        let mut command = Command::new(first);
        command.args(rest).env_clear().envs(context.env);
        let timeout = Duration::from_millis(args.timeout.unsigned_abs());
        let end = match process::run(&mut command, None, [&kept[0], &kept[1]], timeout, signals) {
            Ended::Stopped(signal) => return Ok(Attempted::Stopped(signal)),
            Ended::Lost(error) => return Err(error.into()),
            Ended::Late => End::Late(args.timeout),
            Ended::NotStarted(error) => End::NotStarted(in_words(&error)),
            Ended::Itself(status) => status.code().map_or_else(|| End::Killed(status.to_string()), End::Exit),
        };
        let outcome = Outcome::of(&end, args.nagios, [&kept[0].bytes(), &kept[1].bytes()]);
        if outcome.status == Status::Healthy || attempts > args.retries {
            if let End::NotStarted(why) = &end {
                context.warn(&format!("warning: {}: cannot be run: {why}", first.display()));
                // Somebody quoted an entire command line.
                if rest.is_empty() && first.to_string_lossy().contains(' ') {
                    context
                        .warn("help: write the command without quotes around all of it, or -- sh -c '…' for a shell");
                }
            }
            return Ok(Attempted::Done(outcome, attempts));
        }
        attempts += 1;
        if let Some(signal) = clock::pause(Duration::from_millis(args.retry_delay.unsigned_abs()), signals) {
            return Ok(Attempted::Stopped(signal));
        }
    }
}

/// An error of the system in plain words, without its number.
fn in_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// Keeps a transition that cannot be stored: on standard error, and in the spool.
fn keep(context: &mut Context<'_>, probed: &Probed, spool: Option<&Spool<'_>>) -> Result<()> {
    let line = line(probed)?;
    context.tell(line.trim_end());
    match spool.map(|spool| (spool, spool.append(&line))) {
        None => {}
        Some((spool, Ok(()))) => context.note(&format!("note: kept in {spool} until it can be stored")),
        Some((spool, Err(error))) => context.warn(&format!("warning: --spool {spool}: {error}")),
    }
    Ok(())
}
