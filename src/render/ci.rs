//! Owns verdicts in the forms that CIs read: JUnit's XML, and the annotations and job summaries of GitHub.

use anyhow::Result;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::check::{cause, course, sheet, summary};
use super::reading::shown;
use crate::domain::condition::Severity;
use crate::domain::finding::Finding;
use crate::domain::instant::Instant;

/// A JUnit report: a suite for each condition, in it a case for each objective, which fails while the condition holds.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn junit(findings: &[Finding], as_of: Instant) -> Result<String> {
    let mut report = Report::new("slo check");
    report.set_timestamp(as_of.to_chrono());
    let mut suites: Vec<TestSuite> = Vec::new();
    for finding in findings {
        let name = cause(finding);
        let index = suites.iter().position(|suite| suite.name.as_str() == name).unwrap_or_else(|| {
            suites.push(TestSuite::new(name.as_str()));
            suites.len() - 1
        });
        let status = if finding.holds {
            let mut failure = TestCaseStatus::non_success(NonSuccessKind::Failure);
            failure.set_type(finding.rule.severity.as_str());
            failure.set_message(format!("{} fails on {}", finding.objective, finding.rule.term));
            failure.set_description(because(finding).join("\n"));
            failure
        } else {
            TestCaseStatus::success()
        };
        let mut case = TestCase::new(finding.objective.as_str(), status);
        case.set_classname(format!("slo.{name}"));
        suites[index].add_test_case(case);
    }
    report.add_test_suites(suites);
    Ok(report.to_string()? + "\n")
}

/// A line for each objective that fails, which GitHub shows beside the workflow's run, and one that sums up.
pub(crate) fn annotations(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings.iter().filter(|finding| finding.holds) {
        let level = match finding.rule.severity {
            Severity::Info => "notice",
            Severity::Warning => "warning",
            Severity::Critical => "error",
        };
        let title = property(&format!("{} fails on {}", finding.objective, cause(finding)));
        let message = [vec![finding.rule.term.to_string()], because(finding)].concat().join("\n");
        text.push_str(&format!("::{level} title={title}::{}\n", data(&message)));
    }
    text.push_str(&summary(findings).1);
    text.push('\n');
    text
}

/// The verdict as a page for the summary of a GitHub job.
pub(crate) fn job_summary(findings: &[Finding]) -> String {
    format!("### Error budgets\n\n{}\n", sheet(findings).markdown())
}

/// The values that decided, since when, and what is to come, a line each.
fn because(finding: &Finding) -> Vec<String> {
    shown(&finding.values).into_iter().chain(course(finding)).collect()
}

/// The message of a workflow command: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command, which ends at a comma or colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_a_workflow_command() {
        assert_eq!(data("50 %\r\n::error::a, b: c"), "50 %25%0D%0A::error::a, b: c");
        assert_eq!(property("a,b:c%\n"), "a%2Cb%3Ac%25%0A");
    }
}
