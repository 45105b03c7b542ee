//! Owns how verdicts look.

// Writing to a string cannot fail, so the results of `write!` are ignored.
use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value};

use super::reason::reasons;
use crate::domain::rules::condition::{Owner, Subject};
use crate::domain::rules::finding::{Finding, Origin};
use crate::domain::rules::solver::explained::Explained;
use crate::domain::value::instant::Instant;
use crate::domain::value::period::Frame;
use crate::render::form::moment::zoned;
use crate::render::form::number::counted;
use crate::render::form::sheet::paint;
use crate::render::part::period::zone;
use crate::render::part::reading::{shown, values};
use crate::render::part::subject::{WireId, count_of, name_of};
use crate::render::{Canvas, Cell, Document, Sheet, Tone};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireFinding<'a> {
    #[serde(flatten)]
    id: WireId<'a>,
    condition: &'a str,
    expression: String,
    severity: &'static str,
    firing: bool,
    since: Option<String>,
    clears_at: Option<String>,
    values: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<WireExplained<'a>>,
}

#[derive(Serialize)]
struct WireExplained<'a> {
    expression: &'a str,
    met: bool,
    #[serde(skip_serializing_if = "Map::is_empty")]
    values: Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<WireExplained<'a>>,
}

impl<'a> WireExplained<'a> {
    fn of(explained: &'a Explained) -> Self {
        let Explained { expression, met, parts, .. } = explained;
        let parts = parts.iter().map(WireExplained::of).collect();
        Self { expression, met: *met, values: values(&explained.values), parts }
    }
}

/// The verdict for programs, over the given period.
pub(crate) fn document(findings: &[Finding], frame: Option<&Frame>, as_of: Instant) -> Result<Document> {
    let text = |at: Option<Instant>| at.map(|at| at.to_string());
    let rows: Vec<_> = findings
        .iter()
        .map(|finding| WireFinding {
            id: WireId::of(&finding.subject),
            condition: &finding.rule.name,
            expression: finding.rule.term.to_string(),
            severity: finding.rule.severity.as_str(),
            firing: finding.firing,
            since: text(finding.since),
            clears_at: text(finding.clears_at),
            values: values(&finding.values),
            explanation: finding.explanation.as_ref().map(WireExplained::of),
        })
        .collect();
    let mut document = Document::list(as_of, "results", &rows)?;
    let verdict = if findings.iter().any(|finding| finding.firing) { "fail" } else { "pass" };
    document.set("verdict", &verdict)?;
    if let Some(frame) = frame {
        document.set("period", &frame.period.to_string())?;
    }
    Ok(document)
}

/// The verdict as a table, for markdown.
pub(crate) fn sheet(findings: &[Finding], frame: Option<&Frame>) -> Sheet {
    let about =
        |owner: Owner| findings.iter().any(|finding| finding.subject.named().is_some_and(|(of, _)| of == owner));
    let what = match (about(Owner::Objective), about(Owner::System)) {
        (false, true) => "SYSTEM",
        (true, true) => "NAME",
        _ => "OBJECTIVE",
    };
    let mut sheet = Sheet::new().left("VERDICT").left(what).left("CONDITION").left("SINCE").left("WHY");
    for finding in findings.iter().filter(|finding| finding.firing) {
        sheet.push(vec![
            Cell::toned("✖ fail", Tone::Bad),
            Cell::toned(name_of(&finding.subject), Tone::Strong),
            Cell::plain(cause(finding)),
            Cell::plain(finding.since.map_or("–".to_owned(), zoned)),
            Cell::plain(reasons(finding).join(" ")),
        ]);
    }
    sheet.footer.push(summary(findings).1);
    sheet.footer.extend(frame.map(over));
    sheet
}

