//! Owns the full view that a logged change has in addition to the changed fields: its owner, and its state as of the
//! computation.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use anyhow::Result;
use rusqlite::OptionalExtension as _;
use serde::Serialize;

use crate::domain::plan::object::{Kind, Object};
use crate::domain::rules::change::{Change, ChangeKind};
use crate::domain::rules::condition::Subject;
use crate::domain::rules::turn::Pair;
use crate::domain::value::name::Name;
use crate::store::database::open::Store;

/// The most subjects of conditions in memory.
const MOST_KNOWN: usize = 4096;

/// An objective, as in `objective_status` and `streak`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WholeObjective {
    system_id: String,
    labels: serde_json::Value,
    target: f64,
    window_start: String,
    window_end: String,
    error_budget_total_minutes: f64,
    error_budget_consumed_minutes: f64,
    error_budget_remaining_minutes: f64,
    error_budget_overspent_minutes: f64,
    budget_remaining_percent: f64,
    current_availability: Option<f64>,
    down_since: Option<String>,
    exhausted_at: Option<String>,
    current_streak: i64,
    best_streak: i64,
    lost_streak: i64,
}

/// A system, or an achievement's system.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WholeSystem<'a> {
    system_id: &'a str,
    labels: BTreeMap<String, String>,
}

/// A condition's subject and severity; its budget is not the one at the time when it turned.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WholeTurn {
    severity: &'static str,
    system_id: Option<String>,
    labels: serde_json::Value,
    target: Option<f64>,
}

/// Full views, looked up as changes are logged, after the tables are updated.
pub(super) struct Wholes<'s> {
    store: &'s Store,
    severities: Option<BTreeMap<Name, &'static str>>,
    turns: HashMap<String, Rc<str>>,
}

impl<'s> Wholes<'s> {
    pub(super) fn new(store: &'s Store) -> Self {
        Self { store, severities: None, turns: HashMap::new() }
    }

    /// The full view of a change's subject, as JSON; `None` if it is gone.
    pub(super) fn of(&mut self, change: &Change) -> Result<Option<Rc<str>>> {
        if change.next.is_none() {
            return Ok(None);
        }
        let text = match change.kind {
            ChangeKind::Objective => {
                self.objective(&change.id)?.map(|whole| serde_json::to_string(&whole)).transpose()?
            }
            ChangeKind::System => Some(self.system(&change.id)?),
            ChangeKind::Achievement => Some(self.system(change.id.split('/').next().unwrap_or_default())?),
            ChangeKind::Condition => return self.turn(&change.id).map(Some),
        };
        Ok(text.map(Rc::from))
    }

    fn objective(&self, name: &str) -> Result<Option<WholeObjective>> {
        let sql = "SELECT o.system_id, labels, target, window_start, window_end, error_budget_total_minutes,
                          error_budget_consumed_minutes, error_budget_remaining_minutes, error_budget_overspent_minutes,
                          budget_remaining_percent, current_availability, down_since, exhausted_at, current_streak, best_streak,
                          lost_streak
                   FROM objective_status AS o JOIN streak USING (objective_id) WHERE objective_id = ?1";
        let mut statement = self.store.connection.prepare_cached(sql)?;
        let whole = statement.query_row([name], |row| {
            Ok(WholeObjective {
                system_id: row.get(0)?,
                labels: json(row.get_ref(1)?.as_str()?),
                target: row.get(2)?,
                window_start: row.get(3)?,
                window_end: row.get(4)?,
                error_budget_total_minutes: row.get(5)?,
                error_budget_consumed_minutes: row.get(6)?,
                error_budget_remaining_minutes: row.get(7)?,
                error_budget_overspent_minutes: row.get(8)?,
                budget_remaining_percent: row.get(9)?,
                current_availability: row.get(10)?,
                down_since: row.get(11)?,
                exhausted_at: row.get(12)?,
                current_streak: row.get(13)?,
                best_streak: row.get(14)?,
                lost_streak: row.get(15)?,
            })
        });
        Ok(whole.optional()?)
    }

    fn system(&self, name: &str) -> Result<String> {
        Ok(serde_json::to_string(&WholeSystem { system_id: name, labels: self.labels(name)? })?)
    }

    fn labels(&self, system: &str) -> Result<BTreeMap<String, String>> {
        let Ok(name) = Name::parse(system) else { return Ok(BTreeMap::new()) };
        Ok(match self.store.object(Kind::System, &name)? {
            Some(Object::System(system)) => system.metadata.labels,
            _ => BTreeMap::new(),
        })
    }

    /// Of a condition, which may turn millions of times.
    fn turn(&mut self, id: &str) -> Result<Rc<str>> {
        if let Some(known) = self.turns.get(id) {
            return Ok(Rc::clone(known));
        }
        let (condition, subject) = id.split_once(' ').unwrap_or((id, ""));
        let severity = self.severity(condition)?;
        let whole = match Pair::parse_subject(subject) {
            Some(Subject::System(system)) => WholeTurn {
                severity,
                labels: serde_json::to_value(self.labels(system.as_str())?)?,
                system_id: Some(system.to_string()),
                target: None,
            },
            _ => {
                let found = self.objective(subject)?;
                let (system_id, labels, target) =
                    found.map_or((None, json("{}"), None), |it| (Some(it.system_id), it.labels, Some(it.target)));
                WholeTurn { severity, system_id, labels, target }
            }
        };
        let text: Rc<str> = serde_json::to_string(&whole)?.into();
        if self.turns.len() >= MOST_KNOWN {
            self.turns.clear();
        }
        self.turns.insert(id.to_owned(), Rc::clone(&text));
        Ok(text)
    }

    fn severity(&mut self, condition: &str) -> Result<&'static str> {
        if self.severities.is_none() {
            let all = self.store.conditions()?.into_iter();
            self.severities = Some(all.map(|it| (it.metadata.name, it.severity.as_str())).collect());
        }
        let known = self.severities.iter().flatten().find(|(name, _)| name.as_str() == condition);
        Ok(known.map_or("critical", |(_, severity)| severity))
    }
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_default()
}
