//! Deleted facts, and histories moved to another name: the result is the same as if the facts had never been imported,
//! or under the new name.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::calendar::{DAY, rfc3339};
use crate::views::computed::tables;
use crate::world::strategy::worlds;
use crate::world::{Fact, Source, Status, World};

/// One ingest's report for one instant of a stream, with or without a note.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Said {
    fact: Fact,
    note: Option<&'static str>,
}

/// The stream and the instant.
type Key = (String, Source, Option<String>, Option<String>, i64);

impl Said {
    fn key(&self) -> Key {
        let Fact { ts, system, source, check, location, .. } = self.fact.clone();
        (system, source, check, location, ts)
    }

    /// The order of reports: the worse status wins, then the greater note.
    fn weight(&self) -> (Status, Option<&'static str>) {
        (self.fact.status, self.note)
    }
}

fn feed(said: &[Said]) -> String {
    let lines = said.iter().map(|Said { fact, note }| {
        let mut line: Value = serde_json::from_str(&crate::world::feed(std::slice::from_ref(fact))).unwrap();
        if let Some(note) = note {
            line["note"] = json!(note);
        }
        format!("{line}\n")
    });
    lines.collect()
}

/// Per ingest, the strongest report for each instant, unless an earlier ingest made the same one.
fn first_said(ingests: &[Vec<Said>]) -> Vec<Vec<Said>> {
    let mut known: Vec<Said> = Vec::new();
    let mut first = Vec::new();
    for ingest in ingests {
        let mut strongest: BTreeMap<Key, Said> = BTreeMap::new();
        for said in ingest {
            let best = strongest.entry(said.key()).or_insert_with(|| said.clone());
            if said.weight() > best.weight() {
                *best = said.clone();
            }
        }
        let new: Vec<Said> = strongest.into_values().filter(|said| !known.contains(said)).collect();
        known.extend(new.iter().cloned());
        first.push(new);
    }
    first
}

/// A world whose facts come in several ingests, some of them twice, changed, or with a note.
fn ingests() -> impl Strategy<Value = (World, Vec<Vec<Said>>)> {
    let status = select(vec![Status::Unknown, Status::Healthy, Status::Degraded, Status::Unhealthy]);
    let again = (any::<Index>(), prop::option::of(status), select(vec![None, None, Some("a"), Some("b")]), 0..4_usize);
    let places = vec((0..4_usize, select(vec![None, None, None, Some("a"), Some("b")])), 64);
    (worlds(), places, vec(again, 0..24)).prop_map(|(world, places, again)| {
        let mut ingests = vec![Vec::new(); 4];
        for (fact, (place, note)) in world.facts.iter().zip(places.into_iter().cycle()) {
            ingests[place].push(Said { fact: fact.clone(), note });
        }
        for (index, status, note, place) in again {
            if !world.facts.is_empty() {
                let fact = index.get(&world.facts).clone();
                let status = status.unwrap_or(fact.status);
                ingests[place].push(Said { fact: Fact { status, ..fact }, note });
            }
        }
        (world, ingests)
    })
}

const CONDITION: &str = "---\napiVersion: slo/v1\nkind: Condition\nmetadata: { name: down }\nspec:\n  \
                         when: { numeric_state: { value: burnRates.5m, above: 0 } }\n";

fn manifests(world: &World) -> String {
    format!("{}{CONDITION}", world.manifests())
}

/// A database with the reports of ingests, each named by its index; with their ids, if anything was new.
fn database(world: &World, ingests: &[Vec<Said>]) -> (Slo, Vec<Option<i64>>) {
    let slo = Slo::new();
    slo.apply(&manifests(world));
    for (place, said) in ingests.iter().enumerate() {
        let file = slo.write(&format!("{place}.jsonl"), &feed(said));
        slo.pass(&["ingest", file.to_str().unwrap()], b"");
    }
    let listed: Value = serde_json::from_str(&slo.pass(&["list", "ingests", "-o", "json"], b"")).unwrap();
    let number = |place: usize| {
        let mut rows = listed["ingests"].as_array().unwrap().iter();
        let file = format!("{place}.jsonl");
        rows.find(|row| row["file"].as_str().unwrap().ends_with(&file)).and_then(|row| row["ingestId"].as_i64())
    };
    let numbers = (0..ingests.len()).map(number).collect();
    (slo, numbers)
}

