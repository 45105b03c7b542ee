//! Requested periods: a period is a calendar window at its close, its parts add up, and outages count once.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::cases::one_in;
use crate::harness::Slo;
use crate::reference::budget::Budget;
use crate::reference::calendar::{DAY, MINUTE, Ms, SECOND, Unit, Zone, civil_from_days, instant, period, rfc3339};
use crate::reference::downtime::{Joined, hull, joined, outages};
use crate::reference::history::{History, Totals};
use crate::reference::model::Model;
use crate::reference::{at_close, difference, objectives};
use crate::world::strategy::worlds;
use crate::world::{Objective, Window, World};

fn parsed(slo: &Slo, args: &[&str]) -> Value {
    let output = slo.run(&[args, &["-o", "json"]].concat(), b"");
    assert!(output.code <= 1, "slo {args:?}: {}", output.stderr);
    serde_json::from_str(&output.stdout).unwrap()
}

fn date(days: i64) -> String {
    let (year, month, day) = civil_from_days(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The name of the period of this kind that contains a date.
pub(super) fn written(unit: Unit, zone: Zone, at: Ms) -> String {
    let (start, end) = period(unit, zone, at);
    let (first, last) = (zone.date(start), zone.date(end - 1));
    let (year, month, _) = civil_from_days(first);
    match unit {
        Unit::Day => date(first),
        Unit::Week => format!("{}..{}", date(first), date(last)),
        Unit::Month => format!("{year:04}-{month:02}"),
        Unit::Quarter => format!("{year:04}-Q{}", (month - 1) / 3 + 1),
        Unit::Year => format!("{year:04}"),
    }
}

/// The world with the period as every objective's window.
pub(super) fn framed(world: &World, unit: Unit, zone: Option<Zone>) -> World {
    let mut framed = world.clone();
    for objective in &mut framed.objectives {
        let zone = zone.unwrap_or(objective.zone());
        objective.window = Window::Calendar { unit, zone };
        objective.timezone = zone;
    }
    framed
}

fn named<'v>(rows: &'v Value, name: &str) -> &'v Value {
    rows.as_array().unwrap().iter().find(|row| row["objectiveId"] == name).unwrap()
}

/// The expected row of an objective over a period.
pub(super) fn expected(world: &World, objective: &Objective, unit: Unit, zone: Zone, at: Ms) -> Value {
    let end = period(unit, zone, at).1;
    if end > world.as_of {
        let rows = objectives(world);
        return rows.into_iter().find(|row| row["objectiveId"] == objective.name.as_str()).unwrap();
    }
    let mut row = at_close(&world.at(end), objective);
    // After the end of a period, there is no forecast.
    row["forecast"] = json!({ "exhaustedAt": null, "recoversAt": null, "fullAt": null });
    row
}

/// A time close to an event of a world, and before its `as_of`.
pub(super) fn moment(world: &World, place: Index, shift: Ms) -> Ms {
    let mut moments: Vec<Ms> = world.facts.iter().map(|fact| fact.ts).filter(|ts| *ts <= world.as_of).collect();
    moments.push(world.as_of);
    (place.get(&moments) + shift).clamp(instant("2001-01-02T00:00:00Z"), world.as_of)
}

