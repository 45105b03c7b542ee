//! Notes of downtime: every event has the last note of a fact other than `healthy` since its outage began.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::calendar::{Ms, instant};
use crate::reference::history::History;
use crate::reference::model::Model;
use crate::world::strategy::worlds;
use crate::world::{Fact, Objective, Source, Status, World, feed};

/// The note of a fact, if it has one.
fn note(fact: &Fact) -> Option<String> {
    let Fact { ts, check, location, status, .. } = fact;
    let stream = format!("{}/{}", check.as_deref().unwrap_or("-"), location.as_deref().unwrap_or("-"));
    (ts.rem_euclid(5) < 3).then(|| format!("{stream} is {} at {ts}", status.name()))
}

/// Facts as JSON Lines, most of them with notes.
pub(crate) fn noted(facts: &[Fact]) -> String {
    let line = |fact: &Fact| match note(fact) {
        Some(note) => feed(std::slice::from_ref(fact)).replace("\"}\n", &format!("\",\"note\":\"{note}\"}}\n")),
        None => feed(std::slice::from_ref(fact)),
    };
    facts.iter().map(line).collect()
}

/// The key of a fact: of several notes at one instant, that of the worst status remains.
fn key(fact: &Fact) -> (Ms, &str, Source, Option<&str>, Option<&str>) {
    (fact.ts, &fact.system, fact.source, fact.check.as_deref(), fact.location.as_deref())
}

/// The facts of the streams that an objective looks at.
fn facts_of<'w>(world: &'w World, objective: &Objective) -> Vec<&'w Fact> {
    let mut kept: BTreeMap<_, &Fact> = BTreeMap::new();
    for fact in world.facts.iter().filter(|fact| fact.ts <= world.as_of) {
        let known = kept.entry(key(fact)).or_insert(fact);
        if fact.status > known.status {
            *known = fact;
        }
    }
    let of_it = |fact: &&&Fact| {
        let check = objective.healthcheck.as_ref();
        let in_scope = |fact: &Fact| check.is_none() || fact.source == Source::Incident || fact.check.as_ref() == check;
        reaches(world, &objective.system, fact) && (fact.system != objective.system || in_scope(fact))
    };
    kept.values().filter(of_it).copied().collect()
}

/// Whether a fact affects a system or its members; for a composite system itself, only incidents do.
fn reaches(world: &World, system: &str, fact: &Fact) -> bool {
    let members = world.systems.iter().find(|known| known.name == system).map_or(&[][..], |known| &known.members);
    let own = fact.system == system && (members.is_empty() || fact.source == Source::Incident);
    own || members.iter().any(|member| reaches(world, member, fact))
}

proptest! {
    #![proptest_config(one_in(4))]

    #[test]
    fn every_event_has_the_last_note_since_its_outage_began(world in worlds()) {
        let slo = Slo::with(&noted(&world.facts), &world.manifests());
        let as_of = world.as_of_text();
        let args = ["downtime", "--all", "--since", "2000-01-01", "--as-of", &as_of, "-o", "json"];
        let printed: Value = serde_json::from_str(&slo.pass(&args, b"")).unwrap();
        let uncorrected = World { corrections: Vec::new(), ..world.clone() };
        let (model, recorded) = (Model::new(&world, world.as_of), Model::new(&uncorrected, world.as_of));
        // Per objective: the starts of outages, with and without corrections, and the notes.
        let begun = |seen: &Model, objective: &Objective| -> Vec<Ms> {
            History::new(seen, objective).outages(world.as_of).iter().map(|outage| outage.start).collect()
        };
        let of_each = |it| (begun(&model, it), begun(&recorded, it), facts_of(&world, it));
        let known: BTreeMap<&str, _> = world.objectives.iter().map(|it| (it.name.as_str(), of_each(it))).collect();
        for event in printed["events"].as_array().unwrap() {
            let (corrected, uncorrected, facts) = &known[event["objectiveId"].as_str().unwrap()];
            let starts = if event["accounting"] == "corrected" { uncorrected } else { corrected };
            let start = instant(event["startTime"].as_str().unwrap());
            let until = event["endTime"].as_str().map_or(world.as_of + 1, instant);
            let began = starts.iter().copied().filter(|began| *began <= start).max().unwrap();
            let during = facts.iter().filter(|fact| began <= fact.ts && fact.ts < until);
            let troubles = during.filter(|fact| fact.status != Status::Healthy);
            let last = troubles.filter_map(|fact| Some((fact.ts, note(fact)?))).max();
            prop_assert_eq!(&event["note"], &json!(last.map(|(_, note)| note)), "{}", event);
        }
    }
}

#[test]
fn a_note_is_told_with_each_part_of_its_outage_from_then_on() {
    let line = |time: &str, status: &str, note: &str| {
        format!(
            "{{\"ts\":\"2026-11-12T{time}:00Z\",\"system\":\"shop\",\"status\":\"{status}\",\"note\":\"{note}\"}}\n"
        )
    };
    let feed = [
        line("00:00", "up", "fine"),
        line("10:00", "down", "bad release"),
        line("10:20", "degraded", "rolling back"),
        line("10:30", "up", "all good"),
        line("12:00", "degraded", ""),
        line("12:10", "up", "was a glitch"),
    ];
    let slo = Slo::with(
        &feed.concat(),
        "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: shop }\nspec: { systemRef: { kind: System, name: shop }, target: 99, \
         windowDays: 7, countsAsDown: { unhealthy: 1, degraded: 0.5 } }\n",
    );
    let ask = |form: &str| slo.pass(&["downtime", "--as-of", "2026-11-13", "-o", form], b"");
    let json: Value = serde_json::from_str(&ask("json")).unwrap();
    let notes: Vec<&Value> = json["events"].as_array().unwrap().iter().map(|event| &event["note"]).collect();
    assert_eq!(notes, [&json!("bad release"), &json!("rolling back"), &Value::Null]);
    for form in ["table", "markdown", "csv"] {
        let text = ask(form);
        assert!(text.contains("bad release") && text.contains("rolling back") && !text.contains("glitch"), "{text}");
    }
    slo.pass(&["compute", "--as-of", "2026-11-13"], b"");
    let rows = rusqlite::Connection::open(slo.file()).unwrap();
    let stored: String = rows.query_row("SELECT group_concat(note) FROM downtime_event", [], |row| row.get(0)).unwrap();
    assert_eq!(stored, "bad release,rolling back");
}
