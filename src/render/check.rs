//! Owns how verdicts look.

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Cell, Document, Sheet, Tone};
use crate::domain::instant::Instant;

/// One condition on one objective, and whether it fires.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Finding {
    pub(crate) objective: String,
    pub(crate) condition: &'static str,
    pub(crate) expression: &'static str,
    /// Whether the condition fires, so that the objective fails.
    pub(crate) holds: bool,
    /// The values that decided, by their JSON names.
    pub(crate) values: Vec<(&'static str, Value)>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireFinding<'a> {
    objective_id: &'a str,
    condition: &'static str,
    expression: &'static str,
    holds: bool,
    since: Option<String>,
    values: Map<String, Value>,
}

/// The verdict for programs.
///
/// # Errors
/// When it cannot be represented.
pub(crate) fn document(findings: &[Finding], as_of: Instant) -> Result<Document> {
    let rows: Vec<_> = findings
        .iter()
        .map(|finding| WireFinding {
            objective_id: &finding.objective,
            condition: finding.condition,
            expression: finding.expression,
            holds: finding.holds,
            since: None,
            values: finding.values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        })
        .collect();
    let mut document = Document::list(as_of, "results", &rows)?;
    let verdict = if findings.iter().any(|finding| finding.holds) { "fail" } else { "pass" };
    document.set("verdict", &verdict)?;
    Ok(document)
}

/// The verdict for people: every objective that fails, with the values that decided, and a line that sums up.
pub(crate) fn sheet(findings: &[Finding]) -> Sheet {
    let mut sheet = Sheet::new().left("VERDICT").left("OBJECTIVE").left("FAILS ON").left("BECAUSE");
    let mut objectives: Vec<&str> = findings.iter().map(|finding| finding.objective.as_str()).collect();
    objectives.dedup();
    let failing: Vec<&Finding> = findings.iter().filter(|finding| finding.holds).collect();
    for finding in &failing {
        let values: Vec<String> =
            finding.values.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
        sheet.push(vec![
            Cell::toned("✖ fail", Tone::Bad),
            Cell::toned(&*finding.objective, Tone::Strong),
            Cell::plain(finding.condition),
            Cell::plain(values.join(" ")),
        ]);
    }
    let mut failed: Vec<&str> = failing.iter().map(|finding| finding.objective.as_str()).collect();
    failed.dedup();
    let plural = if objectives.len() == 1 { "" } else { "s" };
    let verdict = if failed.is_empty() { "✔ pass" } else { "✖ fail" };
    sheet.footer.push(format!("{verdict}: {} of {} objective{plural} failing", failed.len(), objectives.len()));
    sheet
}

/// A value for people: numbers to two decimals, floored.
fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) if !number.is_i64() && !number.is_u64() => {
            let number = number.as_f64().unwrap_or_default();
            let text = format!("{:.2}", (number * 100.0).floor() / 100.0);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