proptest! {
    #![proptest_config(one_in(2))]

    /// The status of a period is that of calendar objectives at its close, or now, in any zone and for any windows of
    /// their own.
    #[test]
    fn a_period_is_a_calendar_window_at_its_close(
        world in worlds(), unit in select(Unit::ALL.to_vec()), zone in proptest::option::of(select(Zone::ALL.to_vec())),
        place in any::<Index>(), shift in select(vec![-DAY, -1, 0, 1, DAY]),
    ) {
        let at = moment(&world, place, shift);
        // In every objective's zone, it is the period of the same name, which must have begun in all.
        let text = written(unit, zone.unwrap_or(Zone::Utc), at);
        let slo = Slo::with(&world.feed(), &world.manifests());
        let as_of = world.as_of_text();
        let mut args = vec!["status", "--period", &text, "--as-of", &as_of];
        args.extend(zone.iter().flat_map(|zone| ["--timezone", zone.name()]));
        let output = slo.run(&args, b"");
        let framed = framed(&world, unit, zone);
        let noon = |objective: &Objective| {
            let utc = period(unit, zone.unwrap_or(Zone::Utc), at).0;
            objective.zone().start_of(zone.unwrap_or(Zone::Utc).date(utc))
        };
        if framed.objectives.iter().any(|objective| noon(objective) > world.as_of) {
            prop_assert!(output.code == 2 && output.stderr.contains("has not begun"), "{}", output.stderr);
            return Ok(());
        }
        let printed = parsed(&slo, &args);
        for (objective, declared) in framed.objectives.iter().zip(&world.objectives) {
            // A schedule stays in its declared zone, which this world cannot express.
            if !declared.schedule.is_empty() && zone.is_some_and(|zone| zone != declared.zone()) {
                continue;
            }
            let wanted = expected(&framed, objective, unit, objective.zone(), noon(objective));
            let row = named(&printed["objectives"], &objective.name);
            prop_assert_eq!(difference(&objective.name, &wanted, row), None, "{} as of {}", text, as_of);
        }
        // With any number of sealed days, also when `compute` seals them.
        slo.pass(&["compute", "--as-of", &as_of], b"");
        let again = parsed(&slo, &args);
        prop_assert_eq!(&again, &printed);
    }

    /// A range has the totals of its days, and the parts add up to the total.
    #[test]
    fn days_add_up_to_their_range_and_groups_to_all(
        world in worlds(), zone in proptest::option::of(select(Zone::ALL.to_vec())), place in any::<Index>(), count in 2..6_i64,
    ) {
        let at = moment(&world, place, 0).min(world.as_of - 2 * DAY);
        let first = zone.unwrap_or(Zone::Utc).date(at);
        let slo = Slo::with(&world.feed(), &world.manifests());
        let as_of = world.as_of_text();
        let ask = |text: &str, by: &str| {
            let mut args = vec!["report", "--period", text, "--as-of", &as_of, "--by", by];
            args.extend(zone.iter().flat_map(|zone| ["--timezone", zone.name()]));
            let output = slo.run(&[&args[..], &["-o", "json"]].concat(), b"");
            (output.code == 0).then(|| serde_json::from_str::<Value>(&output.stdout).unwrap())
        };
        let text = format!("{}..{}", date(first), date(first + count - 1));
        let Some(whole) = ask(&text, "system") else { return Ok(()) };
        let sum = |rows: &[&Value], field: &str| rows.iter().map(|row| row[field].as_f64().unwrap()).sum::<f64>();
        let close = |one: f64, other: f64| (one - other).abs() <= 1e-9 * one.abs().max(1.0);
        // Each row against the slow reference: any range, in exact milliseconds.
        for objective in &world.objectives {
            let (known, budget) = over(&world, objective, zone.unwrap_or(objective.zone()), (first, first + count));
            let row = named(&whole["objectives"], &objective.name);
            let minutes = |millis: i128| millis as f64 / MINUTE as f64;
            prop_assert!(close(row["errorBudgetConsumedMinutes"].as_f64().unwrap(), down_minutes(budget.totals.consumed)));
            prop_assert!(close(row["errorBudgetConsumedStrictMinutes"].as_f64().unwrap(), down_minutes(budget.totals.strict)));
            prop_assert!(close(row["excludedMinutes"].as_f64().unwrap(), down_minutes(budget.totals.excluded)));
            prop_assert!(close(row["notCountedMinutes"].as_f64().unwrap(), minutes(budget.totals.not_counted)));
            let result = match (known || budget.totals.strict > 0, budget.is_breaching()) {
                (false, _) => "no-data",
                (true, true) => "missed",
                (true, false) => "met",
            };
            prop_assert_eq!(&row["result"], result, "{}", objective.name);
        }
        // Days add up; an outage counts on the day on which it begins. Charged downtime is that as of the close of each day: later facts may
        // still change its attribution, or make the outage long enough. Then the days are those of the reference.
        let days: Vec<Value> = (first..first + count).filter_map(|day| ask(&date(day), "system")).collect();
        if days.len() as i64 == count {
            for objective in &world.objectives {
                let rows: Vec<&Value> = days.iter().map(|day| named(&day["objectives"], &objective.name)).collect();
                let row = named(&whole["objectives"], &objective.name);
                for field in ["excludedMinutes", "notCountedMinutes", "errorBudgetTotalMinutes", "outages", "downtimeMinutes"] {
                    let (total, parts) = (row[field].as_f64().unwrap(), sum(&rows, field));
                    prop_assert!(close(total, parts), "{} {field}: {total} ≠ {parts}", objective.name);
                }
                let own = zone.unwrap_or(objective.zone());
                let closed: Vec<Totals> =
                    (first..first + count).map(|day| over(&world, objective, own, (day, day + 1)).1.totals).collect();
                let whole = over(&world, objective, own, (first, first + count)).1.totals;
                let charged: [(&str, Charged); 2] = [
                    ("errorBudgetConsumedMinutes", |totals| totals.consumed),
                    ("errorBudgetConsumedStrictMinutes", |totals| totals.strict),
                ];
                for (field, micros) in charged {
                    let told: i128 = closed.iter().map(micros).sum();
                    let parts = sum(&rows, field);
                    prop_assert!(close(down_minutes(told), parts), "{} {field}: {told} µs ≠ {parts}", objective.name);
                    let is_immediate = objective.minimum_outage == 0 && objective.attribution_grace == 0;
                    prop_assert!(!is_immediate || told == micros(&whole), "{} {field}", objective.name);
                }
            }
            // Outages shared by objectives of a system are cut at the same times only if their days are the same.
            let one_zone = zone.is_some() || world.objectives.windows(2).all(|pair| pair[0].zone() == pair[1].zone());
            if one_zone {
                let totals: Vec<&Value> = days.iter().map(|day| &day["total"]).collect();
                for field in ["outages", "downtimeMinutes"] {
                    let (total, parts) = (whole["total"][field].as_f64().unwrap(), sum(&totals, field));
                    prop_assert!(close(total, parts), "total {field}: {total} ≠ {parts}");
                }
                let longest = totals.iter().filter_map(|day| day["longestSeconds"].as_i64()).max();
                prop_assert_eq!(whole["total"]["longestSeconds"].as_i64(), longest);
            }
        }
        // Groups by system add up in everything, groups by objective in what each has separately.
        let by_objective = ask(&text, "objective").unwrap();
        prop_assert_eq!(&by_objective["total"], &whole["total"]);
        let own = ["objectives", "met", "missed", "noData", "errorBudgetTotalMinutes", "errorBudgetConsumedMinutes",
            "errorBudgetConsumedStrictMinutes", "excludedMinutes", "notCountedMinutes"];
        let shared = ["outages", "openOutages", "downtimeMinutes"];
        for (answer, fields) in [(&whole, [&own[..], &shared].concat()), (&by_objective, own.to_vec())] {
            let groups: Vec<&Value> = answer["groups"].as_array().unwrap().iter().collect();
            for field in fields {
                let (total, parts) = (answer["total"][field].as_f64().unwrap(), sum(&groups, field));
                prop_assert!(close(total, parts), "groups {field}: {total} ≠ {parts}");
            }
        }
        // The outages of all objectives against the slow reference.
        prop_assert_eq!(difference("total", &interruptions(&world, (first, first + count), zone), &whole["total"]
            .as_object().unwrap().iter().filter(|(key, _)| ["outages", "openOutages", "longestSeconds", "mttrSeconds"]
            .contains(&key.as_str())).map(|(key, value)| (key.clone(), value.clone())).collect()), None);
    }
}