/// The entire output for a world, as of its time: from commands, and from the tables of `compute`.
fn everything(slo: &Slo, world: &World) -> Vec<String> {
    let as_of = world.as_of_text();
    let mut all = vec![slo.status(&as_of), slo.health(&as_of).to_string(), slo.pass(&["export", "journal"], b"")];
    let print = |args: &[&str]| slo.run(&[args, &["--as-of", &as_of, "-o", "json"]].concat(), b"").stdout;
    all.extend(
        [&["streaks"][..], &["achievements"], &["list", "systems"], &["downtime", "--since", "4000d"]].map(print),
    );
    for objective in &world.objectives {
        all.push(print(&["trend", &objective.name, "--days", "40"]));
    }
    all.push(print(&["backtest", "--condition", "down", "--since", "2000-01-01"]));
    slo.pass(&["db", "verify"], b"");
    slo.pass(&["compute", "--as-of", &as_of], b"");
    slo.pass(&["db", "verify"], b"");
    all.push(format!("{:?}", tables(slo)));
    all
}

/// Fills all kinds of caches before something is deleted.
fn look(slo: &Slo, world: &World) {
    slo.pass(&["compute", "--as-of", &world.as_of_text()], b"");
    slo.pass(&["compute", "--as-of", &rfc3339(world.as_of + DAY)], b"");
}

fn forget(slo: &Slo, args: &[&str]) {
    slo.pass(&[&["db", "forget", "--yes"], args].concat(), b"");
}

