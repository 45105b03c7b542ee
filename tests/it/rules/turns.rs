//! The laws of conditions, on random small worlds: `check` of an expression as of any instant matches brute force on a
//! grid of milliseconds, and so does since when.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use crate::budget::published::{facts, shared};
use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::budget::Ratio;
use crate::reference::calendar::{DAY, Ms, Zone, instant, rfc3339};
use crate::reference::condition::{Expr, Item, Val, Views, Whose};
use crate::world::World;
use crate::world::strategy::worlds;

/// The range checked around an instant, in milliseconds.
const AROUND: Ms = 60;

const NUMBERS: [&str; 26] = [
    "budgetRemainingPercent",
    "errorBudgetTotalMinutes",
    "errorBudgetConsumedMinutes",
    "errorBudgetConsumedStrictMinutes",
    "errorBudgetRemainingMinutes",
    "errorBudgetOverspentMinutes",
    "currentAvailability",
    "strictAvailability",
    "excludedMinutes",
    "notCountedMinutes",
    "tooShortMinutes",
    "correctedMinutes",
    "coveragePercent",
    "burnRate",
    "burnRates.5m",
    "burnRates.30m",
    "burnRates.1h",
    "burnRates.2h",
    "burnRates.6h",
    "burnRates.1d",
    "burnRates.3d",
    "currentStreak",
    "bestStreak",
    "lostStreak",
    "target",
    "windowDays",
];
/// Fields that may be compared with one another.
const ALIKE: [&[&str]; 3] = [
    &["budgetRemainingPercent", "currentAvailability", "strictAvailability", "coveragePercent", "target"],
    &["burnRate", "burnRates.5m", "burnRates.30m", "burnRates.1h", "burnRates.6h", "burnRates.3d"],
    &["errorBudgetConsumedMinutes", "errorBudgetRemainingMinutes", "errorBudgetTotalMinutes", "notCountedMinutes"],
];
const COUNTS: [&str; 3] = ["healthyChecks", "totalChecks", "transitionsInWindow"];
const STATES: [&str; 5] = ["no-data", "breaching", "down", "at-risk", "healthy"];
const TIERS: [&str; 4] = ["ok", "warning", "critical", "exhausted"];
const STATUSES: [&str; 4] = ["unknown", "healthy", "degraded", "unhealthy"];

