//! The page of `slo report`: every number on it is that of `status`, and its days and its burn-down are those of the reference's
//! downtime events.

use proptest::prelude::*;
use serde_json::Value;

use crate::harness::Slo;
use crate::reference::calendar::{DAY, Ms, instant};
use crate::reference::downtime::downtime;
use crate::reference::model::Model;
use crate::scan::{Element, difference, elements};
use crate::world::strategy::worlds;

/// Downtime of one objective that spends its budget, as `[start, end)`.
fn spending(events: &[Value], objective: &Value, as_of: Ms) -> Vec<(Ms, Ms)> {
    let strict = objective["dependencyExclusion"] == "strict";
    events
        .iter()
        .filter(|event| event["objectiveId"] == objective["objectiveId"])
        .filter(|event| strict || event["attributionType"] == "self")
        .map(|event| (instant(event["startTime"].as_str().unwrap()), event["endTime"].as_str().map_or(as_of, instant)))
        .collect()
}

/// How much of some stretches lies within `[from, to)`.
fn within(stretches: &[(Ms, Ms)], from: Ms, to: Ms) -> Ms {
    stretches.iter().map(|(start, end)| ((*end).min(to) - (*start).max(from)).max(0)).sum()
}

/// The days in the chapter of an objective.
fn days<'p>(page: &'p [Element], objective: &str) -> Vec<&'p Element> {
    let chapter = page.iter().skip_while(|element| element.get("id") != Some(&format!("o-{objective}"))).skip(1);
    chapter
        .take_while(|element| element.name != "section")
        .filter(|element| element.get("data-day").is_some())
        .collect()
}

/// What was consumed in the window up to the end of the day whose row begins with `row`; `None`: the day ended before it.
fn consumed(page: &[Element], row: &Element) -> Option<Ms> {
    let after = page.iter().skip_while(|element| !std::ptr::eq(*element, row)).skip(1);
    let cell = after.take_while(|element| element.name != "tr").find_map(|element| element.get("data-consumed-ms"));
    cell.map(|text| text.parse().unwrap())
}

proptest! {
    #[test]
    fn a_page_says_what_status_and_downtime_say(world in worlds()) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let as_of = world.as_of_text();
        let page = elements(&slo.pass(&["report", "--html", "-", "--as-of", &as_of], b""));
        let objectives = slo.objectives(&as_of);
        prop_assert_eq!(difference(&page, &objectives), None);
        let events = downtime(&world);
        for objective in &objectives {
            let name = objective["objectiveId"].as_str().unwrap();
            let spent = spending(&events, objective, world.as_of);
            let window = instant(objective["window"]["start"].as_str().unwrap());
            let rows = days(&page, name);
            // The day of the system's first transition is told as soon as a moment of it has passed.
            let begun = Model::new(&world, world.as_of).first_transition(objective["systemId"].as_str().unwrap());
            let zone = world.objectives.iter().find(|declared| declared.name == name).unwrap().zone();
            let begun = begun.is_some_and(|first| zone.start_of(zone.date(first)) < world.as_of);
            prop_assert_eq!(!rows.is_empty(), begun, "{}", name);
            for (index, row) in rows.iter().enumerate() {
                let date = instant(&format!("{}T00:00:00.000Z", row.get("data-day").unwrap())) / DAY;
                let (start, end) = (zone.start_of(date), zone.start_of(date + 1).min(world.as_of));
                let down: Ms = row.get("data-down-ms").unwrap().parse().unwrap();
                prop_assert_eq!(down, within(&spent, start, end), "{} on {:?}", name, row);
                let expected = (window < end).then(|| within(&spent, window, end));
                prop_assert_eq!(consumed(&page, row), expected, "{} on {:?}", name, row);
                // The latest day is the first row, and the burn-down ends where status is.
                if index == 0 && end == world.as_of && window < end {
                    let minutes = objective["errorBudgetConsumedMinutes"].as_f64().unwrap();
                    prop_assert_eq!(within(&spent, window, end), (minutes * 60_000.0).round() as Ms);
                }
            }
        }
    }
}