proptest! {
    #![proptest_config(one_in(8))]

    #[test]
    fn forgetting_ingests_is_as_if_their_facts_had_never_come(
        (world, ingests) in ingests(), gone in vec(0..4_usize, 1..3), looks in any::<bool>(),
    ) {
        let (slo, numbers) = database(&world, &ingests);
        if looks {
            look(&slo, &world);
        }
        let mut left = first_said(&ingests);
        for place in gone {
            if let Some(number) = numbers[place].filter(|_| !left[place].is_empty()) {
                forget(&slo, &["--ingest", &number.to_string()]);
            }
            left[place].clear();
        }
        prop_assert_eq!(everything(&slo, &world), everything(&database(&world, &left).0, &world));
    }

    #[test]
    fn forgetting_streams_is_as_if_their_facts_had_never_come(
        (world, ingests) in ingests(), system in any::<Index>(), check in prop::option::of(any::<Index>()),
        source in prop::option::of(select(vec![(Source::Healthcheck, "healthcheck"), (Source::Incident, "incident")])),
        location in prop::option::weighted(0.2, select(vec!["eu", "us"])),
        looks in any::<bool>(),
    ) {
        prop_assume!(!world.facts.is_empty());
        let (slo, _) = database(&world, &ingests);
        if looks {
            look(&slo, &world);
        }
        let system = &system.get(&world.facts).system;
        let checks: Vec<&String> = world.facts.iter().filter_map(|fact| fact.check.as_ref()).collect();
        let check = check.filter(|_| !checks.is_empty()).map(|check| check.get(&checks).as_str());
        let is_gone = |said: &Said| {
            said.fact.system == *system
                && check.is_none_or(|check| said.fact.check.as_deref() == Some(check))
                && source.is_none_or(|(source, _)| said.fact.source == source)
                && location.is_none_or(|location| said.fact.location.as_deref() == Some(location))
        };
        let mut args = vec!["db", "forget", "--yes", "--system", system];
        args.extend(check.iter().flat_map(|check| ["--check", check]));
        args.extend(source.iter().flat_map(|(_, source)| ["--source", source]));
        args.extend(location.iter().flat_map(|location| ["--location", location]));
        let any = ingests.iter().flatten().any(is_gone);
        prop_assert_eq!(slo.run(&args, b"").code, if any { 0 } else { 2 });
        let left: Vec<Vec<Said>> =
            ingests.iter().map(|said| said.iter().filter(|said| !is_gone(said)).cloned().collect()).collect();
        prop_assert_eq!(everything(&slo, &world), everything(&database(&world, &left).0, &world));
    }

    #[test]
    fn renaming_is_as_if_the_facts_had_come_under_the_new_name(
        (world, ingests) in ingests(), old in any::<Index>(), new in prop::option::of(any::<Index>()), looks in any::<bool>(),
        gone in prop::option::of(0..4_usize),
    ) {
        prop_assume!(!world.facts.is_empty());
        let old = old.get(&world.facts).system.clone();
        let new = new.map_or("newcomer", |new| new.get(&world.systems).name.as_str());
        prop_assume!(old != new);
        let (slo, numbers) = database(&world, &ingests);
        if looks {
            look(&slo, &world);
        }
        let done = slo.run(&["db", "rename-system", &old, new, "--yes"], b"");
        let is_composite = world.systems.iter().any(|system| system.name == new && !system.members.is_empty());
        let has_checks = world.facts.iter().any(|fact| fact.system == old && fact.source == Source::Healthcheck);
        prop_assert_eq!(done.code, if is_composite && has_checks { 2 } else { 0 }, "{}", done.stderr);
        if done.code == 2 {
            prop_assert_eq!(everything(&slo, &world), everything(&database(&world, &first_said(&ingests)).0, &world));
            return Ok(());
        }
        let renamed = |said: &Said| {
            let system = if said.fact.system == old { new.to_owned() } else { said.fact.system.clone() };
            Said { fact: Fact { system, ..said.fact.clone() }, note: said.note }
        };
        // Each ingest kept the facts that it was the first to report.
        let mut left: Vec<Vec<Said>> = first_said(&ingests).iter().map(|said| said.iter().map(renamed).collect()).collect();
        left = first_said(&left);
        if let Some(place) = gone {
            if let Some(number) = numbers[place].filter(|_| !left[place].is_empty()) {
                forget(&slo, &["--ingest", &number.to_string()]);
            }
            left[place].clear();
        }
        prop_assert_eq!(everything(&slo, &world), everything(&database(&world, &left).0, &world));
    }

    #[test]
    fn merging_is_as_if_the_facts_had_been_ingested((world, ingests) in ingests(), looks in any::<bool>()) {
        let (here, there) = ingests.split_at(2);
        let (slo, _) = database(&world, here);
        if looks {
            look(&slo, &world);
        }
        let other = Slo::new();
        for (place, said) in there.iter().enumerate() {
            let file = other.write(&format!("{place}.jsonl"), &feed(said));
            other.pass(&["ingest", file.to_str().unwrap()], b"");
        }
        slo.pass(&["db", "merge", other.db().to_str().unwrap()], b"");
        prop_assert_eq!(everything(&slo, &world), everything(&database(&world, &ingests).0, &world));
    }

    #[test]
    fn what_is_shown_beforehand_is_what_is_done((world, ingests) in ingests(), gone in 0..4_usize) {
        let (slo, numbers) = database(&world, &ingests);
        let Some(number) = numbers[gone] else { return Ok(()) };
        let args = ["db", "forget", "--ingest", &number.to_string(), "-o", "json", "--as-of", &world.as_of_text()];
        let before = everything(&slo, &world);
        let shown = slo.run(&args, b"");
        prop_assert_eq!(shown.code, 1);
        prop_assert_eq!(everything(&slo, &world), before);
        let mut shown: Value = serde_json::from_str(&shown.stdout).unwrap();
        shown["done"] = json!(true);
        let mut done = args.to_vec();
        done.push("--yes");
        let done: Value = serde_json::from_str(&slo.pass(&done, b"")).unwrap();
        prop_assert_eq!(&shown, &done);
        // The budgets it shows are the actual ones.
        let objectives = slo.objectives(&world.as_of_text());
        for consequence in done["consequences"].as_array().unwrap() {
            let now = objectives.iter().find(|objective| objective["objectiveId"] == consequence["objectiveId"]).unwrap();
            for field in ["errorBudgetConsumedMinutes", "budgetRemainingPercent", "state", "isBreaching"] {
                prop_assert_eq!(&consequence["after"][field], &now[field]);
            }
        }
    }
}

const SHOP: &str = "apiVersion: slo/v1\nkind: System\nmetadata: { name: shop }\nspec: {}\n---\napiVersion: slo/v1\n\
                    kind: SLO\nmetadata: { name: shop-availability }\nspec:\n  systemRef: { kind: System, name: shop }\n  target: 99\n  windowDays: 30\n";

/// A shop that is up since November, except for half an hour reported by another feed, with a name in its note.
fn shop() -> Slo {
    shop_in(Slo::new())
}

fn shop_in(slo: Slo) -> Slo {
    let right = r#"{"ts":"2026-11-01T00:00:00Z","system":"shop","status":"up"}
{"ts":"2026-11-20T10:05:00Z","system":"shop","status":"up"}
{"ts":"2026-11-20T10:30:00Z","system":"shop","status":"up"}
"#;
    let wrong = r#"{"ts":"2026-11-20T10:00:00Z","system":"shop","status":"down","note":"called by Ada Lovelace"}
{"ts":"2026-11-20T10:05:00Z","system":"shop","status":"down"}
{"ts":"2026-11-20T10:00:00Z","system":"stage","status":"down"}
"#;
    for (name, text) in [("right.jsonl", right), ("wrong.jsonl", wrong)] {
        let file = slo.write(name, text);
        slo.pass(&["ingest", file.to_str().unwrap()], b"");
    }
    slo.apply(SHOP);
    slo
}