/// A sum of charged downtime, in microseconds.
type Charged = fn(&Totals) -> i128;

fn down_minutes(micros: i128) -> f64 {
    micros as f64 / (1000 * MINUTE) as f64
}

/// The budget of an objective from one date until another, as of its close or now, and whether any status was known.
fn over(world: &World, objective: &Objective, zone: Zone, (from, to): (i64, i64)) -> (bool, Budget) {
    let (start, end) = (zone.start_of(from), zone.start_of(to));
    let now = end.min(world.as_of);
    let model = Model::new(world, now);
    // The reference cuts schedules only as far back as a window reaches, so the window must contain the range.
    let days = (now - start) / DAY + 3;
    let wide = Objective { window: Window::Rolling { days }, timezone: objective.zone(), ..objective.clone() };
    let history = History::new(&model, &wide);
    let budget = Budget::within(&history, (start, end), now);
    (history.first.is_some() && budget.totals.known > 0, budget)
}

/// The totals of all objectives' outages that begin between two dates of the zone, or of each objective's own.
fn interruptions(world: &World, (from, to): (i64, i64), zone: Option<Zone>) -> Value {
    let all = outages(world, Ms::MIN, Ms::MAX);
    let within = |objective: &Objective| {
        let own = zone.unwrap_or(objective.zone());
        (own.start_of(from), own.start_of(to))
    };
    let touching: Vec<_> = all
        .into_iter()
        .filter(|(objective, outage)| {
            let (start, end) = within(objective);
            outage.start < end && outage.end.is_none_or(|over| over > start)
        })
        .collect();
    let begins = |set: &&Joined<'_, '_>| {
        let first = set.iter().min_by_key(|(objective, outage)| (outage.start, &objective.name)).unwrap();
        let (start, end) = within(first.0);
        start <= first.1.start && first.1.start < end
    };
    let sets = joined(&touching);
    let counted: Vec<&Joined<'_, '_>> = sets.iter().filter(begins).collect();
    let lasted = |set: &&Joined<'_, '_>| {
        let (start, end) = hull(set, world.as_of);
        end - start
    };
    let is_open = |set: &&Joined<'_, '_>| set.iter().any(|(_, outage)| outage.end.is_none());
    let over: Vec<Ms> = counted.iter().filter(|set| !is_open(set)).map(lasted).collect();
    let mean = (!over.is_empty()).then(|| over.iter().sum::<Ms>() / over.len() as Ms);
    json!({
        "outages": counted.len(),
        "openOutages": counted.len() - over.len(),
        "longestSeconds": counted.iter().map(lasted).max().map(|lasted| lasted / SECOND),
        "mttrSeconds": mean.map(|mean| mean / SECOND),
    })
}

