//! Owns verdicts in the formats of CI systems: JUnit XML, and the annotations and job summaries of GitHub.

use anyhow::Result;

use super::check::{cause, course, declared, sheet, summary};
use super::reason::reasons;
use crate::domain::rules::condition::Severity;
use crate::domain::rules::finding::Finding;
use crate::domain::value::instant::Instant;
use crate::domain::value::period::Frame;
use crate::render::form::github::{Annotation, line};
use crate::render::form::junit::{Case, Outcome, text};
use crate::render::part::subject::name_of;

/// A JUnit report: a suite per condition, with a case per objective or system, which fails while the condition is
/// firing.
pub(crate) fn junit(command: &str, findings: &[Finding], as_of: Instant) -> Result<String> {
    let case = |finding: &Finding| {
        let outcome = if finding.firing {
            Outcome::Fail {
                severity: Some(finding.rule.severity.as_str()),
                message: format!("{} failed: {}", name_of(&finding.subject), cause(finding)),
                detail: because(finding).join("\n"),
            }
        } else {
            Outcome::Pass
        };
        Case { suite: cause(finding), name: name_of(&finding.subject).to_owned(), outcome }
    };
    text(command, as_of, &findings.iter().map(case).collect::<Vec<_>>())
}

/// A line for each objective or system that fails, which GitHub shows beside the workflow's run, and a summary.
pub(crate) fn annotations(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings.iter().filter(|finding| finding.firing) {
        let level = match finding.rule.severity {
            Severity::Info => "notice",
            Severity::Warning => "warning",
            Severity::Critical => "error",
        };
        let title = format!("{} failed: {}", name_of(&finding.subject), cause(finding));
        let message = because(finding).join("\n");
        let (title, message) = (Some(title.as_str()), message.as_str());
        text.push_str(&line(&Annotation { level, file: None, line: None, column: None, title, message }));
    }
    text.push_str(&summary(findings).1);
    text.push('\n');
    text
}

/// The verdict as a page for the summary of a GitHub job.
pub(crate) fn job_summary(findings: &[Finding], frame: Option<&Frame>) -> String {
    format!("### Error budgets\n\n{}\n", sheet(findings, frame).markdown())
}

/// The expression of a condition with a name, the reasons, since when, and what is expected, one line each.
fn because(finding: &Finding) -> Vec<String> {
    let term = declared(finding).then(|| finding.rule.term.to_string());
    term.into_iter().chain(reasons(finding)).chain(course(finding)).collect()
}