const AS_OF: &str = "2026-11-25T00:00:00Z";

fn consumed(slo: &Slo) -> Value {
    slo.objective(AS_OF)["errorBudgetConsumedMinutes"].clone()
}

#[test]
fn a_feed_ingested_into_the_wrong_database_goes_away_again() {
    let slo = shop();
    assert_eq!(consumed(&slo), json!(30.0));
    let asked = slo.run(&["db", "forget", "--ingest", "2", "--as-of", AS_OF], b"");
    assert_eq!((asked.code, asked.stderr.trim()), (1, "nothing was changed: add --yes to do it"));
    assert!(
        asked.stdout.contains("3 transitions and 1 note of 2 systems (shop 2, stage 1) to delete for good"),
        "{}",
        asked.stdout
    );
    assert!(asked.stdout.contains("at 1 of these times, what another ingest said applies again"), "{}", asked.stdout);
    // 30 of 432 minutes.
    assert!(asked.stdout.contains("93% → 100%"), "{}", asked.stdout);
    assert_eq!(consumed(&slo), json!(30.0));
    let done = slo.pass(&["db", "forget", "--ingest", "2", "--yes", "--as-of", AS_OF], b"");
    assert!(done.contains("deleted for good"), "{done}");
    assert_eq!(consumed(&slo), json!(0.0));
    assert_eq!(slo.pass(&["export", "journal"], b"").lines().count(), 3);
    slo.pass(&["db", "verify"], b"");
    let log: Value = serde_json::from_str(&slo.pass(&["log", "-o", "json"], b"")).unwrap();
    let logged = &log["rewrites"][0];
    assert_eq!((&logged["deed"], &logged["ingest"]), (&json!("forget-ingest"), &json!(2)));
    assert_eq!((&logged["transitions"], &logged["notes"]), (&json!(3), &json!(1)));
    assert!(slo.pass(&["log"], b"").contains("wrong.jsonl): 3 transitions and 1 note"));
    let applies = slo.run(&["log", "-o", "csv"], b"");
    assert_eq!(applies.stderr, "note: CSV has the applies; the other forms also have 1 change to the journal\n");
    let info: Value = serde_json::from_str(&slo.pass(&["db", "info", "-o", "json"], b"")).unwrap();
    assert_eq!(
        [&info["transitions"], &info["notes"], &info["ingests"], &info["systems"]],
        [&json!(3), &json!(0), &json!(1), &json!(1)]
    );
    // Its number is not reused.
    slo.ingest("{\"ts\":\"2026-11-21T00:00:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n");
    assert!(slo.pass(&["list", "ingests", "-o", "json"], b"").contains("\"ingestId\": 3"));
}

/// If only a note changes, the events published with it change, too.
#[test]
fn published_events_have_the_note_that_stands_again() {
    let slo = shop();
    let again = r#"{"ts":"2026-11-20T10:00:00Z","system":"shop","status":"down","note":"called by Grace Hopper"}"#;
    slo.ingest(&format!("{again}\n"));
    let compute = || {
        slo.pass(&["compute", "--as-of", AS_OF], b"");
        format!("{:?}", tables(&slo))
    };
    assert!(compute().contains("called by Grace Hopper"));
    slo.pass(&["db", "forget", "--ingest", "3", "--yes"], b"");
    slo.pass(&["db", "verify"], b"");
    let now = compute();
    assert!(now.contains("called by Ada Lovelace") && !now.contains("called by Grace Hopper"), "{now}");
    slo.pass(&["db", "verify"], b"");
}

#[test]
fn what_was_in_a_note_is_not_left_in_the_file() {
    let slo = shop_in(Slo::in_file());
    let holds = || {
        let files = ["slo.db", "slo.db-wal"].map(|name| std::fs::read(slo.path(name)).unwrap_or_default());
        files.iter().any(|bytes| bytes.windows(12).any(|bytes| bytes == b"Ada Lovelace"))
    };
    assert!(holds());
    slo.pass(&["db", "forget", "--system", "shop", "--yes"], b"");
    assert!(!holds());
}