fn at(text: &str) -> Ms {
    instant(&format!("2026-{text}Z"))
}

/// `shop`, recorded since January, with two objectives, and `mail` with one.
fn quarter() -> Slo {
    let mut feed = String::new();
    let mut say = |ts: Ms, system: &str, status: &str, note: &str| {
        let note = if note.is_empty() { String::new() } else { format!(",\"note\":\"{note}\"") };
        feed.push_str(&format!(
            "{{\"ts\":\"{}\",\"system\":\"{system}\",\"status\":\"{status}\"{note}}}\n",
            rfc3339(ts)
        ));
    };
    say(at("01-01T00:00:00"), "shop", "up", "");
    say(at("01-01T00:00:00"), "mail", "up", "");
    // 40 minutes in July, two hours over the end of August, ten minutes in September.
    say(at("07-10T10:00:00"), "shop", "down", "bad release");
    say(at("07-10T10:20:00"), "shop", "degraded", "rolling back");
    say(at("07-10T10:40:00"), "shop", "up", "all good");
    say(at("08-31T23:00:00"), "shop", "down", "");
    say(at("09-01T01:00:00"), "shop", "up", "");
    say(at("09-20T12:00:00"), "mail", "down", "queue is full");
    say(at("09-20T12:10:00"), "mail", "up", "");
    // Planned and excused.
    say(at("09-25T02:00:00"), "mail", "down", "upgrade");
    say(at("09-25T02:30:00"), "mail", "up", "");
    let objective = |name: &str, system: &str, team: &str, rest: &str| {
        format!(
            "apiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: {name}, labels: {{ team: {team} }} }}\n\
             spec: {{ systemRef: {{ kind: System, name: {system} }}, target: 99.9, windowDays: 7{rest} }}\n---\n"
        )
    };
    let window = "apiVersion: slo/v1\nkind: MaintenanceWindow\nmetadata: { name: mail-upgrade }\n\
        spec: { systemRefs: [{ kind: System, name: mail }], start: 2026-09-25T02:00:00Z, end: 2026-09-25T03:00:00Z }\n";
    let manifests = [
        objective("shop", "shop", "web", ""),
        objective("shop-hard", "shop", "web", ", countsAsDown: [unhealthy]"),
        objective("mail", "mail", "ops", ", excludeMaintenanceWindows: true"),
        window.to_owned(),
    ];
    Slo::with(&feed, &manifests.concat())
}

