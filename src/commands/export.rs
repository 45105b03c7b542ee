//! Owns `slo export journal`: every fact, in the form that `slo ingest` reads.

use anyhow::Result;

use super::{Context, selection, written};
use crate::cli::{Export, ExportJournal, ExportWhat, Output};
use crate::domain::duration::parse_millis;
use crate::domain::instant::Instant;
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::render::journal::{CSV_HEADER, Line, csv, json};
use crate::store::Access;

/// Bytes gathered before they are written.
const CHUNK: usize = 64 * 1024;

pub(super) fn run(context: &mut Context<'_>, args: &Export) -> Result<ExitStatus> {
    let ExportWhat::Journal(args) = &args.what;
    journal(context, args)
}

fn journal(context: &mut Context<'_>, args: &ExportJournal) -> Result<ExitStatus> {
    let as_csv = match context.output {
        None | Some(Output::Json) => false,
        Some(Output::Csv) => true,
        Some(_) => {
            return Err(Failure::new(
                "the journal is written as JSON Lines or CSV",
                "use -o json (the default) or -o csv",
            ));
        }
    };
    let since = args.since.as_deref().map(|text| moment(text, context.as_of)).transpose()?.unwrap_or(Instant::MIN);
    let until = args.until.as_deref().map(|text| moment(text, context.as_of)).transpose()?.unwrap_or(Instant::MAX);
    let store = context.store(Access::Read)?;
    let as_of = context.as_of;
    let mut text = String::with_capacity(CHUNK + 1024);
    if as_csv {
        text.push_str(CSV_HEADER);
    }
    let mut listening = true;
    store.read(|store| {
        let names: Vec<String> = args.system.iter().cloned().collect();
        for (system, id) in selection::systems(store, &names)? {
            store.each_fact(id, |stream, fact, note| {
                let at = fact.transition.at;
                if !listening || at > as_of || at < since || at >= until {
                    return Ok(());
                }
                let line = Line {
                    transition: fact.transition,
                    system: &system,
                    source: stream.source,
                    check: stream.check.as_ref(),
                    note,
                };
                if as_csv {
                    csv(&mut text, &line);
                } else {
                    json(&mut text, &line)?;
                }
                if text.len() >= CHUNK {
                    listening = written(context.stdout.write_all(text.as_bytes()))?;
                    text.clear();
                }
                Ok(())
            })?;
        }
        Ok(())
    })?;
    if listening {
        context.say(&text)?;
    }
    Ok(ExitStatus::Pass)
}

/// A moment as typed, or so long before `as_of`.
fn moment(text: &str, as_of: Instant) -> Result<Instant> {
    if let Some(back) = parse_millis(text) {
        return Ok(as_of.plus(-back));
    }
    Instant::parse(text)
        .map_err(|error| Failure::new(format!("{text:?}: {error}"), "a duration such as 7d goes back from as-of"))
}
