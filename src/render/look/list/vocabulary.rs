//! Owns the rows of lists of what conditions can use.

use serde_json::{Value, json};

use super::{List, Row};
use crate::domain::budget::balance::LOOKBACKS;
use crate::domain::budget::policy::Urgency;
use crate::domain::health::feed::Feed;
use crate::domain::rules::condition::property::Owner;
use crate::domain::rules::condition::{Property, Term};
use crate::domain::value::instant::DAY_MS;

/// The windows for which policies' factors are shown, in days.
const POLICY_DAYS: [i64; 4] = [7, 28, 30, 90];

/// The multiwindow policies, with their factors for common windows.
pub(crate) fn policies() -> List {
    let rows = Urgency::ALL.into_iter().flat_map(|urgency| urgency.rules().map(|rule| (urgency, rule)));
    let rows = rows.map(|(urgency, rule)| {
        let lookbacks = [rule.long, rule.short].map(|lookback| LOOKBACKS[lookback].0);
        let mut cells = vec![
            urgency.as_str().to_owned(),
            lookbacks[0].to_owned(),
            lookbacks[1].to_owned(),
            format!("{}%", rule.budget_percent),
        ];
        cells.extend(POLICY_DAYS.map(|days| rule.short_factor(days * DAY_MS).to_string()));
        let by_window: serde_json::Map<String, Value> =
            POLICY_DAYS.into_iter().map(|days| (format!("{days}d"), json!(rule.factor(days * DAY_MS)))).collect();
        Row {
            cells,
            value: json!({
                "policy": urgency.as_str(),
                "expression": Term::Policy(urgency).to_string(),
                "longLookback": lookbacks[0],
                "shortLookback": lookbacks[1],
                "budgetPercent": rule.budget_percent,
                "factors": by_window,
            }),
        }
    });
    let titles = &["POLICY", "LONG", "SHORT", ">BUDGET", ">AT 7d", ">AT 28d", ">AT 30d", ">AT 90d"];
    List::new("policies", titles, rows)
}

/// The feeds that are built in.
pub(crate) fn feeds(feeds: Vec<Feed>) -> List {
    let rows = feeds.into_iter().map(|feed| {
        let (name, title) = (feed.name.to_string(), feed.title.unwrap_or_default());
        let mut shapes: Vec<&str> =
            feed.kinds.iter().filter(|kind| !kind.skip).map(|kind| kind.shape.as_str()).collect();
        shapes.dedup();
        let (format, about) = (feed.format.as_str(), feed.description.unwrap_or_default());
        let value = json!({"feed": name, "of": title, "format": format, "shapes": shapes, "description": about});
        Row { cells: vec![name, title, format.to_owned(), about], value }
    });
    List::new("feeds", &["FEED", "OF", "FORMAT", "~READS"], rows)
}

/// The fields that conditions can use.
pub(crate) fn fields() -> List {
    let rows = Property::ALL.into_iter().map(|property| {
        let entry = property.entry();
        let written = match entry.owner {
            Owner::Objective => entry.name.to_owned(),
            Owner::System => format!("health.NAME.{}", entry.name),
        };
        let null_when = (!entry.null_when.is_empty()).then_some(entry.null_when);
        Row {
            cells: vec![
                written.clone(),
                entry.shape.kind().to_owned(),
                entry.shape.values(),
                null_when.unwrap_or("never").to_owned(),
                entry.meaning.to_owned(),
            ],
            value: json!({
                "field": written,
                "of": entry.owner.as_str(),
                "type": entry.shape.kind(),
                "values": entry.shape.values(),
                "nullWhen": null_when,
                "meaning": entry.meaning,
            }),
        }
    });
    List::new("fields", &["FIELD", "TYPE", "?UNIT OR VALUES", "?NULL WHEN", "~MEANING"], rows)
}