const LATER: [&str; 2] = ["--as-of", "2026-11-26T12:00:00Z"];

fn report(slo: &Slo, period: &str, more: &[&str]) -> Value {
    parsed(slo, &[&["report", "--period", period][..], &LATER, more].concat())
}

#[test]
fn a_quarter_in_numbers() {
    let slo = quarter();
    let answer = report(&slo, "2026-Q3", &["--by", "label:team"]);
    assert_eq!((&answer["period"], &answer["previousPeriod"]), (&json!("2026-Q3"), &json!("2026-Q2")));
    assert_eq!(answer["complete"], json!(true));
    // 99.9% of 92 days allows 132.48 minutes: the shop was down for 160, 140 of them unhealthy.
    let shop = named(&answer["objectives"], "shop");
    assert_eq!((&shop["result"], &shop["errorBudgetConsumedMinutes"]), (&json!("missed"), &json!(160.0)));
    assert_eq!(shop["errorBudgetTotalMinutes"], json!(132.48));
    let hard = named(&answer["objectives"], "shop-hard");
    assert_eq!((&hard["result"], &hard["errorBudgetConsumedMinutes"]), (&json!("missed"), &json!(140.0)));
    // Two outages of 40 and 120 minutes: a mean of 80 minutes to recover; 92 days minus 160 minutes of service between
    // two.
    assert_eq!((&shop["outages"], &shop["longestSeconds"]), (&json!(2), &json!(7200)));
    assert_eq!((&shop["mttrSeconds"], &shop["mtbfSeconds"]), (&json!(4800), &json!((92 * 1440 - 160) * 60 / 2)));
    let mail = named(&answer["objectives"], "mail");
    assert_eq!((&mail["result"], &mail["outages"], &mail["excludedMinutes"]), (&json!("met"), &json!(1), &json!(30.0)));
    // The team's outages count once, although both of its objectives had them.
    let groups: BTreeMap<&str, &Value> =
        answer["groups"].as_array().unwrap().iter().map(|group| (group["group"].as_str().unwrap(), group)).collect();
    let web = groups["web"];
    assert_eq!((&web["objectives"], &web["missed"], &web["outages"]), (&json!(2), &json!(2), &json!(2)));
    assert_eq!((&web["downtimeMinutes"], &web["errorBudgetConsumedMinutes"]), (&json!(160.0), &json!(300.0)));
    assert_eq!((&answer["total"]["outages"], &answer["total"]["met"]), (&json!(3), &json!(1)));
    assert_eq!(web["previous"]["outages"], json!(0));
    // Outages have their details.
    let rows = answer["outages"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0]["note"], json!("rolling back"));
    assert_eq!(rows[0]["objectiveIds"], json!(["shop", "shop-hard"]));
    assert_eq!((&rows[3]["planned"], &rows[3]["maintenance"]), (&json!(true), &json!(["mail-upgrade"])));
    assert_eq!((&rows[3]["counted"], &rows[3]["excludedSeconds"]), (&json!(false), &json!(1800)));
    assert_eq!(answer["days"].as_array().unwrap().len(), 92);
}

