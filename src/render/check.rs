//! Owns how verdicts look.

// Writing to a string cannot fail, so the results of `write!` are not looked at.
use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value};

use super::sheet::paint;
use super::{Canvas, Cell, Document, Sheet, Tone};
use crate::domain::instant::Instant;

/// One condition on one objective, and whether it fires.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Finding {
    pub(crate) objective: String,
    pub(crate) condition: &'static str,
    pub(crate) expression: String,
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
    expression: &'a str,
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
            expression: &finding.expression,
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

/// The verdict as a table, for markdown.
pub(crate) fn sheet(findings: &[Finding]) -> Sheet {
    let mut sheet = Sheet::new().left("VERDICT").left("OBJECTIVE").left("FAILS ON").left("BECAUSE");
    for finding in findings.iter().filter(|finding| finding.holds) {
        sheet.push(vec![
            Cell::toned("✖ fail", Tone::Bad),
            Cell::toned(&*finding.objective, Tone::Strong),
            Cell::plain(finding.condition),
            Cell::plain(values(finding).join(" ")),
        ]);
    }
    sheet.footer.push(summary(findings).1);
    sheet
}

/// The verdict for people: every objective that fails, with the values that decided, and a line that sums up.
pub(crate) fn text(findings: &[Finding], canvas: Canvas) -> String {
    let mut text = String::new();
    for finding in findings.iter().filter(|finding| finding.holds) {
        let sign = paint("✖", Tone::Bad, canvas);
        let objective = paint(&finding.objective, Tone::Strong, canvas);
        let _ = writeln!(text, "{sign} {objective} fails on {}: {}", finding.condition, finding.expression);
        for value in values(finding) {
            let _ = writeln!(text, "    {value}");
        }
    }
    let (pass, summary) = summary(findings);
    text.push_str(&paint(&summary, if pass { Tone::Good } else { Tone::Bad }, canvas));
    text.push('\n');
    text
}

fn values(finding: &Finding) -> Vec<String> {
    finding.values.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect()
}

/// Whether all hold, and the line that says so.
fn summary(findings: &[Finding]) -> (bool, String) {
    let distinct = |findings: &mut dyn Iterator<Item = &Finding>| {
        let mut objectives: Vec<String> = findings.map(|finding| finding.objective.clone()).collect();
        objectives.dedup();
        objectives.len()
    };
    let all = distinct(&mut findings.iter());
    let failing = distinct(&mut findings.iter().filter(|finding| finding.holds));
    let (verb, plural) = (if failing == 1 { "fails" } else { "fail" }, if all == 1 { "" } else { "s" });
    match (failing, all) {
        (0, 1) => (true, "✔ pass: the one objective holds".to_owned()),
        (0, _) => (true, format!("✔ pass: all {all} objectives hold")),
        _ => (false, format!("✖ fail: {failing} of {all} objective{plural} {verb}")),
    }
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
