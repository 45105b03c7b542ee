//! Owns `slo history`: the journal of one system, with the ingest that added each fact, and the effective status after
//! it and at all other times.
//!
//! | `slo history SYSTEM` | the journal of one system, which import each transition came from, and when the system's
//! status changes without one; repeats of a stream's status are counted, or listed with `--all` (JSON lists all) | |

use anyhow::Result;

use crate::cli::History;
use crate::commands::{Answer, Context, Run, range, selection};
use crate::domain::account::correction::DeclaredCorrection;
use crate::domain::health::correction::Target;
use crate::domain::health::transition::Source;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::evaluation::{corrections_of, course};
use crate::render::Looks;
use crate::render::form::moment::zoned;
use crate::render::look::history::{Entry, document, sheet};
use crate::store::Access;

/// How far back facts are listed without `--since`.
const USUAL_DAYS: i64 = 7;

impl Run for History {
    const NAME: &'static str = "history";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let as_of = context.as_of;
        let [asked, until] = range::past(args.since.as_deref(), args.until.as_deref(), as_of)?;
        let since = range::start(asked, until, as_of.plus(-USUAL_DAYS * DAY_MS))?;
        let store = context.store(Access::Read)?;
        let shown = Span::new(since, until.unwrap_or(as_of.plus(1)));
        let recorded = Span::new(since, shown.end.min(as_of.plus(1)));
        let (entries, unreported, corrections) = store.read(|store| {
            let (mut entries, mut unreported, mut corrections) = (Vec::new(), Vec::new(), Vec::new());
            for (name, id) in selection::systems(store, std::slice::from_ref(&args.system))? {
                store.each_fact_within(id, recorded, |stream, fact, note| {
                    entries.push(Entry {
                        transition: fact.transition,
                        source: stream.source,
                        check: stream.check.clone(),
                        location: stream.location.clone(),
                        note: note.map(str::to_owned),
                        ingest: fact.ingest,
                        file: None,
                        ingested_at: None,
                        effective: None,
                        turns: false,
                        corrected_by: None,
                    });
                    Ok(())
                })?;
                let ingests = store.ingests_numbered(&entries.iter().map(|entry| entry.ingest).collect())?;
                for entry in &mut entries {
                    let ingest = ingests.get(&entry.ingest);
                    entry.file = ingest.map(|ingest| ingest.file.clone());
                    entry.ingested_at = ingest.map(|ingest| ingest.started_at);
                }
                entries.sort_by(|a, b| a.key().cmp(&b.key()));
                let moments: Vec<_> = entries.iter().map(|entry| entry.transition.at).collect();
                let course = course(store, &name, since, as_of)?;
                // One that ends exactly where the range begins explains a change there.
                corrections = corrections_of(store, &name, Span::new(since.plus(-1), shown.end))?;
                for entry in &mut entries {
                    entry.effective = Some(course.status_at(entry.transition.at));
                    entry.turns = course.changes_at(entry.transition.at);
                    entry.corrected_by = corrected_by(entry, &corrections);
                }
                unreported = course.unreported(recorded, &moments, &corrections);
                corrections.retain(|it| !it.correction.span().intersect(shown).is_empty());
            }
            Ok((entries, unreported, corrections))
        })?;
        for correction in corrections {
            context.note(&told(&correction));
        }
        if entries.is_empty() && unreported.is_empty() {
            context.note("no transitions in this range; --since 30d looks further back");
        }
        let (system, all, usual) = (args.system.clone(), args.all, asked.is_none().then_some(USUAL_DAYS));
        let looks = Looks::of((entries, unreported));
        let looks = looks.document(move |(entries, unreported)| document(&system, entries, unreported, as_of));
        Ok(looks.sheet(move |(entries, unreported), _| sheet(entries, unreported, all, usual)).into())
    }
}

/// The first correction, by name, that covers the stream of a fact at that time; else one of the effective status.
fn corrected_by(entry: &Entry, corrections: &[DeclaredCorrection]) -> Option<Name> {
    let (check, location) = (entry.check.as_ref(), entry.location.as_ref());
    let there = || corrections.iter().filter(|it| it.correction.holds_at(entry.transition.at));
    let of_stream = |it: &&DeclaredCorrection| {
        let target = &it.correction.target;
        !target.is_system() && target.names(entry.source, check, location)
    };
    let found = there().find(of_stream).or_else(|| there().find(|it| it.correction.target.is_system()));
    found.map(|it| it.metadata.name.clone())
}

/// A correction on one line.
fn told(DeclaredCorrection { metadata, correction, reason, .. }: &DeclaredCorrection) -> String {
    let Target { check, source, location } = &correction.target;
    let names = [check.as_ref().map(Name::as_str), source.map(Source::as_str), location.as_ref().map(Name::as_str)];
    let names: Vec<&str> = names.into_iter().flatten().collect();
    let what = if names.is_empty() { "the effective status".to_owned() } else { names.join(", ") };
    let side = |word: &str, at: Option<Instant>| at.map_or(String::new(), |at| format!(" {word} {}", zoned(at)));
    let why = reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
    let (from, until) = (side("from", correction.start), side("until", correction.end));
    format!("note: corrected by {}: {what} {}{from}{until}{why}", metadata.name, correction.status.as_str())
}