#[test]
fn an_outage_over_the_border_counts_once_by_its_start() {
    let slo = quarter();
    let row = |period: &str| named(&report(&slo, period, &[])["objectives"], "shop").clone();
    let [july, august, september, quarter] = ["2026-07", "2026-08", "2026-09", "2026-Q3"].map(row);
    for field in ["outages", "errorBudgetConsumedMinutes", "downtimeMinutes", "errorBudgetTotalMinutes"] {
        let number = |row: &Value| row[field].as_f64().unwrap();
        let parts = number(&july) + number(&august) + number(&september);
        assert!((parts - number(&quarter)).abs() < 1e-9, "{field}");
    }
    // One of the two hours is in August, and that is where the outage counts, with its full length.
    assert_eq!((&august["outages"], &august["downtimeMinutes"]), (&json!(1), &json!(60.0)));
    assert_eq!((&august["longestSeconds"], &august["mttrSeconds"]), (&json!(7200), &json!(7200)));
    assert_eq!((&september["outages"], &september["downtimeMinutes"]), (&json!(0), &json!(60.0)));
    // August closed during the outage: as the objective was then.
    let status = parsed(&slo, &[&["status", "shop", "--period", "2026-08"][..], &LATER].concat());
    let august = &status["objectives"][0];
    assert_eq!((&august["hasOpenDowntime"], &august["downSince"]), (&json!(true), &json!("2026-08-31T23:00:00.000Z")));
    // 99.9% of 31 days allows 44.64 minutes.
    assert_eq!((&august["state"], &august["errorBudgetTotalMinutes"]), (&json!("breaching"), &json!(44.64)));
    // In Berlin, the month ended an hour or two earlier.
    let berlin =
        parsed(&slo, &[&["status", "shop", "--period", "2026-08", "--timezone", "Europe/Berlin"][..], &LATER].concat());
    assert_eq!(berlin["objectives"][0]["errorBudgetConsumedMinutes"], json!(0.0));
    let env = slo.run_where(
        &[("SLO_TZ", "Europe/Berlin")],
        &[&["status", "shop", "--period", "2026-08", "-o", "json"][..], &LATER].concat(),
        b"",
    );
    assert_eq!(serde_json::from_str::<Value>(&env.stdout).unwrap(), berlin);
}

#[test]
fn a_schedule_keeps_its_own_zone_whatever_zone_is_asked_for() {
    // Down from 08:00 to 10:00 in Berlin, on a Monday in summer time; office hours begin at 09:00 there.
    let feed = "{\"ts\":\"2026-09-01T00:00:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n\
                {\"ts\":\"2026-09-07T06:00:00Z\",\"system\":\"shop\",\"status\":\"down\"}\n\
                {\"ts\":\"2026-09-07T08:00:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n";
    let manifest = "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: shop }\n\
        spec: { systemRef: { kind: System, name: shop }, target: 99, windowDays: 7, timezone: Europe/Berlin, \
        schedule: [{ weekday: [Mon, Tue, Wed, Thu, Fri], after: \"09:00\", before: \"17:00\" }] }\n";
    let slo = Slo::with(feed, manifest);
    for zone in ["Europe/Berlin", "UTC", "Asia/Tokyo"] {
        let row = &report(&slo, "2026-W37", &["--timezone", zone])["objectives"][0].clone();
        assert_eq!(row["errorBudgetConsumedMinutes"], json!(60.0), "{zone}");
        // Five days of eight hours at 99%.
        assert_eq!(row["errorBudgetTotalMinutes"], json!(24.0), "{zone}");
    }
}

