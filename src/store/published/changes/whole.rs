//! Owns the full view that a logged change has in addition to the changed fields: its owner, and its state as of the
//! computation.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use anyhow::Result;
use rusqlite::OptionalExtension as _;
use rusqlite::types::ValueRef;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::domain::plan::object::{Kind, Object};
use crate::domain::rules::change::{Change, ChangeKind};
use crate::domain::rules::condition::Subject;
use crate::domain::rules::turn::Pair;
use crate::domain::value::label::Labels;
use crate::domain::value::name::Name;
use crate::store::database::open::Store;

/// The most subjects of conditions in memory.
const MOST_KNOWN: usize = 4096;

/// What is told of an objective: columns of `objective_status` and `streak`, in this order.
const TOLD: [&str; 16] = [
    "system_id",
    "labels",
    "target",
    "window_start",
    "window_end",
    "error_budget_total_minutes",
    "error_budget_consumed_minutes",
    "error_budget_remaining_minutes",
    "error_budget_overspent_minutes",
    "budget_remaining_percent",
    "current_availability",
    "down_since",
    "exhausted_at",
    "current_streak",
    "best_streak",
    "lost_streak",
];

/// An objective: its values by the names that they have in JSON, in the order of [`TOLD`].
struct WholeObjective<'w>(Vec<(&'w str, Value)>);

impl WholeObjective<'_> {
    fn take(&mut self, name: &str) -> Value {
        self.0.iter_mut().find(|(known, _)| *known == name).map_or(Value::Null, |(_, value)| value.take())
    }
}

impl Serialize for WholeObjective<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (*name, value)))
    }
}

/// A system, or an achievement's system.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WholeSystem<'a> {
    system_id: &'a str,
    labels: BTreeMap<&'a str, &'a str>,
}

/// A condition's subject and severity; its budget is not the one at the time when it turned.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WholeTurn {
    severity: &'static str,
    system_id: Option<String>,
    labels: Value,
    target: Option<f64>,
}

/// Full views, looked up as changes are logged, after the tables are updated.
pub(super) struct Wholes<'s> {
    store: &'s Store,
    /// The names in JSON of [`TOLD`], and the query for them.
    names: [String; TOLD.len()],
    query: String,
    severities: Option<BTreeMap<Name, &'static str>>,
    turns: HashMap<String, Rc<str>>,
}

impl<'s> Wholes<'s> {
    pub(super) fn new(store: &'s Store) -> Self {
        let columns = TOLD.map(|column| if column == "system_id" { "o.system_id" } else { column }).join(", ");
        let query = format!(
            "SELECT {columns} FROM objective_status AS o JOIN streak USING (objective_id) WHERE objective_id = ?1"
        );
        Self { store, names: TOLD.map(in_json), query, severities: None, turns: HashMap::new() }
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

    fn objective(&self, name: &str) -> Result<Option<WholeObjective<'_>>> {
        let mut statement = self.store.connection.prepare_cached(&self.query)?;
        let whole = statement.query_row([name], |row| {
            let named = self.names.iter().zip(TOLD).enumerate();
            let values = named.map(|(index, (name, column))| Ok((name.as_str(), told(column, row.get_ref(index)?)?)));
            values.collect::<rusqlite::Result<_>>().map(WholeObjective)
        });
        Ok(whole.optional()?)
    }

    fn system(&self, name: &str) -> Result<String> {
        let labels = self.labels(name)?;
        Ok(serde_json::to_string(&WholeSystem { system_id: name, labels: labels.iter().collect() })?)
    }

    fn labels(&self, system: &str) -> Result<Labels> {
        let Ok(name) = Name::parse(system) else { return Ok(Labels::default()) };
        Ok(match self.store.object(Kind::System, &name)? {
            Some(Object::System(system)) => system.metadata.labels,
            _ => Labels::default(),
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
                labels: serde_json::to_value(self.labels(system.as_str())?.iter().collect::<BTreeMap<_, _>>())?,
                system_id: Some(system.to_string()),
                target: None,
            },
            _ => match self.objective(subject)? {
                Some(mut it) => WholeTurn {
                    severity,
                    system_id: it.take("systemId").as_str().map(ToOwned::to_owned),
                    labels: it.take("labels"),
                    target: it.take("target").as_f64(),
                },
                None => WholeTurn { severity, system_id: None, labels: Map::new().into(), target: None },
            },
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

/// The name in JSON of a column of the same value.
fn in_json(column: &str) -> String {
    let mut words = column.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        name += &word[..1].to_uppercase();
        name += &word[1..];
    }
    name
}

/// The value in JSON of a column.
fn told(column: &str, value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(_) if column == "labels" => serde_json::from_str(value.as_str()?).unwrap_or_default(),
        ValueRef::Text(_) => value.as_str()?.into(),
    })
}
