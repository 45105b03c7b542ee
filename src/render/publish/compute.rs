//! Owns how changes look: a line of JSON each for programs, a row each for people.

use anyhow::Result;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::domain::rules::change::{Change, ChangeKind, Logged, Seen, View};
use crate::domain::value::instant::Instant;
use crate::render::form::number::counted;
use crate::render::{Cell, Document, Sheet, Tone};

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct WireChange<'a> {
    sequence: i64,
    kind: &'static str,
    id: &'a str,
    occurred_at: String,
    previous: Option<WireView<'a>>,
    next: Option<WireView<'a>>,
    changed_fields: Vec<&'a str>,
    view: Option<Value>,
}

struct WireView<'a>(&'a View);

impl Serialize for WireView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.0.len()))?;
        for (name, seen) in &self.0.0 {
            match seen {
                Seen::Flag(flag) => map.serialize_entry(name, flag)?,
                Seen::Text(text) => map.serialize_entry(name, text)?,
            }
        }
        map.end()
    }
}

fn wire(logged: &Logged) -> WireChange<'_> {
    let change = &logged.change;
    WireChange {
        sequence: logged.sequence,
        kind: change.kind.as_str(),
        id: &change.id,
        occurred_at: change.occurred_at.to_string(),
        previous: change.previous.as_ref().map(WireView),
        next: change.next.as_ref().map(WireView),
        changed_fields: change.changed_fields(),
        view: logged.whole.as_deref().and_then(|whole| serde_json::from_str(whole).ok()),
    }
}

/// One change as a line of JSON.
pub(crate) fn line(logged: &Logged) -> Result<String> {
    Ok(serde_json::to_string(&wire(logged))? + "\n")
}

/// Changes for programs that do not read lines of JSON. `each_change` passes one after the other: there may be
/// millions.
pub(crate) fn document<F>(each_change: F, as_of: Instant) -> Document
where
    F: FnOnce(&mut dyn FnMut(&Logged) -> Result<()>) -> Result<()> + 'static,
{
    Document::passing_list(as_of, "changes", true, move |hand| each_change(&mut |logged| hand(&wire(logged))))
}

/// Changes for people, in order: the last ones, after the number of those not shown, and the number of each kind.
pub(crate) fn sheet(changes: &[Logged], counts: &[(ChangeKind, usize)]) -> Sheet {
    let mut sheet = Sheet::new().left("AT").left("KIND").left("NAME").names().left("CHANGE").texts();
    for Logged { change, .. } in changes {
        sheet.push(vec![
            Cell::at(change.occurred_at),
            Cell::plain(change.kind.as_str()),
            Cell::toned(change.id.as_str(), Tone::Strong),
            Cell::toned(in_words(change), tone(change)),
        ]);
    }
    let told = counts.iter().filter(|(_, count)| *count > 0).map(|(kind, count)| counted(*count, kind.as_str()));
    sheet.footer.push(format!("changed: {}", told.collect::<Vec<_>>().join(", ")));
    let all: usize = counts.iter().map(|(_, count)| count).sum();
    let hidden = all - changes.len();
    if hidden > 0 {
        sheet.footer.push(format!("{} not shown; -o json prints all", counted(hidden, "earlier change")));
    }
    sheet
}

/// `healthy → breaching; budget ok → exhausted`; for a new or deleted subject, its first field.
fn in_words(change: &Change) -> String {
    let first = |view: &View| view.0.first().map_or_else(String::new, |(_, seen)| seen.to_string());
    match (&change.previous, &change.next) {
        (None, Some(_)) if change.kind == ChangeKind::Achievement => "unlocked".to_owned(),
        (Some(_), None) if change.kind == ChangeKind::Achievement => "not unlocked after all".to_owned(),
        (_, Some(next)) if change.kind == ChangeKind::Condition => turned(change, next),
        (Some(_), None) if change.kind == ChangeKind::Condition => "gone".to_owned(),
        (None, Some(next)) => format!("new: {}", first(next)),
        (Some(previous), None) => format!("gone: was {}", first(previous)),
        (previous, next) => {
            let fields = change.changed_fields();
            let parts = fields.iter().filter_map(|name| part(name, [previous.as_ref()?, next.as_ref()?]));
            parts.collect::<Vec<_>>().join("; ")
        }
    }
}

