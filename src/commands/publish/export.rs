//! Owns `slo export`: every fact, in the format that `slo ingest` reads, or the declared objects.
//!
//! | `slo export journal` | every fact as JSON Lines, or CSV with `-o csv`; of a range, with `--since`, `--until` or `--period`: also [what was
//! in force at its start](../how-to/retention-and-size.md#keep-only-a-part) | |

mod manifests;
mod metrics;

use std::collections::HashMap;

use anyhow::Result;

use crate::cli::{ExportJournal, Output};
use crate::commands::{Answer, Context, Forms, Run, period, range, selection, written};
use crate::domain::health::transition::Status;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;
use crate::exit::ExitStatus;
use crate::render::publish::journal::{CSV_HEADER, Line, csv, json};
use crate::store::Access;

/// Bytes buffered before they are written.
const CHUNK: usize = 64 * 1024;

/// Ends reading after the pipe is closed.
#[derive(Debug)]
struct NobodyListens;

impl std::fmt::Display for NobodyListens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the pipe is closed")
    }
}

impl std::error::Error for NobodyListens {}

impl Run for ExportJournal {
    const NAME: &'static str = "journal";
    const FORMS: Forms = Forms::Only(
        &[Output::Json, Output::Csv],
        "the journal is written as JSON Lines or CSV",
        "use -o json (the default) or -o csv",
    );

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_csv = context.output == Some(Output::Csv);
        let (since, until) = within(args, context)?;
        let store = context.store(Access::Read)?;
        let (as_of, csv_safe) = (context.as_of, context.csv_safe);
        let mut text = String::with_capacity(CHUNK + 1024);
        if as_csv {
            text.push_str(CSV_HEADER);
        }
        let mut later = 0u64;
        let done = store.read(|store| {
            let names: Vec<String> = args.system.iter().cloned().collect();
            for (system, id) in selection::systems(store, &names)? {
                // What was in force at the start: each stream from its last healthy fact on, so that its outages are whole.
                let mut starts = HashMap::new();
                if since > Instant::MIN && until.is_none_or(|until| until > since) {
                    store.each_fact_within(id, Span::new(Instant::MIN, since.plus(1)), |stream, fact, _| {
                        let at = fact.transition.at;
                        if fact.transition.status == Status::Healthy {
                            starts.insert(stream.id, at);
                        } else {
                            starts.entry(stream.id).or_insert(at);
                        }
                        Ok(())
                    })?;
                }
                store.each_fact(id, |stream, fact, note| {
                    let at = fact.transition.at;
                    if at < *starts.get(&stream.id).unwrap_or(&since) || until.is_some_and(|until| at >= until) {
                        return Ok(());
                    }
                    if at > as_of {
                        later += 1;
                        return Ok(());
                    }
                    let line = Line {
                        transition: fact.transition,
                        system: &system,
                        source: stream.source,
                        check: stream.check.as_ref(),
                        location: stream.location.as_ref(),
                        note,
                    };
                    if as_csv {
                        csv(&mut text, &line, csv_safe);
                    } else {
                        json(&mut text, &line)?;
                    }
                    if text.len() >= CHUNK {
                        if !written(context.stdout.write_all(text.as_bytes()))? {
                            return Err(anyhow::Error::new(NobodyListens));
                        }
                        text.clear();
                    }
                    Ok(())
                })?;
            }
            Ok(())
        });
        match done {
            Err(error) if error.is::<NobodyListens>() => return Ok(Answer::written(ExitStatus::Pass)),
            other => other?,
        }
        context.say(&text)?;
        if later > 0 {
            context.note(&format!(
                "note: {later} transitions after {as_of} were left out; use a later --as-of to include them"
            ));
        }
        Ok(Answer::written(ExitStatus::Pass))
    }
}

/// The range of the exported transitions.
fn within(args: &ExportJournal, context: &Context<'_>) -> Result<(Instant, Option<Instant>)> {
    let as_of = context.as_of;
    if let Some(span) = period::of_no_objective(args.period.as_deref(), context)? {
        return Ok((span.start, Some(span.end)));
    }
    let [since, until] = range::past(args.since.as_deref(), args.until.as_deref(), as_of)?;
    Ok((since.unwrap_or(Instant::MIN), until))
}