#[test]
fn downtime_of_a_period_is_what_lies_in_it() {
    let slo = quarter();
    let ask = |more: &[&str]| parsed(&slo, &[&["downtime", "--period", "2026-09"][..], &LATER, more].concat());
    let answer = ask(&[]);
    // Both objectives of the shop until one o'clock, and mail.
    assert_eq!(answer["events"].as_array().unwrap().len(), 3);
    let expected = json!({
        "count": 3, "outages": 1, "open": 0, "totalSeconds": 4200, "longestSeconds": 600, "mttrSeconds": 600,
    });
    assert_eq!(answer["totals"], expected);
    let by = ask(&["--by", "label:team"]);
    assert_eq!((&by["groups"][0]["key"], &by["groups"][0]["totalSeconds"]), (&json!("ops"), &json!(600)));
    assert_eq!((&by["groups"][1]["key"], &by["groups"][1]["totalSeconds"]), (&json!("web"), &json!(3600)));
    let csv =
        slo.pass(&[&["downtime", "--period", "2026-09", "--by", "system", "-o", "csv"][..], &LATER].concat(), b"");
    assert_eq!(
        csv,
        "key,count,outages,open,totalSeconds,longestSeconds,mttrSeconds\nmail,1,1,0,600,600,600\nshop,2,0,0,3600,,\n"
    );
    // The last two outages, no matter how long ago.
    let last = parsed(&slo, &[&["downtime", "shop", "--last", "1"][..], &LATER].concat());
    assert_eq!(last["events"][0]["startTime"], json!("2026-08-31T23:00:00.000Z"));
    assert_eq!(last["events"].as_array().unwrap().len(), 1);
}