/// One changed field of an objective or a system; `None` if a change of its state says the same.
fn part(name: &str, views: [&View; 2]) -> Option<String> {
    let shown = |name: &str| views.map(|view| view.get(name).map_or("none".to_owned(), ToString::to_string));
    let [before, after] = shown(name);
    let [was, is] = shown("state");
    let state_says = |state: &str| was != is && [&*was, &*is].contains(&state);
    let turned = |on: &str, off: &str| if after == "true" { on.to_owned() } else { off.to_owned() };
    match name {
        "state" | "status" => Some(format!("{before} → {after}")),
        "budgetTier" => Some(format!("budget {before} → {after}")),
        "isBreaching" => (!state_says("breaching")).then(|| turned("breaching", "no longer breaching")),
        "hasOpenDowntime" => (!state_says("down")).then(|| turned("down", "downtime over")),
        "fastBurn" => Some(turned("fast burn", "fast burn over")),
        other => Some(format!("{other} {before} → {after}")),
    }
}

/// `firing`, `no longer firing`; if late facts changed an earlier report, since when.
fn turned(change: &Change, next: &View) -> String {
    let firing = next.get("firing") == Some(&Seen::Flag(true));
    let since = next.get("since").map(ToString::to_string);
    let corrected = since.as_deref() != Some(change.occurred_at.to_string().as_str());
    match (corrected, firing) {
        (false, true) => "firing".to_owned(),
        (false, false) => "no longer firing".to_owned(),
        (true, true) => format!("corrected: firing since {}", since.unwrap_or_default()),
        (true, false) => match since {
            Some(since) => format!("corrected: not firing since {since}"),
            None => "corrected: never fired".to_owned(),
        },
    }
}

/// How bad the current view is.
fn tone(change: &Change) -> Tone {
    let Some(next) = &change.next else { return Tone::Faint };
    if change.kind == ChangeKind::Condition {
        return if next.get("firing") == Some(&Seen::Flag(true)) { Tone::Warning } else { Tone::Good };
    }
    let seen = next.get("state").or_else(|| next.get("status")).map(ToString::to_string);
    match seen.as_deref() {
        Some("breaching" | "unhealthy") => Tone::Bad,
        Some("down" | "degraded" | "at-risk") => Tone::Warning,
        Some("no-data" | "unknown") => Tone::Faint,
        _ => Tone::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::budget::balance::{BudgetTier, State};
    use crate::domain::health::transition::Status;
    use crate::domain::rules::change::Look;

    fn objective(state: State, tier: BudgetTier, has_open_downtime: bool, fast_burn: bool) -> Look {
        Look::Objective { state, tier, is_breaching: state == State::Breaching, has_open_downtime, fast_burn }
    }

    #[test]
    fn changes_read_without_names_of_fields() {
        let well = objective(State::Healthy, BudgetTier::Ok, false, false);
        let down = objective(State::Down, BudgetTier::Warning, true, true);
        let over = objective(State::Breaching, BudgetTier::Exhausted, true, true);
        let up = objective(State::Breaching, BudgetTier::Exhausted, false, false);
        for (before, after, words) in [
            (well, down, "healthy → down; budget ok → warning; fast burn"),
            (down, well, "down → healthy; budget warning → ok; fast burn over"),
            (down, over, "down → breaching; budget warning → exhausted"),
            (over, up, "downtime over; fast burn over"),
            (up, over, "down; fast burn"),
            (over, well, "breaching → healthy; budget exhausted → ok; downtime over; fast burn over"),
            (Look::System(Status::Healthy), Look::System(Status::Unhealthy), "healthy → unhealthy"),
        ] {
            let views = [before, after].map(|look| Some(look.view("a")));
            let [previous, next] = views;
            let change = Change::between(ChangeKind::Objective, "a", Instant::from_millis(0), previous, next);
            assert_eq!(change.as_ref().map(in_words).as_deref(), Some(words));
        }
    }
}
