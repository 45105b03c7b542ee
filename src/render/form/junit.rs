//! Owns JUnit XML, the format in which CI systems read test results.

use std::collections::BTreeMap;

use anyhow::Result;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::domain::value::instant::Instant;
use crate::domain::value::wording::{in_lines, one_line};

/// One verdict, as a test case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Case {
    /// The group of the case: a file of manifests, a condition.
    pub(crate) suite: String,
    /// The subject of the verdict.
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Pass,
    /// It failed: its severity if it has one, a summary, and the details.
    Fail {
        severity: Option<&'static str>,
        message: String,
        detail: String,
    },
    /// It could not be answered.
    Error {
        message: String,
        detail: String,
    },
}

/// The cases under a name, as of `as_of`, in suites sorted by name; cases keep their order.
pub(crate) fn text(name: &str, as_of: Instant, cases: &[Case]) -> Result<String> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for case in cases {
        let mut status = match &case.outcome {
            Outcome::Pass => TestCaseStatus::success(),
            Outcome::Fail { .. } => TestCaseStatus::non_success(NonSuccessKind::Failure),
            Outcome::Error { .. } => TestCaseStatus::non_success(NonSuccessKind::Error),
        };
        if let Outcome::Fail { message, detail, .. } | Outcome::Error { message, detail } = &case.outcome {
            status.set_message(one_line(message)).set_description(in_lines(detail));
        }
        if let Outcome::Fail { severity: Some(severity), .. } = &case.outcome {
            status.set_type(*severity);
        }
        let mut test = TestCase::new(one_line(&case.name), status);
        let suite = one_line(&case.suite);
        test.set_classname(&*suite);
        suites.entry(&case.suite).or_insert_with(|| TestSuite::new(&*suite)).add_test_case(test);
    }
    for suite in suites.values_mut() {
        suite.set_timestamp(as_of.to_chrono());
    }
    let mut report = Report::new(name);
    report.add_test_suites(suites.into_values());
    // Jenkins' schema does not allow this attribute on the root element, which comes first; no text contains these
    // quotes.
    Ok(report.to_string()?.replacen(" skipped=\"0\"", "", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_counted_and_nothing_breaks_out_of_the_xml() {
        let case = |suite: &str, outcome| Case { suite: suite.to_owned(), name: "a<b>&\"c\"".to_owned(), outcome };
        let (severity, as_of) = (Some("critical"), Instant::from_millis(0));
        let fail =
            Outcome::Fail { severity, message: "no ]]> \u{1b}[31m\n\"x\"".to_owned(), detail: "1 < 2\n]]>".to_owned() };
        let text = text("slo", as_of, &[case("z", Outcome::Pass), case("b & c", fail)]).unwrap();
        assert!(text.contains(r#"<testsuites name="slo" tests="2" failures="1" errors="0">"#), "{text}");
        assert!(text.contains(r#"type="critical""#), "{text}");
        assert!(
            text.contains(r#"<testsuite name="b &amp; c" tests="1" skipped="0" errors="0" failures="1" timestamp="1970-01-01T00:00:00.000+00:00">"#),
            "{text}"
        );
        assert!(text.contains("a&lt;b&gt;&amp;&quot;c&quot;") && text.contains("1 &lt; 2"), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains("]]>"), "{text}");
        assert!(text.find("b &amp; c") < text.find("name=\"z\""), "{text}");
    }
}