#[test]
fn several_systems_are_selected_by_naming_each() {
    let slo = quarter();
    let names = |args: &[&str]| {
        let rows = parsed(&slo, &[&["status"][..], args, &LATER].concat())["objectives"].clone();
        let mut names: Vec<String> =
            rows.as_array().unwrap().iter().map(|row| row["objectiveId"].as_str().unwrap().to_owned()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(&["--system", "mail"]), ["mail"]);
    assert_eq!(names(&["--system", "mail", "--system", "shop"]), ["mail", "shop", "shop-hard"]);
    assert_eq!(names(&["--system", "mail", "--system", "shop", "-l", "team=web"]), ["shop", "shop-hard"]);
    let output = slo.run(&[&["status", "--system", "mail", "--system", "shpo"][..], &LATER].concat(), b"");
    assert!(output.code == 2 && output.stderr.contains("there is no system \"shpo\""), "{}", output.stderr);
}

#[test]
fn totals_count_an_outage_once_however_many_objectives_see_it() {
    let slo = quarter();
    let answer = parsed(&slo, &[&["downtime", "--since", "2026-01-01"][..], &LATER].concat());
    // 40 and 120 minutes of the shop and ten of mail; five events.
    let totals = &answer["totals"];
    assert_eq!(
        (&totals["count"], &totals["outages"], &totals["totalSeconds"]),
        (&json!(5), &json!(3), &json!(170 * 60))
    );
    assert_eq!(totals["mttrSeconds"], json!(170 * 60 / 3));
}

#[test]
fn periods_that_are_none_are_refused_with_a_remedy() {
    let slo = quarter();
    for (args, said) in [
        (&["status", "--period", "2026-13"][..], "error: invalid period \"2026-13\"\nhelp: expected 2026-10"),
        (&["status", "--period", "1999-12"], "a period must lie within 2000–2261"),
        (&["status", "--period", "2027"], "period 2027 has not begun; it begins 2027-01-01 00:00 UTC"),
        (&["downtime", "--period", "2026-12"], "period 2026-12 has not begun; it begins 2026-12-01 00:00 UTC"),
        (&["badge", "shop", "--period", "2026-W53"], "2026-W53 has not begun"),
        (&["report", "--period", "2026-08-15..2026-08-01"], "help: write --period 2026-08-01..2026-08-15"),
        (&["report", "--period", "2026-08", "--timezone", "Mars"], "unknown time zone \"Mars\" in --timezone"),
        (&["report", "--period", "2026-08", "--timezone", "Europe/Belin"], "did you mean Europe/Berlin?"),
        (&["report"], "help: give --period PERIOD or --html FILE"),
        (&["report", "--html", "-", "-o", "json"], "add --period to report a period"),
        (&["report", "--period", "2026-08", "nobody"], "there is no objective \"nobody\""),
        (&["downtime", "--period", "2026-08", "--since", "7d"], "cannot be used with"),
    ] {
        let output = slo.run(&[args, &LATER].concat(), b"");
        assert!(output.code == 2 && output.stderr.contains(said), "{args:?}: {}", output.stderr);
    }
    // The current date depends on the given zone: 23:30 in London is the next month in Berlin.
    let named = |zone: &str| {
        let args = ["status", "--period", "this-month", "--timezone", zone, "--as-of", "2026-10-31T23:30:00Z"];
        parsed(&slo, &args)["objectives"][0]["window"]["start"].clone()
    };
    assert_eq!(named("Europe/London"), json!("2026-09-30T23:00:00.000Z"));
    assert_eq!(named("Europe/Berlin"), json!("2026-10-31T23:00:00.000Z"));
}

/// 00:30 of 1 July in Berlin, and the evening of 31 May in New York.
#[test]
fn a_named_period_is_that_of_the_objectives_own_dates() {
    for (zone, as_of, named, start) in [
        ("Europe/Berlin", "2026-06-30T22:30:00Z", "this-month", "2026-06-30T22:00:00.000Z"),
        ("Europe/Berlin", "2026-06-30T22:30:00Z", "last-month", "2026-05-31T22:00:00.000Z"),
        ("America/New_York", "2026-06-01T02:00:00Z", "today", "2026-05-31T04:00:00.000Z"),
        ("America/New_York", "2026-06-01T02:00:00Z", "this-month", "2026-05-01T04:00:00.000Z"),
        ("America/New_York", "2026-06-01T02:00:00Z", "yesterday", "2026-05-30T04:00:00.000Z"),
        ("UTC", "2026-06-01T02:00:00Z", "this-month", "2026-06-01T00:00:00.000Z"),
    ] {
        let objective = format!(
            "apiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: shop }}\n\
             spec: {{ systemRef: {{ kind: System, name: shop }}, target: 99.9, windowDays: 7, timezone: {zone} }}\n"
        );
        let slo = Slo::with("{\"ts\":\"2026-01-01T00:00:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n", &objective);
        let printed = parsed(&slo, &["status", "--period", named, "--as-of", as_of]);
        assert_eq!(printed["objectives"][0]["window"]["start"], json!(start), "{named} in {zone}");
    }
}

/// 99.9% of a week allows 10.08 minutes; 10.1 were spent, and the week is not over.
#[test]
fn what_is_overspent_never_reads_as_just_spent_and_a_running_period_is_not_met() {
    let line = |time: &str, status: &str| {
        format!("{{\"ts\":\"2026-11-{time}Z\",\"system\":\"shop\",\"status\":\"{status}\"}}\n")
    };
    let feed = [line("01T00:00:00", "up"), line("17T10:00:00", "down"), line("17T10:10:06", "up")].concat();
    let objective = |name: &str, target: &str| {
        format!(
            "apiVersion: slo/v1\nkind: SLO\nmetadata: {{ name: {name} }}\nspec: {{ systemRef: {{ kind: System, name: shop }}, \
             target: {target}, windowDays: 7 }}\n---\n"
        )
    };
    let slo = Slo::with(&feed, &(objective("hard", "99.9") + &objective("easy", "99")));
    let ask = |period: &str| slo.pass(&["report", "--period", period, "--as-of", "2026-11-20T12:00:00Z"], b"");
    let running = ask("2026-W47");
    let row = |text: &str, name: &str| -> String {
        let words = text.lines().find(|line| line.contains(&format!(" {name} "))).unwrap().split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    };
    assert!(
        row(&running, "hard").starts_with("✖ missed hard 99.9 99.84") && row(&running, "hard").contains(" 100.1% "),
        "{running}"
    );
    assert!(row(&running, "easy").starts_with("✔ on track easy") && running.contains("ON TRACK"), "{running}");
    let over = slo.pass(&["report", "--period", "2026-W47", "--as-of", "2026-11-24"], b"");
    assert!(row(&over, "easy").starts_with("✔ met easy") && !over.contains("ON TRACK"), "{over}");
}
