//! Owns `slo compute`: the tables for other readers of the file, the changes, and the commands that are told of them.
//!
//! | `slo compute` | writes status, days, downtime, streaks and achievements into [tables](tables.md) for SQLite readers, and
//! prints what has changed; `--exec CMD` runs a command for each change, `--exec-name NAME` names it; `--with-history` reports the past of new
//! conditions, too | a command failed |

mod exec;

use anyhow::{Context as _, Result};

use crate::cli::Compute;
use crate::commands::{Answer, Context, Run};
use crate::domain::rules::change::Logged;
use crate::domain::value::name::Name;
use crate::domain::value::wording::{counted, in_lines};
use crate::evaluation::compute;
use crate::exit::{ExitStatus, Signal};
use crate::failure::Failure;
use crate::render::form::moment::zoned;
use crate::render::publish::compute::{document, line, sheet};
use crate::render::{Form, Looks};
use crate::signals::Signals;
use crate::store::{Access, LogRange, Store, recipient_of};

/// Bytes of lines written at once.
const MOST_BYTES: usize = 1 << 16;
/// The most changes shown to people, the last ones.
const MOST_ROWS: i64 = 1000;

impl Run for Compute {
    const NAME: &'static str = "compute";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_of = context.as_of;
        let recipients = recipients(args)?;
        let mut store = context.store(Access::Update)?;
        let range = store.write_anyway(|store| {
            // A new command begins with the changes of this run.
            recipients.iter().try_for_each(|recipient| store.follow_changes(&recipient.name))?;
            compute(store, as_of, args.with_history)
        })?;
        // Printing happens once, delivery is remembered: neither waits for the success of the other.
        let printed = changes(context, &store, range);
        let delivered = deliver_all(context, &mut store, &recipients, args.exec_timeout)?;
        printed?;
        Ok(Answer::written(delivered))
    }
}

/// Prints changes while reading the log: the first computation may log millions of turns.
fn changes(context: &mut Context<'_>, store: &Store, range: LogRange) -> Result<()> {
    let as_of = context.as_of;
    match context.form() {
        Form::Json => {
            let mut lines = String::new();
            store.each_change(range, |logged| {
                lines.push_str(&line(&logged)?);
                Ok(if lines.len() < MOST_BYTES { true } else { context.say_on(&std::mem::take(&mut lines))? })
            })?;
            context.say(&lines)
        }
        Form::Yaml | Form::Csv { .. } => {
            let reader = context.store(Access::Read)?;
            let each = move |each: &mut dyn FnMut(&Logged) -> Result<()>| {
                reader.each_change(range, |logged| each(&logged).map(|()| true))
            };
            context.answer(Looks::of(()).document(move |()| Ok(document(each, as_of))).into()).map(drop)
        }
        _ if range.is_empty() => {
            context.note(&format!("nothing has changed as of {}", zoned(as_of)));
            Ok(())
        }
        _ => {
            let mut last = Vec::new();
            store.each_change(range.last(MOST_ROWS), |logged| {
                last.push(logged);
                Ok(true)
            })?;
            let counts = store.count_changes(range)?;
            context.answer(Looks::of((last, counts)).sheet(|(last, counts), _| sheet(last, counts)).into()).map(drop)
        }
    }
}

/// A command that is told of changes.
struct Recipient<'a> {
    /// Its name in the database: the given one, else a hash of its text, which may hold secrets.
    name: String,
    command: &'a str,
}

/// The commands to tell, each once.
///
/// # Errors
/// If only some of them have a name, or a name is given twice or invalid.
fn recipients(args: &Compute) -> Result<Vec<Recipient<'_>>> {
    let (commands, names) = (&args.exec, &args.exec_name);
    if !names.is_empty() && names.len() != commands.len() {
        return Err(Failure::new(
            format!("--exec is given {} and --exec-name {}", times(commands.len()), times(names.len())),
            "give every --exec its --exec-name, in the same order, or none",
        ));
    }
    let mut recipients: Vec<Recipient<'_>> = Vec::new();
    for (index, command) in commands.iter().enumerate() {
        let name = match names.get(index) {
            Some(name) => Name::parse(name).map(|name| name.to_string()).map_err(|error| {
                Failure::new(format!("--exec-name {name:?}: {error}"), "use only letters, digits and ._/:-")
            })?,
            None => recipient_of(command),
        };
        match recipients.iter().find(|known| known.name == name) {
            None => recipients.push(Recipient { name, command }),
            Some(_) if names.is_empty() => {}
            Some(_) => {
                return Err(Failure::new(
                    format!("--exec-name {name:?} is given twice"),
                    "give each --exec its own name",
                ));
            }
        }
    }
    Ok(recipients)
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// Tells every command the changes it has not been told of, while no other process does; succeeds if all commands did.
fn deliver_all(
    context: &mut Context<'_>,
    store: &mut Store,
    recipients: &[Recipient<'_>],
    timeout_ms: i64,
) -> Result<ExitStatus> {
    if recipients.is_empty() {
        return Ok(ExitStatus::Pass);
    }
    let held = store.lock_delivery()?;
    let signals = context.signals()?;
    let mut all = true;
    for recipient in recipients {
        match deliver(context, store, recipient, timeout_ms, signals.as_ref())? {
            Delivered::Everything => {}
            Delivered::Part => all = false,
            Delivered::Stopped(signal) => return Ok(ExitStatus::Signal(signal)),
        }
    }
    drop(held);
    Ok(ExitStatus::holds(all))
}

enum Delivered {
    Everything,
    Part,
    Stopped(Signal),
}

/// Tells a command every change it has not been told of, oldest first, and records each one before the next. Stops at
/// the first failure, to keep the order.
fn deliver(
    context: &mut Context<'_>,
    store: &mut Store,
    recipient: &Recipient<'_>,
    timeout_ms: i64,
    signals: Option<&Signals>,
) -> Result<Delivered> {
    let name = recipient.name.as_str();
    while let Some(logged) = store.undelivered(name)? {
        if let Some(signal) = signals.and_then(Signals::caught) {
            return Ok(Delivered::Stopped(signal));
        }
        let outcome = exec::run(recipient.command, &line(&logged)?, timeout_ms, context.env, signals);
        if let Err(failed) = outcome {
            let waiting = store.count_undelivered(name)?;
            let change = &logged.change;
            // The text of a command may hold secrets, and cron may mail this.
            let change_of_text = if name == recipient_of(recipient.command) {
                format!("; to change the command, add `--exec-name {name}`")
            } else {
                String::new()
            };
            context.tell(&in_lines(&format!(
                "error: --exec {name} did not receive change {} ({} {}): {failed}\nhelp: {} will be delivered by the next \
                 `slo compute` with this --exec{change_of_text}",
                logged.sequence,
                change.kind,
                change.id,
                if waiting == 1 { "it".to_owned() } else { format!("it and {}", counted((waiting - 1) as usize, "later one")) },
            )));
            return Ok(failed.stopped.map_or(Delivered::Part, Delivered::Stopped));
        }
        store.delivered(name, logged.sequence).with_context(|| {
            format!(
                "change {} was delivered, but that could not be recorded: it will be delivered again",
                logged.sequence
            )
        })?;
    }
    Ok(Delivered::Everything)
}