#[test]
fn a_question_is_asked_where_somebody_can_answer() {
    let slo = shop();
    for (answer, code) in [("n\n", 1), ("", 1), ("\n", 1), ("Yes\n", 0)] {
        let asked = slo.ask(&["db", "forget", "--system", "shop", "--as-of", AS_OF, "-o", "json"], answer);
        assert_eq!(asked.code, code, "{answer:?}: {}", asked.stderr);
        assert!(asked.stderr.contains("4 transitions and 1 note to delete for good"), "{}", asked.stderr);
        assert!(asked.stderr.contains("delete these facts for good? [y/N] "), "{}", asked.stderr);
        assert_eq!(asked.stdout.contains("\"done\": true"), code == 0, "{}", asked.stdout);
    }
    assert_eq!(slo.objective(AS_OF)["state"], json!("no-data"));
}

#[test]
fn a_renamed_system_has_its_history_under_the_new_name() {
    let slo = shop();
    let done = slo.run(&["db", "rename-system", "stage", "shop", "--yes", "--as-of", AS_OF], b"");
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
    assert!(
        done.stdout.contains("1 transition moved; shop has a transition at the same moment as 1 of them"),
        "{}",
        done.stdout
    );
    assert!(!slo.pass(&["list", "systems"], b"").contains("stage"));
    // Objects that still name the old system are reported.
    let done = slo.run(&["db", "rename-system", "shop", "store", "--yes", "--as-of", AS_OF], b"");
    assert!(
        done.stderr.contains("still refers to shop, which now has no history: System shop (manifests/world.yaml)"),
        "{}",
        done.stderr
    );
    assert!(done.stdout.contains("no-data"), "{}", done.stdout);
    assert!(slo.pass(&["log", "store"], b"").contains("rename system shop → store: 4 transitions and 1 note"));
    slo.apply(&SHOP.replace("name: shop }", "name: store }"));
    assert_eq!(consumed(&slo), json!(30.0));
    slo.pass(&["db", "verify"], b"");
}

/// A composite system may have incidents, but no checks of its own: with them, its manifest could not be applied any
/// more.
#[test]
fn only_incidents_move_onto_a_composite_system() {
    let slo = Slo::new();
    let facts = r#"{"ts":"2026-11-01T00:00:00Z","system":"shop","status":"up"}
{"ts":"2026-11-01T00:00:00Z","system":"store","check":"http","status":"up"}
{"ts":"2026-11-20T10:00:00Z","system":"pages","source":"incident","status":"down"}
{"ts":"2026-11-20T10:30:00Z","system":"pages","source":"incident","status":"up"}
"#;
    slo.ingest(facts);
    let composite = SHOP.replace("spec: {}", "spec: { members: [{ kind: System, name: store }] }");
    let composite = composite.replace("name: shop }", "name: front }");
    slo.apply(&composite);
    let refused = slo.run(&["db", "rename-system", "shop", "front", "--yes"], b"");
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    let expected = "error: front is a composite system, which can have incidents but no checks of its own, and shop has checks\n\
                    help: move them to one of its members (store), or to another name that you make a member\n";
    assert_eq!(refused.stderr, expected);
    slo.pass(&["db", "rename-system", "pages", "front", "--yes"], b"");
    assert_eq!(consumed(&slo), json!(30.0));
    slo.pass(&["db", "rename-system", "shop", "store", "--yes"], b"");
    slo.apply(&composite);
    slo.pass(&["db", "verify"], b"");
    // The other way round: a composite system's incidents move to another name.
    slo.pass(&["db", "rename-system", "front", "store", "--yes"], b"");
    assert_eq!(consumed(&slo), json!(30.0));
    slo.pass(&["db", "verify"], b"");
}

#[test]
fn what_cannot_be_forgotten_is_said_with_what_can() {
    let slo = shop();
    for (args, expected) in [
        (&["forget", "--ingest", "9", "--yes"][..], "there is no ingest 9"),
        (&["forget", "--system", "shpo", "--yes"], "the system \"shpo\" has no transitions\nhelp: did you mean shop"),
        (&["forget", "--system", "shop", "--check", "http", "--yes"], "no stream of the system shop matches"),
        (
            &["forget", "--yes"],
            "missing --ingest or --system\nhelp: usage: slo db forget --yes <--ingest <N>|--system <NAME>>",
        ),
        (&["forget", "--ingest", "1", "--system", "shop"], "cannot be used with"),
        (&["rename-system", "shop", "shop"], "shop is both the old and the new name"),
        (&["rename-system", "nobody", "shop"], "the system \"nobody\" has no transitions"),
    ] {
        let refused = slo.run(&[&["db"], args].concat(), b"");
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{args:?}");
        assert!(refused.stderr.contains(expected), "{args:?}: {}", refused.stderr);
    }
    assert_eq!(consumed(&slo), json!(30.0));
}
