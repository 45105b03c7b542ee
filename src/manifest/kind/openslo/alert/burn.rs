//! Owns reading what an alert policy alerts on: a comparison of a burn rate, and its severity.

use serde_json::json;

use super::shapes::{BURN_RATE, CONDITION};
use crate::domain::budget::balance::LOOKBACKS;
use crate::domain::value::decimal::Decimal;
use crate::manifest::kind::openslo::metadata::as_json;
use crate::manifest::kind::openslo::window::Shorthand;
use crate::manifest::kind::openslo::{Reported, description, plain, text};
use crate::manifest::mapping::fields::{Field, Fields};
use crate::manifest::problem::{Position, Report};
use crate::manifest::wording::quote;
use crate::manifest::yaml::tree::{Node, Value};

/// Common names for the severities of conditions.
const SEVERITIES: [(&str, &[&str]); 3] = [
    ("critical", &["critical", "page", "high", "fatal", "sev0", "sev1", "p0", "p1"]),
    ("warning", &["warning", "warn", "ticket", "medium", "error", "sev2", "p2"]),
    ("info", &["info", "information", "low", "notice", "sev3", "sev4", "sev5", "p3", "p4", "p5"]),
];

/// A comparison of a burn rate.
#[derive(Clone)]
pub(super) struct Burn {
    /// As an expression.
    pub(super) when: Node,
    pub(super) lasting: Option<Node>,
    pub(super) severity: Node,
    /// The severity as written, if it is not our name for it.
    pub(super) called: Option<String>,
    /// The metadata of the condition.
    pub(super) about: Option<serde_json::Value>,
}

impl Burn {
    /// The same at a position in another document.
    pub(super) fn placed(&self, at: Position) -> Self {
        let moved = |node: &Node| Node { at, ..node.clone() };
        let (when, severity) = (moved(&self.when), moved(&self.severity));
        Self { when, severity, lasting: self.lasting.as_ref().map(moved), ..self.clone() }
    }
}

pub(super) fn read_condition(spec: &Field<'_>, metadata: Option<&Field<'_>>, report: &mut Report) -> Option<Burn> {
    let fields = Fields::of(spec, &CONDITION, report)?;
    let description = description(&fields, report);
    let severity = fields.require("severity", "write critical, warning or info", report);
    let severity = severity.and_then(|field| read_severity(&field, report));
    let condition = fields.require("condition", "write condition: { kind: burnrate, … }", report)?;
    let inner = Fields::of(&condition, &BURN_RATE, report)?;
    inner.get("kind").and_then(|field| field.word(&[("burnrate", ())], report));
    let op = inner.require("op", "write gte", report).and_then(|field| read_op(&field, report));
    let threshold = inner.require("threshold", "write a burn rate such as 14.4", report);
    let threshold = threshold.and_then(|field| read_threshold(&field, report));
    let lookback = inner.require("lookbackWindow", "write for example 1h", report);
    let lookback = lookback.and_then(|field| read_lookback(&field, report));
    let lasting = inner.get("alertAfter").map(|field| read_lasting(&field, report));
    let ((word, called), lookback, op, threshold) = (severity?, lookback?, op?, threshold?);
    let lasting = lasting.unwrap_or(Ok(None)).ok()?;
    let mut about = metadata.map(|field| json!({"metadata": as_json(field.node)}));
    if let Some(description) = description {
        about.get_or_insert_with(|| json!({}))["description"] = json!(description);
    }
    let when = text(condition.at, format!("burnRates.{lookback} {op} {threshold}"));
    Some(Burn { when, lasting, severity: word, called, about })
}

/// Our name for a severity, and the original name if it differs.
fn read_severity(field: &Field<'_>, report: &mut Report) -> Option<(Node, Option<String>)> {
    let written = field.text(report)?;
    let lower = written.to_lowercase();
    let Some((word, _)) = SEVERITIES.iter().find(|(_, names)| names.contains(&lower.as_str())) else {
        let message = format!("{} {} is unknown", field.path, quote(written));
        report.error(field.at, message, "write critical, warning or info, or a usual name such as page or sev2");
        return None;
    };
    Some((text(field.at, *word), Some(written.to_owned()).filter(|written| written != word)))
}

fn read_op(field: &Field<'_>, report: &mut Report) -> Option<&'static str> {
    let op = field.word(&[("lte", "<="), ("gte", ">="), ("lt", "<"), ("gt", ">")], report)?;
    if op.starts_with('<') {
        let message = format!("{} {}: this alerts while little of the budget burns", field.path, field.scalar()?);
        report.warn(field.at, message, "you probably mean gte or gt");
    }
    Some(op)
}

fn read_threshold(field: &Field<'_>, report: &mut Report) -> Option<Decimal> {
    let found = match &field.node.value {
        Value::Scalar { text, plain: true } => Decimal::parse(text).ok(),
        _ => None,
    };
    if found.is_none() {
        field.expected("a number of at least 0 with at most 6 decimals", "", report);
    }
    found
}

fn read_lookback(field: &Field<'_>, report: &mut Report) -> Option<&'static str> {
    let length = Shorthand::read(field, report)?;
    let found = LOOKBACKS.iter().find(|(_, millis)| length.millis() == Some(*millis)).map(|(name, _)| *name);
    if found.is_none() {
        let known: Vec<&str> = LOOKBACKS.iter().map(|(name, _)| *name).collect();
        let message = format!("{} {}: slo has no burn rate over that", field.path, field.scalar().unwrap_or_default());
        report.error(field.at, message, format!("write one of {}", known.join(", ")));
    }
    found
}

/// How long it must have held, in our own form; nothing for zero.
fn read_lasting(field: &Field<'_>, report: &mut Report) -> Result<Option<Node>, Reported> {
    let length = Shorthand::read(field, report).ok_or(Reported)?;
    match length.millis() {
        Some(0) => Ok(None),
        Some(_) => Ok(Some(plain(field.at, format!("{}{}", length.count, length.unit)))),
        None => {
            let message = format!("{} {}{} has no fixed length", field.path, length.count, length.unit);
            report.error(field.at, message, "write minutes, hours, days or weeks, such as 5m");
            Err(Reported)
        }
    }
}
