//! Owns deleting and moving facts: the effect is shown first, and the change happens after confirmation.

use anyhow::Result;

use crate::cli::{Consent, Forget, RenameSystem, StreamSource};
use crate::commands::{Answer, Context, Run};
use crate::domain::account::objective::System;
use crate::domain::health::ingest::IngestId;
use crate::domain::health::rewrite::{Rewrite, RewriteRecord, Streams};
use crate::domain::health::transition::Source;
use crate::domain::plan::object::{Kind, Object};
use crate::domain::value::name::Name;
use crate::evaluation::{Rewritten, rewrite};
use crate::exit::ExitStatus;
use crate::failure::Failure;
use crate::manifest::did_you_mean;
use crate::render::maintain::rewrite::{Outcome, document, markdown, text};
use crate::render::{Canvas, Looks};
use crate::store::{Access, Store};

impl Run for Forget {
    const NAME: &'static str = "forget";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        let wanted = |store: &Store| match (&args.system, args.ingest) {
            (Some(system), _) => {
                let source = args.source.map(|source| match source {
                    StreamSource::Healthcheck => Source::Healthcheck,
                    StreamSource::Incident => Source::Incident,
                });
                expect_facts(store, system)?;
                let (system, check, location) = (system.clone(), args.check.clone(), args.location.clone());
                Ok(Rewrite::ForgetStreams(Streams { system, source, check, location }))
            }
            (None, ingest) => ingest_of(store, IngestId(ingest.unwrap_or_default())),
        };
        carry_out(context, &args.consent, wanted, "delete these facts for good?")
    }
}

impl Run for RenameSystem {
    const NAME: &'static str = "rename-system";

    fn run(args: &Self, context: &mut Context<'_>) -> Result<Answer> {
        if args.old == args.new {
            return Err(Failure::new(
                format!("{} is both the old and the new name", args.old),
                "name the system that has the history, then its new name",
            ));
        }
        let wanted = |store: &Store| {
            expect_facts(store, &args.old)?;
            refuse_composite(store, &args.old, &args.new)?;
            Ok(Rewrite::RenameSystem { old: args.old.clone(), new: args.new.clone() })
        };
        carry_out(context, &args.consent, wanted, "move this history?")
    }
}

/// The deletion of an ingest by its number.
fn ingest_of(store: &Store, ingest: IngestId) -> Result<Rewrite> {
    let known = store.ingests()?.into_iter().find(|known| known.id == ingest);
    let found = known.ok_or_else(|| {
        Failure::new(format!("there is no ingest {ingest}"), "`slo list ingests` lists them, with their numbers")
    })?;
    Ok(Rewrite::ForgetIngest { ingest, file: found.file })
}

fn expect_facts(store: &Store, system: &Name) -> Result<()> {
    let id = store.system(system)?;
    if id.map(|id| store.streams(id)).transpose()?.is_some_and(|streams| !streams.is_empty()) {
        return Ok(());
    }
    let systems = store.systems()?;
    let guess = did_you_mean(
        system.as_str(),
        systems.iter().map(|(name, _)| name.as_str()).filter(|name| *name != system.as_str()),
    );
    let hint = if guess.is_empty() { "`slo list systems` lists them".to_owned() } else { guess };
    Err(Failure::new(format!("the system {:?} has no transitions", system.as_str()), hint))
}

/// A composite system has no checks of its own: what they reported would not count, and its manifest could not be
/// applied again.
fn refuse_composite(store: &Store, old: &Name, new: &Name) -> Result<()> {
    let Some(Object::System(System { members: Some(members), .. })) = store.object(Kind::System, new)? else {
        return Ok(());
    };
    let streams = store.system(old)?.map(|id| store.streams(id)).transpose()?.unwrap_or_default();
    if streams.iter().all(|stream| stream.source == Source::Incident) {
        return Ok(());
    }
    let members: Vec<&str> = members.systems.iter().map(Name::as_str).collect();
    Err(Failure::new(
        format!("{new} is a composite system, which can have incidents but no checks of its own, and {old} has checks"),
        format!("move them to one of its members ({}), or to another name that you make a member", members.join(", ")),
    ))
}

/// Runs at once if confirmed in advance; otherwise shows the effect, and asks.
fn carry_out(
    context: &mut Context<'_>,
    consent: &Consent,
    wanted: impl Fn(&Store) -> Result<Rewrite>,
    question: &str,
) -> Result<Answer> {
    let mut store = context.store(Access::Update)?;
    let foreseen = if consent.yes {
        None
    } else {
        let foreseen = store.rehearse(|store| attempt(context, store, &wanted, false))?;
        if !context.can_ask() {
            context.warn("nothing was changed: add --yes to do it");
            return Ok(answer(foreseen).exits(ExitStatus::Fail));
        }
        context.tell(text(&foreseen, Canvas { width: None, color: false }).trim_end());
        if !context.ask(question)? {
            context.warn("nothing was changed");
            return Ok(Answer::written(ExitStatus::Fail));
        }
        Some(foreseen)
    };
    let done = store.write_alone(|store| {
        let done = attempt(context, store, &wanted, true)?;
        match &foreseen {
            Some(foreseen) if foreseen.extent != done.extent => Err(Failure::new(
                "the journal has changed in the meantime; nothing was done",
                "run this again and review the new effect",
            )),
            _ => Ok(done),
        }
    })?;
    remark(context, &done);
    if done.rewrite.forgets()
        && !store.is_shared()
        && let Err(error) = store.compact()
    {
        context.warn(&format!(
            "warning: the facts are deleted, but traces of them may be left in free parts of the file: {error:#}; \
             `slo db compact` removes them"
        ));
    }
    Ok(answer(done))
}

/// Runs in a transaction.
fn attempt(
    context: &Context<'_>,
    store: &Store,
    wanted: impl Fn(&Store) -> Result<Rewrite>,
    done: bool,
) -> Result<Outcome> {
    let (now, as_of) = (context.now()?, context.as_of);
    let wanted = wanted(store)?;
    let Rewritten { extent, consequences } = rewrite(store, &wanted, now, as_of)?;
    if let (Rewrite::ForgetStreams(streams), 0) = (&wanted, extent.transitions) {
        return Err(Failure::new(
            format!("no stream of the system {} matches", streams.system),
            format!("`slo history {} --since 3650d` lists its streams", streams.system),
        ));
    }
    store.record_rewrite(&RewriteRecord {
        done_at: now,
        author: context.author(),
        rewrite: wanted.clone(),
        transitions: extent.transitions,
        notes: extent.notes,
    })?;
    let mut named_by = Vec::new();
    for (system, _) in &extent.systems {
        let has_facts = store.system(system)?.map(|id| store.streams(id)).transpose()?;
        if has_facts.is_some_and(|streams| streams.is_empty()) {
            named_by.push((system.clone(), store.naming(system)?));
        }
    }
    Ok(Outcome { rewrite: wanted, extent, consequences, named_by, done, as_of })
}

/// Reports manifests that name a system without transitions.
fn remark(context: &mut Context<'_>, outcome: &Outcome) {
    for line in outcome.notes() {
        context.note(&line);
    }
}

fn answer(outcome: Outcome) -> Answer {
    Looks::of(outcome).document(document).text(|it, _, canvas| text(it, canvas)).markdown(|it, _| markdown(it)).into()
}
