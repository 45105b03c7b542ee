//! The page of `slo report`: every number on it matches `status`, and its days and its burn-down match the reference.

use proptest::prelude::*;

use crate::harness::Slo;
use crate::reference::calendar::{DAY, instant};
use crate::reference::history::History;
use crate::reference::model::Model;
use crate::scan::{Element, difference, elements};
use crate::world::strategy::worlds;

/// The days in the chapter of an objective.
fn days<'p>(page: &'p [Element], objective: &str) -> Vec<&'p Element> {
    let chapter = page.iter().skip_while(|element| element.get("id") != Some(&format!("o-{objective}"))).skip(1);
    chapter
        .take_while(|element| element.name != "section")
        .filter(|element| element.get("data-day").is_some())
        .collect()
}

/// Microseconds, from a page's milliseconds.
fn micros(text: &str) -> i128 {
    (text.parse::<f64>().unwrap() * 1000.0).round() as i128
}

/// The consumption in the window up to the end of the day whose row begins with `row`, in microseconds; `None`: the day
/// ended before it.
fn consumed(page: &[Element], row: &Element) -> Option<i128> {
    let after = page.iter().skip_while(|element| !std::ptr::eq(*element, row)).skip(1);
    let cell = after.take_while(|element| element.name != "tr").find_map(|element| element.get("data-consumed-ms"));
    cell.map(micros)
}

proptest! {
    #[test]
    fn a_page_says_what_status_and_downtime_say(world in worlds()) {
        let slo = Slo::with(&world.feed(), &world.manifests());
        let as_of = world.as_of_text();
        let page = elements(&slo.pass(&["report", "--html", "-", "--as-of", &as_of], b""));
        let objectives = slo.objectives(&as_of);
        prop_assert_eq!(difference(&page, &objectives), None);
        let model = Model::new(&world, world.as_of);
        for objective in &objectives {
            let name = objective["objectiveId"].as_str().unwrap();
            let declared = world.objectives.iter().find(|declared| declared.name == name).unwrap();
            let history = History::new(&model, declared);
            let window = instant(objective["window"]["start"].as_str().unwrap());
            let rows = days(&page, name);
            // The day of the system's first transition is shown as soon as an instant of it has passed.
            let (begun, zone) = (history.first, declared.zone());
            let begun = begun.is_some_and(|first| zone.start_of(zone.date(first)) < world.as_of);
            prop_assert_eq!(!rows.is_empty(), begun, "{}", name);
            for (index, row) in rows.iter().enumerate() {
                let date = instant(&format!("{}T00:00:00.000Z", row.get("data-day").unwrap())) / DAY;
                let (start, end) = (zone.start_of(date), zone.start_of(date + 1).min(world.as_of));
                // The content of a day is as of now, the consumption up to its end is as of that end.
                let held = history.totals_as_of(start, end, world.as_of).consumed;
                prop_assert_eq!(micros(row.get("data-down-ms").unwrap()), held, "{} on {:?}", name, row);
                let expected = (window < end).then(|| history.totals(window, end).consumed);
                prop_assert_eq!(consumed(&page, row), expected, "{} on {:?}", name, row);
                // The latest day is the first row, and the burn-down ends at the current status.
                if index == 0 && end == world.as_of && window < end {
                    let minutes = objective["errorBudgetConsumedMinutes"].as_f64().unwrap();
                    prop_assert_eq!(expected, Some((minutes * 60_000_000.0).round() as i128));
                }
            }
        }
    }
}

#[test]
fn an_objective_has_its_title_and_name_in_the_table_and_above_its_days() {
    let slo = Slo::with(
        "{\"ts\":\"2026-09-01T00:00:00Z\",\"system\":\"shop\",\"status\":\"up\"}\n",
        "apiVersion: slo/v1\nkind: SLO\nmetadata: { name: pay, title: Customers can pay }\n\
         spec: { systemRef: { kind: System, name: shop }, target: 99.9, windowDays: 30 }\n---\n\
         apiVersion: slo/v1\nkind: SLO\nmetadata: { name: plain }\n\
         spec: { systemRef: { kind: System, name: shop }, target: 99, windowDays: 30 }\n",
    );
    let args = ["report", "--period", "2026-10", "-o", "html", "--as-of", "2026-11-20T12:00:00Z"];
    let page = slo.pass(&args, b"");
    let heading = "<span dir=\"auto\">Customers can pay</span> <small>pay</small></";
    for end in ["th>", "h3>"] {
        assert_eq!(page.matches(&format!("{heading}{end}")).count(), 1, "{end}");
    }
    assert!(page.contains("<h3>plain</h3>"));
}
