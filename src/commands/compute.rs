//! Owns `slo compute`: the tables for other readers of the file, what has changed, and commands that are told of it.

mod exec;

use anyhow::{Context as _, Result};

use super::Context;
use crate::cli::{Compute, Output};
use crate::evaluation::compute;
use crate::exit::ExitStatus;
use crate::render::compute::{document, line, sheet};
use crate::store::{Access, Store};

pub(super) fn run(context: &mut Context<'_>, args: &Compute) -> Result<ExitStatus> {
    let as_of = context.as_of;
    let mut commands: Vec<&str> = Vec::new();
    for command in &args.exec {
        if !commands.contains(&command.as_str()) {
            commands.push(command);
        }
    }
    let mut store = context.store(Access::Update)?;
    let changes = store.write(|store| {
        // A command that is new begins with the changes of this run.
        commands.iter().try_for_each(|command| store.follow_changes(command))?;
        compute(store, as_of)
    })?;
    // What is printed is printed once, what is delivered is remembered: so neither waits for the other to succeed.
    let printed = match context.output {
        Some(Output::Json) => {
            let lines = changes.iter().map(line).collect::<Result<String>>()?;
            context.say(&lines)
        }
        None | Some(Output::Table | Output::Wide | Output::Markdown) if changes.is_empty() => {
            context.note(&format!("nothing has changed as of {as_of}"));
            Ok(())
        }
        _ => context.answer(&document(&changes, as_of)?, |_| sheet(&changes)),
    };
    let mut delivered = true;
    if !commands.is_empty() {
        let held = store.lock_delivery()?;
        for command in commands {
            delivered &= deliver(context, &mut store, command, args.exec_timeout)?;
        }
        drop(held);
    }
    printed?;
    Ok(ExitStatus::holds(delivered))
}

/// Tells a command of every change it has not been told of, oldest first, and remembers each one before the next. Stops at
/// the first that fails, for order is kept.
fn deliver(context: &mut Context<'_>, store: &mut Store, command: &str, timeout_ms: i64) -> Result<bool> {
    while let Some(logged) = store.undelivered(command)? {
        let outcome = exec::run(command, &line(&logged)?, timeout_ms, context.env);
        if let Err(failed) = outcome {
            let waiting = store.count_undelivered(command)?;
            let change = &logged.change;
            context.warn(&format!(
                "error: --exec {command:?} was not told of change {} ({} {}): {failed}\nhint: {} will be delivered by the next \
                 `slo compute` with this very --exec",
                logged.sequence,
                change.kind,
                change.id,
                if waiting == 1 { "it".to_owned() } else { format!("it and {} later ones", waiting - 1) },
            ));
            return Ok(false);
        }
        store.delivered(command, logged.sequence).with_context(|| {
            format!("change {} was delivered, which cannot be remembered: it will be again", logged.sequence)
        })?;
    }
    Ok(true)
}