/// A term before its world is known.
#[derive(Clone, Debug)]
enum Raw {
    /// Compared with its approximate value at some instant of the range, so that it probably crosses there.
    Number {
        whose: Option<Index>,
        name: &'static str,
        relation: &'static str,
        near: Ms,
        off: i128,
    },
    Minutes {
        name: &'static str,
        relation: &'static str,
        near: Ms,
    },
    Alike {
        of: usize,
        names: (Index, Index),
        whose: Option<Index>,
        relation: &'static str,
    },
    Count {
        system: Index,
        name: &'static str,
        relation: &'static str,
        near: Ms,
    },
    Status {
        system: Index,
        relation: &'static str,
        status: &'static str,
    },
    InStatus {
        system: Index,
        seconds: bool,
        relation: &'static str,
        near: Ms,
    },
    DownFor {
        whose: Option<Index>,
        relation: &'static str,
        near: Ms,
    },
    /// The age of the newest fact, of the objective or of a system, compared with a duration, or with one another.
    Age {
        system: Option<Index>,
        against: Option<Index>,
        relation: &'static str,
        near: Ms,
        off: i128,
    },
    State(&'static str, &'static str),
    Tier(&'static str, &'static str),
    Truth(Option<Index>, &'static str),
    Policy(&'static str),
    Time {
        after: Option<Ms>,
        before: Option<Ms>,
        days: Vec<i64>,
        zone: Zone,
    },
    Not(Box<Raw>),
    And(Box<Raw>, Box<Raw>),
    Or(Box<Raw>, Box<Raw>),
    For(Box<Raw>, Ms),
    AtLeast(Box<Raw>, usize, Ms),
}

fn relation() -> impl Strategy<Value = &'static str> {
    select(vec!["<", "<=", "==", "!=", ">=", ">"])
}

fn leaf() -> impl Strategy<Value = Raw> {
    let near = || -AROUND..=AROUND;
    let other = || option::weighted(0.2, any::<Index>());
    let equality = || select(vec!["==", "!="]);
    let times = || option::of(select(vec![0, 60, 120, 150, 360, 720, 1320, 1439]));
    let number = (other(), select(NUMBERS.to_vec()), relation(), near(), -1..=1_i128)
        .prop_map(|(whose, name, relation, near, off)| Raw::Number { whose, name, relation, near, off });
    let minutes = (select(ALIKE[2].to_vec()), relation(), near()).prop_map(|(name, relation, near)| Raw::Minutes {
        name,
        relation,
        near,
    });
    let alike = (0..3_usize, any::<(Index, Index)>(), other(), relation())
        .prop_map(|(of, names, whose, relation)| Raw::Alike { of, names, whose, relation });
    let count = (any::<Index>(), select(COUNTS.to_vec()), relation(), near())
        .prop_map(|(system, name, relation, near)| Raw::Count { system, name, relation, near });
    let status = (any::<Index>(), equality(), select(STATUSES.to_vec()))
        .prop_map(|(system, relation, status)| Raw::Status { system, relation, status });
    let in_status = (any::<Index>(), any::<bool>(), relation(), near())
        .prop_map(|(system, seconds, relation, near)| Raw::InStatus { system, seconds, relation, near });
    let down_for =
        (other(), relation(), near()).prop_map(|(whose, relation, near)| Raw::DownFor { whose, relation, near });
    let age = (option::of(any::<Index>()), option::weighted(0.3, any::<Index>()), relation(), near(), -1..=1_i128)
        .prop_map(|(system, against, relation, near, off)| Raw::Age { system, against, relation, near, off });
    let time = (times(), times(), prop::collection::btree_set(0..7_i64, 0..4), select(Zone::ALL.to_vec()))
        .prop_filter_map("nothing or everything", |(after, before, days, zone)| {
            let sense = (after != before || after.is_none())
                && (after.is_some() || before.is_some() || !days.is_empty())
                && before != Some(0);
            sense.then(|| Raw::Time { after, before, days: days.into_iter().collect(), zone })
        });
    prop_oneof![
        6 => number,
        1 => minutes,
        3 => alike,
        1 => count,
        1 => status,
        2 => in_status,
        2 => down_for,
        3 => age,
        2 => (equality(), select(STATES.to_vec())).prop_map(|(relation, state)| Raw::State(relation, state)),
        1 => (equality(), select(TIERS.to_vec())).prop_map(|(relation, tier)| Raw::Tier(relation, tier)),
        2 => (other(), select(vec!["isBreaching", "hasOpenDowntime", "fastBurn", "statusKnown"])).prop_map(|(whose, name)| Raw::Truth(whose, name)),
        1 => select(vec!["page", "ticket"]).prop_map(Raw::Policy),
        1 => time,
    ]
}

fn terms() -> impl Strategy<Value = Raw> {
    leaf().prop_recursive(3, 8, 2, |inner| {
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

/// A term about a world, around an instant.
fn build(raw: &Raw, world: &World, views: &Views, around: Ms) -> Expr {
    let this = |name: &str| Item { whose: Whose::This, name: name.to_owned() };
    let whose = |index: &Option<Index>| {
        index.map_or(Whose::This, |index| Whose::Objective(index.get(&world.objectives).name.clone()))
    };
    let system = |index: &Index, name: &str| Item {
        whose: Whose::System(index.get(&world.systems).name.clone()),
        name: name.to_owned(),
    };
    let boxed = |raw: &Raw| Box::new(build(raw, world, views, around));
    let value = |item: &Item, near: Ms| match views.value(item, around + near) {
        Val::Number(ratio) => ratio,
        _ => Ratio::new(1, 1),
    };
    let millionths =
        |ratio: Ratio| ratio.numerator.saturating_mul(1_000_000).div_euclid(ratio.denominator).min(10_i128.pow(17));
    match raw {
        Raw::Number { whose: of, name, relation, near, off } => {
            let item = Item { whose: whose(of), name: (*name).to_owned() };
            let number = millionths(value(&item, *near)) + off;
            Expr::Number(item, relation, number)
        }
        Raw::Minutes { name, relation, near } => {
            let item = this(name);
            let ratio = value(&item, *near);
            Expr::Length(
                item,
                relation,
                (ratio.numerator * 60_000 / ratio.denominator).clamp(1, 3650 * 86_400_000) as Ms,
            )
        }
        Raw::Alike { of, names, whose: other, relation } => {
            let names = (names.0.get(ALIKE[*of]), names.1.get(ALIKE[*of]));
            Expr::Items(this(names.0), relation, Item { whose: whose(other), name: (*names.1).to_owned() })
        }
        Raw::Count { system: index, name, relation, near } => {
            let item = system(index, name);
            let number = millionths(value(&item, *near));
            Expr::Number(item, relation, number)
        }
        Raw::Status { system: index, relation, status } => {
            Expr::Text(system(index, "status"), relation, (*status).to_owned())
        }
        Raw::InStatus { system: index, seconds, relation, near } => {
            let ratio = value(&system(index, "inStatusFor"), *near);
            let millis = ratio.numerator.clamp(1, 3650 * 86_400_000);
            if *seconds {
                Expr::Number(system(index, "inStatusForSeconds"), relation, millis * 1000)
            } else {
                Expr::Length(system(index, "inStatusFor"), relation, millis as Ms)
            }
        }
        Raw::DownFor { whose: of, relation, near } => {
            let item = Item { whose: whose(of), name: "downFor".to_owned() };
            let millis = value(&item, *near).numerator.clamp(1, 3650 * 86_400_000);
            Expr::Length(item, relation, millis as Ms)
        }
        Raw::Age { system: of, against, relation, near, off } => {
            let item = of.map_or(this("dataAgeSeconds"), |index| system(&index, "dataAgeSeconds"));
            if let Some(index) = against {
                return Expr::Items(item, relation, system(index, "dataAgeSeconds"));
            }
            // In millionths of a second; off by up to a microsecond, which is less than any age is.
            let number = millionths(value(&item, *near)) + off;
            Expr::Number(item, relation, number)
        }
        Raw::State(relation, state) => Expr::Text(this("state"), relation, (*state).to_owned()),
        Raw::Tier(relation, tier) => Expr::Text(this("budgetTier"), relation, (*tier).to_owned()),
        Raw::Truth(of, name) => Expr::Truth(Item { whose: whose(of), name: (*name).to_owned() }),
        Raw::Policy(urgency) => Expr::Policy(urgency),
        Raw::Time { after, before, days, zone } => {
            Expr::Time { after: *after, before: *before, days: days.clone(), zone: *zone }
        }
        Raw::Not(term) => Expr::Not(boxed(term)),
        Raw::And(left, right) => Expr::And(boxed(left), boxed(right)),
        Raw::Or(left, right) => Expr::Or(boxed(left), boxed(right)),
        Raw::For(term, millis) => Expr::For(boxed(term), *millis),
        Raw::AtLeast(term, times, within) => Expr::AtLeast(boxed(term), *times, *within),
    }
}

/// What `check` says of an expression for an objective as of an instant: whether it is true, since when, until when.
fn checked(slo: &Slo, objective: &str, expression: &str, at: Ms) -> (bool, Option<Ms>, Option<Ms>) {
    let at = rfc3339(at);
    let args = ["check", objective, "--when", expression, "--no-data", "pass", "-o", "json", "--as-of", &at];
    let output = slo.run(&args, b"");
    assert!(output.code <= 1, "{expression}: {}", output.stderr);
    let verdict: Value = serde_json::from_str(&output.stdout).unwrap();
    let results = verdict["results"].as_array().unwrap();
    let result = results.iter().find(|result| result["condition"] == "when").unwrap();
    let holds = result["firing"].as_bool().unwrap();
    assert_eq!(output.code == 1, holds, "{verdict}");
    (holds, result["since"].as_str().map(instant), result["clearsAt"].as_str().map(instant))
}

/// Objectives are checked around instants with an event: at, before and after `as-of`, where facts leave windows, where
/// days close, and where outages begin to count.
fn around(world: &World, place: Index, objective: usize) -> Ms {
    let (start, _) = crate::reference::budget::window_bounds(world.objectives[objective].window, world.as_of);
    let length = world.as_of - start;
    let zone = world.objectives[objective].zone();
    // The day of a fact closes at a midnight of the objective's own zone.
    let counts = world.objectives[objective].minimum_outage;
    let moments = |ts: Ms| [ts, ts + length, ts + 3_600_000, zone.start_of(zone.date(ts) + 1), ts + counts];
    let facts = world.facts.iter().flat_map(|fact| moments(fact.ts));
    let moments: Vec<Ms> = facts.filter(|at| *at <= instant("2026-11-20T00:00:00Z")).collect();
    let all: Vec<Ms> = std::iter::repeat_n(world.as_of, moments.len() + 1).chain(moments).collect();
    *place.get(&all)
}

proptest! {
    #![proptest_config(one_in(4))]

    #[test]
    fn a_condition_holds_exactly_when_brute_force_says_so(
        world in worlds(), which in any::<Index>(), place in any::<Index>(), raws in prop::collection::vec(terms(), 1..4),
    ) {
        let objective = which.index(world.objectives.len());
        let name = &world.objectives[objective].name;
        let at = around(&world, place, objective);
        let (from, to) = (at - AROUND, at + AROUND);
        let later = world.at(world.as_of.max(to));
        let views = Views::new(&later, objective);
        let slo = Slo::with(&world.feed(), &world.manifests());
        for raw in &raws {
            let expr = build(raw, &world, &views, at);
            let text = expr.to_string();
            let grid = views.grid(&expr, from, to);
            // From the last millisecond back, turn by turn.
            let mut last = to;
            loop {
                let expected = grid[(last - from) as usize];
                let turn = (from + 1..=last).rev().find(|t| grid[(t - from) as usize] != grid[(t - from) as usize - 1]);
                let (holds, since, _) = checked(&slo, name, &text, last);
                prop_assert_eq!(holds, expected, "{} as of {}", &text, rfc3339(last));
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
    fn what_is_said_of_the_past_and_the_future_is_so_at_that_moment_and_not_a_millisecond_before(
        world in worlds(), which in any::<Index>(), raw in terms(),
    ) {
        let objective = which.index(world.objectives.len());
        let name = &world.objectives[objective].name;
        let expr = build(&raw, &world, &Views::new(&world, objective), world.as_of);
        let text = expr.to_string();
        let slo = Slo::with(&world.feed(), &world.manifests());
        let (holds, since, clears) = checked(&slo, name, &text, world.as_of);
        // No as-of before 2000 is accepted, but lengths of periods may have been the same since then.
        if let Some(since) = since.filter(|since| *since > instant("2000-01-01T00:00:00Z")) {
            prop_assert_eq!(checked(&slo, name, &text, since).0, holds, "{} at {}", &text, rfc3339(since));
            prop_assert_eq!(checked(&slo, name, &text, since - 1).0, !holds, "{} before {}", &text, rfc3339(since));
        }
        if let Some(clears) = clears {
            // As forecast: nothing else happens.
            let mut quiet = world.clone();
            quiet.facts.retain(|fact| fact.ts <= world.as_of);
            let slo = Slo::with(&quiet.feed(), &quiet.manifests());
            prop_assert!(holds && clears > world.as_of);
            prop_assert!(!checked(&slo, name, &text, clears).0, "{} clears {}", &text, rfc3339(clears));
            prop_assert!(checked(&slo, name, &text, clears - 1).0, "{} clears {}", &text, rfc3339(clears));
        }
    }

    #[test]
    fn a_condition_and_its_negation_partition_time_as_de_morgan_says(
        world in worlds(), which in any::<Index>(), raws in (terms(), terms()),
    ) {
        let objective = which.index(world.objectives.len());
        let name = &world.objectives[objective].name;
        let views = Views::new(&world, objective);
        let (a, b) = (build(&raws.0, &world, &views, world.as_of), build(&raws.1, &world, &views, world.as_of));
        let slo = Slo::with(&world.feed(), &world.manifests());
        let said = |expression: &str| {
            let (holds, since, _) = checked(&slo, name, expression, world.as_of);
            (holds, since.map(rfc3339))
        };
        let (both, since) = said(&format!("({a}) && ({b})"));
        prop_assert_eq!(said(&format!("!(({a}) && ({b}))")), (!both, since.clone()));
        prop_assert_eq!(said(&format!("!({a}) || !({b})")), (!both, since));
        let (either, since) = said(&format!("({a}) || ({b})"));
        prop_assert_eq!(said(&format!("!({a}) && !({b})")), (!either, since));
    }

    /// A backtest solves its entire range; `check` skips days by their totals.
    #[test]
    fn the_last_and_the_next_turn_are_those_of_a_backtest_over_all_of_time(
        world in worlds(), which in any::<Index>(), raw in terms(), ahead in 1..90 * DAY,
    ) {
        let objective = which.index(world.objectives.len());
        let name = &world.objectives[objective].name;
        let text = build(&raw, &world, &Views::new(&world, objective), world.as_of).to_string();
        let mut quiet = world.clone();
        quiet.facts.retain(|fact| fact.ts <= world.as_of);
        let slo = Slo::with(&quiet.feed(), &quiet.manifests());
        let (holds, since, clears) = checked(&slo, name, &text, world.as_of);
        let later = world.as_of + ahead;
        let args = ["backtest", name, "--when", &text, "--since", "2000-01-01", "-o", "json", "--as-of", &rfc3339(later)];
        let answer: Value = serde_json::from_str(&slo.pass(&args, b"")).unwrap();
        let moment = |value: &Value| value.as_str().map(instant);
        let firings: Vec<(Ms, Option<Ms>)> = answer["firings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|firing| (moment(&firing["start"]).unwrap(), moment(&firing["end"])))
            .filter(|(start, _)| *start <= world.as_of)
            .collect();
        let mine = &world.objectives[objective].system;
        // Nothing is tested before a system's first transition.
        let Some(first) = quiet.facts.iter().filter(|fact| fact.system == *mine).map(|fact| fact.ts).min() else {
            return Ok(());
        };
        let last = firings.last().copied();
        let (turn, next) = match last {
            Some((start, end)) if end.is_none_or(|end| end > world.as_of) => (Some(start), end),
            Some((_, end)) => (end, None),
            None => (None, None),
        };
        prop_assert_eq!(holds, last.is_some_and(|(_, end)| end.is_none_or(|end| end > world.as_of)), "{}", &text);
        match turn.filter(|turn| *turn > first) {
            Some(turn) => prop_assert_eq!(since.map(rfc3339), Some(rfc3339(turn)), "{}", &text),
            None => prop_assert!(since.is_none_or(|since| since <= first), "{} since {:?}", &text, since.map(rfc3339)),
        }
        match next {
            Some(next) => prop_assert_eq!(clears.map(rfc3339), Some(rfc3339(next)), "{}", &text),
            None => prop_assert!(clears.is_none_or(|clears| clears > later), "{} clears {:?}", &text, clears.map(rfc3339)),
        }
    }
}

/// The SRE workbook's rule for a page, at 99.9%.
const PAGE: &str = "burnRates.1h > 14.4 && burnRates.5m > 14.4";
const OBJECTIVE: &str = "apiVersion: slo/v1
kind: SLO
metadata: { name: availability }
spec: { systemRef: { kind: System, name: github }, target: 99.9, windowDays: 30 }
";

#[test]
fn a_page_comes_and_goes_at_the_millisecond_that_arithmetic_gives() {
    let feed = r#"{"ts":"2022-03-25T01:43:00Z","system":"github","status":"up"}
{"ts":"2022-03-26T01:43:00Z","system":"github","status":"down"}
{"ts":"2022-03-26T03:35:00Z","system":"github","status":"up"}"#;
    let slo = Slo::with(feed, OBJECTIVE);
    // 14.4 times 0.1% of an hour is 51.84 s, of five minutes 4.32 s: more than that is down from 01:43:51.841 on, and
    // at most 4.32 s of the last five minutes from 295.68 s after the end on.
    let (holds, since, clears) = checked(&slo, "availability", PAGE, instant("2022-03-26T03:37:00Z"));
    assert!(holds);
    assert_eq!(since.map(rfc3339).as_deref(), Some("2022-03-26T01:43:51.841Z"));
    assert_eq!(clears.map(rfc3339).as_deref(), Some("2022-03-26T03:39:55.680Z"));
    let (holds, since, _) = checked(&slo, "availability", PAGE, instant("2022-03-26T06:00:00Z"));
    assert_eq!((holds, since.map(rfc3339).as_deref()), (false, Some("2022-03-26T03:39:55.680Z")));
}

#[test]
fn pages_of_a_real_history_begin_and_end_where_they_are_said_to() {
    let Some(feed) = shared("github-incidents/transitions_all.jsonl") else { return };
    let slo = Slo::with(&feed, OBJECTIVE);
    let last = facts(&feed).iter().map(|fact| fact.ts).max().unwrap() + 3_600_000;
    let (mut at, mut expected, mut turns) = (last, checked(&slo, "availability", PAGE, last).0, 0);
    while let (holds, Some(since), _) = checked(&slo, "availability", PAGE, at) {
        // One millisecond before its start, it was the opposite; and at its start, it is as reported.
        assert_eq!(holds, expected, "{}", rfc3339(at));
        assert_eq!(checked(&slo, "availability", PAGE, since).0, holds, "{}", rfc3339(since));
        (at, expected, turns) = (since - 1, !holds, turns + 1);
    }
    assert!(turns > 300, "{turns}");
}