/// The verdict for people: every objective and system that fails, with the values that decided, and a summary, which is
/// left out when quiet and nothing fails. Passes are included if explained.
pub(crate) fn text(findings: &[Finding], frame: Option<&Frame>, quiet: bool, canvas: Canvas) -> String {
    let mut text = String::new();
    for finding in findings.iter().filter(|finding| finding.firing || finding.explanation.is_some()) {
        let (sign, tone) = if finding.firing { ("✖", Tone::Bad) } else { ("✔", Tone::Good) };
        let objective = paint(name_of(&finding.subject), Tone::Strong, canvas);
        let _ = writeln!(text, "{} {objective} {}", paint(sign, tone, canvas), outcome(finding));
        match &finding.explanation {
            Some(explained) => explain(&mut text, explained, 1, canvas),
            None => reasons(finding).iter().for_each(|reason| {
                let _ = writeln!(text, "    {reason}");
            }),
        }
        for part in course(finding) {
            let _ = writeln!(text, "    {}", paint(&part, Tone::Faint, canvas));
        }
    }
    let (pass, summary) = summary(findings);
    if pass && quiet {
        return text;
    }
    text.push_str(&paint(&summary, if pass { Tone::Good } else { Tone::Bad }, canvas));
    text.push('\n');
    if let Some(frame) = frame {
        let _ = writeln!(text, "{}", paint(&over(frame), Tone::Faint, canvas));
    }
    text
}

/// The period of the verdict.
fn over(frame: &Frame) -> String {
    format!("period {} in {}", frame.period, zone(frame, []))
}

/// A term with its parts below it: whether each is true, and its values.
fn explain(text: &mut String, explained: &Explained, depth: usize, canvas: Canvas) {
    let indent = "  ".repeat(depth);
    let truth = if explained.met { paint("yes", Tone::Strong, canvas) } else { paint("no ", Tone::Faint, canvas) };
    if explained.parts.is_empty() {
        let values = shown(&explained.values).join(" ");
        let gap = if values.is_empty() { "" } else { "    " };
        let _ = writeln!(text, "{indent}{truth} {}{gap}{}", explained.expression, paint(&values, Tone::Faint, canvas));
    } else {
        let _ = writeln!(text, "{indent}{truth} {}", explained.joint);
        explained.parts.iter().for_each(|part| explain(text, part, depth + 1, canvas));
    }
}

/// When a finding began, and when it is expected to end.
pub(super) fn course(finding: &Finding) -> Vec<String> {
    let since = finding.since.map(|since| format!("since {}", zoned(since)));
    let clears = finding.clears_at.map(|at| format!("clears {} if no status changes", zoned(at)));
    since.into_iter().chain(clears).collect()
}

/// `failed: breaching`, or `passed, not firing: freeze: budgetRemainingPercent < 20`: the name of a condition, then its
/// expression.
fn outcome(finding: &Finding) -> String {
    let verb = if finding.firing { "failed" } else { "passed, not firing" };
    if declared(finding) {
        format!("{verb}: {}: {}", finding.rule.name, finding.rule.term)
    } else {
        format!("{verb}: {}", cause(finding))
    }
}

/// Whether its condition has a name and an expression.
pub(super) fn declared(finding: &Finding) -> bool {
    finding.rule.origin == Origin::Written && finding.rule.name != "when"
}

/// The cause of a failure: the expression itself if it has no name.
pub(in crate::render) fn cause(finding: &Finding) -> String {
    if finding.rule.name == "when" { finding.rule.term.to_string() } else { finding.rule.name.clone() }
}

/// Whether nothing is firing, and the summary. A mixed failure counts each kind by itself: `1 of 3 objectives and 0 of 1
/// system failed`.
pub(crate) fn summary(findings: &[Finding]) -> (bool, String) {
    let distinct = |findings: &mut dyn Iterator<Item = &'_ Finding>| -> Vec<Subject> {
        let mut subjects: Vec<Subject> = findings.map(|finding| finding.subject.clone()).collect();
        subjects.dedup();
        subjects
    };
    let all = distinct(&mut findings.iter());
    let failing = distinct(&mut findings.iter().filter(|finding| finding.firing));
    let kinds = [Owner::Objective, Owner::System].map(|owner| (owner, count_of(owner, &all)));
    let kinds = kinds.into_iter().filter(|(_, count)| *count > 0);
    if failing.is_empty() {
        let checked: Vec<String> = kinds.map(|(owner, count)| counted(count, owner.as_str())).collect();
        return (true, format!("✔ pass: {} checked", checked.join(" and ")));
    }
    let failed = kinds.map(|(owner, of)| format!("{} of {}", count_of(owner, &failing), counted(of, owner.as_str())));
    (false, format!("✖ fail: {} failed", failed.collect::<Vec<_>>().join(" and ")))
}
