//! Owns reading the statuses that count as down, and their weights.

use super::spec::WEIGHTS;
use crate::domain::account::weights::{FULL, Weights, default_counts_as_down};
use crate::domain::health::transition::Status;
use crate::domain::value::decimal::{Decimal, DecimalError, SCALE};
use crate::domain::value::wording::quote;
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::Report;
use crate::manifest::yaml::tree::{Entry, Node, Value};

pub(super) fn read(fields: &Fields<'_>, report: &mut Report) -> Weights {
    let Some(field) = fields.get("countsAsDown") else { return default_counts_as_down() };
    match &field.node.value {
        Value::Map(entries) => {
            let (healthy, others): (Vec<&Entry>, Vec<&Entry>) =
                entries.iter().partition(|entry| entry.key == Status::Healthy.as_str());
            let Some(healthy) = healthy.first() else { return read_weights(&field, report) };
            let message = "spec.countsAsDown contains healthy: time without trouble cannot count as down";
            report.error(healthy.key_at, message, "remove it");
            if !others.is_empty() {
                let value = Value::Map(others.into_iter().cloned().collect());
                let node = Node { at: field.at, value };
                read_weights(&Field { path: field.path.clone(), at: field.at, node: &node }, report);
            }
            Weights::default()
        }
        _ => read_list(&field, report),
    }
}

fn read_list(field: &Field<'_>, report: &mut Report) -> Weights {
    let words = Status::ALL.map(|status| (status.as_str(), status));
    let mut weights = Weights::default();
    let items = field.items(report);
    for item in &items {
        let Some(status) = read_status(item, &words, report) else { continue };
        if status == Status::Healthy {
            let message = "spec.countsAsDown contains healthy: time without trouble cannot count as down";
            report.error(item.at, message, "remove it");
        } else if weights.contains(status) {
            report.error(item.at, format!("spec.countsAsDown lists {status} twice"), "remove one of them");
        }
        weights = weights.with(status, FULL);
    }
    if items.is_empty() && matches!(field.node.value, Value::List(_)) {
        let message = "spec.countsAsDown is empty, so nothing would ever count as down";
        report.error(field.at, message, "list degraded, unhealthy or unknown, or remove the field");
    }
    weights
}

fn read_weights(field: &Field<'_>, report: &mut Report) -> Weights {
    let Some(fields) = Fields::of(field, &WEIGHTS, report) else { return Weights::default() };
    let mut weights = Weights::default();
    let mut is_empty = true;
    for status in [Status::Degraded, Status::Unhealthy, Status::Unknown] {
        let Some(field) = fields.get(status.as_str()) else { continue };
        is_empty = false;
        if let Some(weight) = read_weight(&field, report) {
            weights = weights.with(status, weight);
        }
    }
    if is_empty && WEIGHTS.names().all(|name| !fields.has_misspelled(name)) {
        let message = "spec.countsAsDown is empty, so nothing would ever count as down";
        report.error(field.at, message, "write weights such as { degraded: 0.5, unhealthy: 1 }, or remove the field");
    }
    weights
}

/// A weight above 0 and at most 1, in thousandths.
fn read_weight(field: &Field<'_>, report: &mut Report) -> Option<i64> {
    let shape = "a weight above 0 and at most 1";
    let Value::Scalar { text, plain: true } = &field.node.value else {
        field.expected(shape, "write a number such as 0.5", report);
        return None;
    };
    let unit = SCALE / FULL;
    match Decimal::parse(text).map(Decimal::millionths) {
        Ok(millionths @ 1..=SCALE) if millionths % unit == 0 => Some(millionths / unit),
        Ok(1..=SCALE) | Err(DecimalError::TooFine) => {
            report.error(
                field.at,
                format!("{} {text} has more than 3 decimals", field.path),
                "weights are exact to a thousandth",
            );
            None
        }
        Ok(0) => {
            report.error(field.at, format!("{} is 0, which never counts", field.path), "remove it");
            None
        }
        Ok(percent) if percent <= 100 * SCALE => {
            let meant = Decimal::from_millionths(percent / 100);
            field.expected(shape, &format!("{text}% is {meant}"), report);
            None
        }
        _ => {
            field.expected(shape, "write a number such as 0.5", report);
            None
        }
    }
}

/// A status by its own name; for words of feeds, suggests the one probably meant.
fn read_status(item: &Field<'_>, words: &[(&'static str, Status)], report: &mut Report) -> Option<Status> {
    let text = item.text(report)?;
    if let Some(meant) = Status::parse(text.as_bytes()).filter(|meant| meant.as_str() != text) {
        let message = format!("{} {} is not a status", item.path, quote(text));
        report.error(item.at, message, format!("did you mean {meant}?"));
        return None;
    }
    item.word(words, report)
}
