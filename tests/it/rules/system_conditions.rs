//! Conditions about systems: the laws of `check`, `health --fail-on` and `backtest` on random small worlds against
//! brute force on a grid of milliseconds, and the log of declared ones.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::calendar::{Ms, instant, rfc3339};
use crate::reference::condition::{Expr, Item, Val, Views, Whose};
use crate::world::World;
use crate::world::strategy::worlds;

/// The range checked around an instant, in milliseconds.
const AROUND: Ms = 60;

/// A term before its system is known.
#[derive(Clone, Debug)]
enum Raw {
    Status(Whom, &'static str, &'static str),
    /// A number compared with its approximate value at some instant of the range, so that it probably crosses there.
    Near(Whom, &'static str, &'static str, Ms),
    Age(Whom, &'static str, Ms, i128),
    Maintained(Whom),
    /// A value of an objective, by index.
    Breaching(Index),
    Not(Box<Raw>),
    And(Box<Raw>, Box<Raw>),
    Or(Box<Raw>, Box<Raw>),
    For(Box<Raw>, Ms),
    AtLeast(Box<Raw>, usize, Ms),
}

/// The system itself, or another one by index.
type Whom = Option<Index>;

fn terms() -> impl Strategy<Value = Raw> {
    let whom = || prop::option::weighted(0.2, any::<Index>());
    let relation = || select(vec!["<", "<=", "==", "!=", ">=", ">"]);
    let near = || -AROUND..=AROUND;
    let statuses = select(vec!["unknown", "healthy", "degraded", "unhealthy"]);
    let numbers =
        select(vec!["healthyChecks", "totalChecks", "transitionsInWindow", "inStatusFor", "inStatusForSeconds"]);
    let leaf = prop_oneof![
        3 => (whom(), select(vec!["==", "!="]), statuses).prop_map(|(whom, relation, status)| Raw::Status(whom, relation, status)),
        4 => (whom(), numbers, relation(), near()).prop_map(|(whom, name, relation, near)| Raw::Near(whom, name, relation, near)),
        2 => (whom(), relation(), near(), -1..=1_i128).prop_map(|(whom, relation, near, off)| Raw::Age(whom, relation, near, off)),
        2 => whom().prop_map(Raw::Maintained),
        1 => any::<Index>().prop_map(Raw::Breaching),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let pair = || (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        prop_oneof![
            2 => inner.clone().prop_map(|term| Raw::Not(Box::new(term))),
            2 => pair().prop_map(|(left, right)| Raw::And(left, right)),
            2 => pair().prop_map(|(left, right)| Raw::Or(left, right)),
            2 => (inner.clone(), 1..40_i64).prop_map(|(term, millis)| Raw::For(Box::new(term), millis)),
            2 => (inner, 1..3_usize, 1..60_i64).prop_map(|(term, times, within)| Raw::AtLeast(Box::new(term), times, within)),
        ]
    })
}

fn build(raw: &Raw, world: &World, views: &Views, around: Ms) -> Expr {
    let item = |whom: &Whom, name: &str| {
        let whose = whom.map_or(Whose::This, |index| Whose::System(index.get(&world.systems).name.clone()));
        Item { whose, name: name.to_owned() }
    };
    let boxed = |raw: &Raw| Box::new(build(raw, world, views, around));
    let value = |item: &Item, near: Ms| match views.value(item, around + near) {
        Val::Number(ratio) => ratio.numerator.saturating_mul(1_000_000).div_euclid(ratio.denominator),
        _ => 1_000_000,
    };
    match raw {
        Raw::Status(whom, relation, status) => Expr::Text(item(whom, "status"), relation, (*status).to_owned()),
        Raw::Near(whom, "inStatusFor", relation, near) => {
            let item = item(whom, "inStatusFor");
            let millis = (value(&item, *near) / 1_000_000).clamp(1, 3650 * 86_400_000);
            Expr::Length(item, relation, millis as Ms)
        }
        Raw::Near(whom, name, relation, near) => {
            let item = item(whom, name);
            let number = value(&item, *near);
            Expr::Number(item, relation, number)
        }
        Raw::Age(whom, relation, near, off) => {
            let item = item(whom, "dataAgeSeconds");
            let number = value(&item, *near) + off;
            Expr::Number(item, relation, number)
        }
        Raw::Maintained(whom) => Expr::Truth(item(whom, "inMaintenance")),
        Raw::Breaching(index) => {
            let whose = Whose::Objective(index.get(&world.objectives).name.clone());
            Expr::Truth(Item { whose, name: "isBreaching".to_owned() })
        }
        Raw::Not(term) => Expr::Not(boxed(term)),
        Raw::And(left, right) => Expr::And(boxed(left), boxed(right)),
        Raw::Or(left, right) => Expr::Or(boxed(left), boxed(right)),
        Raw::For(term, millis) => Expr::For(boxed(term), *millis),
        Raw::AtLeast(term, times, within) => Expr::AtLeast(boxed(term), *times, *within),
    }
}

/// The same term with a field of the system itself, from which `--when` derives that it is about systems.
fn about_a_system(expr: Expr) -> Expr {
    let own = Item { whose: Whose::This, name: "totalChecks".to_owned() };
    Expr::And(Box::new(expr), Box::new(Expr::Number(own, ">=", 0)))
}

/// Instants with an event of a system, and `as-of`.
fn around(world: &World, place: Index) -> Ms {
    let maintained = world.maintenance.iter().flat_map(|window| [window.start, window.start + window.duration]);
    let facts = world.facts.iter().flat_map(|fact| [fact.ts, fact.ts + 3_600_000]);
    let moments: Vec<Ms> = facts.chain(maintained).filter(|at| *at <= instant("2026-11-20T00:00:00Z")).collect();
    let all: Vec<Ms> = std::iter::repeat_n(world.as_of, moments.len() / 2 + 1).chain(moments).collect();
    *place.get(&all)
}

/// The verdict for a system: whether it fires, since when, until when.
fn verdict(slo: &Slo, system: &str, args: &[&str], condition: &str, at: Ms) -> (bool, Option<Ms>, Option<Ms>) {
    let output = slo.run(&[args, &["-o", "json", "--as-of", &rfc3339(at)]].concat(), b"");
    assert!(output.code <= 1, "{args:?}: {}", output.stderr);
    let verdict: Value = serde_json::from_str(&output.stdout).unwrap();
    let results = verdict["results"].as_array().unwrap();
    let result =
        results.iter().find(|result| result["condition"] == condition && result["systemId"] == system).unwrap();
    assert!(result.get("objectiveId").is_none(), "{result}");
    let firing = result["firing"].as_bool().unwrap();
    assert_eq!(
        (output.code == 1, &verdict["verdict"]),
        (firing, &["pass", "fail"][usize::from(firing)].into()),
        "{verdict}"
    );
    (firing, result["since"].as_str().map(instant), result["clearsAt"].as_str().map(instant))
}

fn checked(slo: &Slo, system: &str, expression: &str, at: Ms) -> (bool, Option<Ms>, Option<Ms>) {
    let args = ["check", "--system", system, "--when", expression, "--no-data", "pass"];
    verdict(slo, system, &args, "when", at)
}

proptest! {
    #![proptest_config(one_in(4))]

    #[test]
    fn a_condition_about_a_system_holds_exactly_when_brute_force_says_so(
        world in worlds(), which in any::<Index>(), place in any::<Index>(), raws in prop::collection::vec(terms(), 1..4),
    ) {
        let system = &which.get(&world.systems).name;
        let at = around(&world, place);
        let (from, to) = (at - AROUND, at + AROUND);
        let later = world.at(world.as_of.max(to));
        let views = Views::of_system(&later, system);
        let slo = Slo::with(&world.feed(), &world.manifests());
        for raw in &raws {
            let expr = about_a_system(build(raw, &world, &views, at));
            let text = expr.to_string();
            let grid = views.grid(&expr, from, to);
            let mut last = to;
            loop {
                let expected = grid[(last - from) as usize];
                let turn = (from + 1..=last).rev().find(|t| grid[(t - from) as usize] != grid[(t - from) as usize - 1]);
                let (holds, since, _) = checked(&slo, system, &text, last);
                prop_assert_eq!(holds, expected, "{} of {} as of {}", &text, system, rfc3339(last));
                match turn {
                    Some(turn) => prop_assert_eq!(since.map(rfc3339), Some(rfc3339(turn)), "{}", &text),
                    None => prop_assert!(since.is_none_or(|since| since <= from), "{} since {:?}", &text, since.map(rfc3339)),
                }
                let Some(turn) = turn.filter(|_| to - last < 40) else { break };
                last = turn - 1;
            }
        }
    }

    #[test]
    fn what_clears_a_condition_about_a_system_does_so_at_that_millisecond(
        world in worlds(), which in any::<Index>(), raw in terms(),
    ) {
        let system = &which.get(&world.systems).name;
        let mut world = world.clone();
        world.facts.retain(|fact| fact.ts <= world.as_of);
        let expr = about_a_system(build(&raw, &world, &Views::of_system(&world, system), world.as_of));
        let text = expr.to_string();
        let slo = Slo::with(&world.feed(), &world.manifests());
        let (holds, since, clears) = checked(&slo, system, &text, world.as_of);
        if let Some(since) = since.filter(|since| *since > instant("2000-01-01T00:00:00Z")) {
            prop_assert_eq!(checked(&slo, system, &text, since).0, holds, "{} at {}", &text, rfc3339(since));
            prop_assert_eq!(checked(&slo, system, &text, since - 1).0, !holds, "{} before {}", &text, rfc3339(since));
        }
        if let Some(clears) = clears {
            prop_assert!(holds && clears > world.as_of);
            prop_assert!(!checked(&slo, system, &text, clears).0, "{} clears {}", &text, rfc3339(clears));
            prop_assert!(checked(&slo, system, &text, clears - 1).0, "{} clears {}", &text, rfc3339(clears));
        }
    }

    /// `--for` requires that the status was at least that bad at every millisecond up to as-of.
    #[test]
    fn a_status_that_fails_has_been_that_bad_all_the_while(
        world in worlds(), which in any::<Index>(), place in any::<Index>(), fail_on in select(vec!["unhealthy", "degraded", "unknown"]),
        millis in prop::option::of(1..40_i64),
    ) {
        let system = &which.get(&world.systems).name;
        let at = around(&world, place);
        let (from, to) = (at - AROUND, at + AROUND);
        let later = world.at(world.as_of.max(to));
        let views = Views::of_system(&later, system);
        let is = |status: &str| {
            let own = Item { whose: Whose::This, name: "status".to_owned() };
            Expr::Text(own, "==", status.to_owned())
        };
        let bad = match fail_on {
            "degraded" => Expr::Or(Box::new(is("degraded")), Box::new(is("unhealthy"))),
            status => is(status),
        };
        let expr = millis.map_or(bad.clone(), |millis| Expr::For(Box::new(bad.clone()), millis));
        let grid = views.grid(&expr, from, to);
        let slo = Slo::with(&world.feed(), &world.manifests());
        let held = millis.map(|millis| format!("{millis}ms"));
        let mut args = vec!["health", system, "--fail-on", fail_on];
        args.extend(held.iter().flat_map(|held| ["--for", held]));
        for last in [from, at - 1, at, at + 1, to] {
            let (holds, since, _) = verdict(&slo, system, &args, fail_on, last);
            prop_assert_eq!(holds, grid[(last - from) as usize], "{:?} as of {}", &args, rfc3339(last));
            let turn = (from + 1..=last).rev().find(|t| grid[(t - from) as usize] != grid[(t - from) as usize - 1]);
            if let Some(turn) = turn {
                prop_assert_eq!(since.map(rfc3339), Some(rfc3339(turn)), "{:?}", &args);
            }
        }
    }

    /// A declared condition gives the same results when logged, checked and backtested.
    #[test]
    fn the_log_of_a_condition_about_systems_is_what_a_backtest_finds(
        world in worlds(), raw in terms(), looks in prop::collection::vec(0..1000_i64, 0..3),
    ) {
        // A retired system leaves the log.
        let mut world = world.clone();
        world.systems.iter_mut().for_each(|system| system.retired_at = None);
        let views = Views::of_system(&world, &world.systems[0].name);
        let text = about_a_system(build(&raw, &world, &views, world.as_of)).to_string();
        let condition = format!(
            "---\napiVersion: slo/v1\nkind: Condition\nmetadata: {{ name: c }}\nspec: {{ systemSelector: {{ matchLabels: {{}} }}, when: {} }}\n",
            serde_json::json!(text),
        );
        let slo = Slo::with(&world.feed(), &(world.manifests() + &condition));
        let Some(first) = world.facts.iter().map(|fact| fact.ts).min().filter(|first| *first <= world.as_of) else { return Ok(()) };
        let mut looks: Vec<Ms> = looks.iter().map(|part| first + (world.as_of - first) / 1000 * part).collect();
        looks.sort_unstable();
        let mut log = String::new();
        for at in looks.into_iter().chain([world.as_of]) {
            log.push_str(&slo.pass(&["compute", "-o", "json", "--with-history", "--as-of", &rfc3339(at)], b""));
        }
        let mut told: Vec<(String, String, bool)> = Vec::new();
        for line in log.lines() {
            let change: Value = serde_json::from_str(line).unwrap();
            if change["kind"] == "condition" {
                let system = change["next"]["systemId"].as_str().unwrap().to_owned();
                prop_assert_eq!(change["id"].as_str().unwrap(), format!("c system {system}"));
                let at = change["occurredAt"].as_str().unwrap().to_owned();
                told.push((system, at, change["next"]["firing"].as_bool().unwrap()));
            }
        }
        let as_of = rfc3339(world.as_of);
        let args = ["backtest", "--condition", "c", "--since", "2000-01-01", "-o", "json", "--as-of", &as_of];
        let answer: Value = serde_json::from_str(&slo.pass(&args, b"")).unwrap();
        let mut expected: Vec<(String, String, bool)> = Vec::new();
        for firing in answer["firings"].as_array().unwrap() {
            let system = firing["systemId"].as_str().unwrap().to_owned();
            expected.push((system.clone(), firing["start"].as_str().unwrap().to_owned(), true));
            expected.extend(firing["end"].as_str().map(|end| (system, end.to_owned(), false)));
        }
        told.sort();
        expected.sort();
        prop_assert_eq!(told, expected, "{}", &text);
        slo.pass(&["db", "verify"], b"");
        // Current firings are logged last.
        for system in &world.systems {
            let (holds, since, _) = checked(&slo, &system.name, &text, world.as_of);
            let all: Value = serde_json::from_str(
                &slo.run(&["check", "--all", "--no-data", "pass", "-o", "json", "--as-of", &as_of], b"").stdout,
            ).unwrap();
            let found = all["results"].as_array().unwrap().iter()
                .find(|result| result["condition"] == "c" && result["systemId"] == system.name.as_str()).unwrap().clone();
            prop_assert_eq!((&found["firing"], found["since"].as_str().map(instant)), (&holds.into(), since));
        }
    }
}

/// What failed of the objectives says nothing about the systems, and the other way around.
#[test]
fn a_verdict_on_objectives_and_systems_counts_each_kind() {
    let slo = Slo::with(
        "{\"ts\":\"2026-11-01T00:00:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n\
         {\"ts\":\"2026-11-20T10:00:00Z\",\"system\":\"shop\",\"status\":\"down\"}\n",
        "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: shop-slo }\n\
         spec: { systemRef: { kind: System, name: shop }, target: 99.9, windowDays: 30 }\n",
    );
    let check = |objective: &str, system: &str, form: &str| {
        let args = ["check", "--when", objective, "--when", system, "-o", form, "--as-of", "2026-11-20T12:00:00Z"];
        slo.run(&args, b"").stdout
    };
    for (objective, system, said) in [
        ("isBreaching", "status == \"degraded\"", "✖ fail: 1 of 1 objective and 0 of 1 system failed"),
        ("!isBreaching", "status == \"unhealthy\"", "✖ fail: 0 of 1 objective and 1 of 1 system failed"),
        ("isBreaching", "status == \"unhealthy\"", "✖ fail: 1 of 1 objective and 1 of 1 system failed"),
        ("!isBreaching", "status == \"degraded\"", "✔ pass: 1 objective and 1 system checked"),
    ] {
        for form in ["table", "github", "markdown"] {
            let text = check(objective, system, form);
            assert_eq!(text.lines().rfind(|line| !line.is_empty()), Some(said), "{form}: {text}");
        }
    }
}
