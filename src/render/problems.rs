//! Owns how the problems of manifests look.

// Writing to a string cannot fail, so the results of `write!` are not looked at.
use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;

use super::{Canvas, Cell, Document, Sheet, Tone};
use crate::domain::instant::Instant;

/// One problem, ready to be printed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct ProblemLine {
    pub(crate) file: String,
    pub(crate) line: Option<u32>,
    pub(crate) column: Option<u32>,
    pub(crate) severity: &'static str,
    pub(crate) subject: Option<String>,
    pub(crate) message: String,
    pub(crate) remedy: Option<String>,
}

/// What validating manifests found.
pub(crate) struct Validation {
    pub(crate) problems: Vec<ProblemLine>,
    pub(crate) files: usize,
    pub(crate) documents: usize,
    pub(crate) valid: bool,
}

/// The problems for programs.
///
/// # Errors
/// When they cannot be represented.
pub(crate) fn document(validation: &Validation, as_of: Instant) -> Result<Document> {
    let mut document = Document::list(as_of, "problems", &validation.problems)?;
    document.set("valid", &validation.valid)?;
    document.set("files", &validation.files)?;
    document.set("documents", &validation.documents)?;
    Ok(document)
}

/// The problems as a table, for markdown.
pub(crate) fn sheet(validation: &Validation) -> Sheet {
    let mut sheet = Sheet::new().left("SEVERITY").left("PLACE").left("OBJECT").left("PROBLEM").left("REMEDY");
    for problem in &validation.problems {
        let place = [Some(problem.file.clone()), problem.line.map(|line| line.to_string())];
        sheet.push(vec![
            Cell::plain(problem.severity),
            Cell::plain(place.into_iter().flatten().collect::<Vec<_>>().join(":")),
            Cell::plain(problem.subject.clone().unwrap_or_default()),
            Cell::plain(problem.message.clone()),
            Cell::plain(problem.remedy.clone().unwrap_or_default()),
        ]);
    }
    sheet.footer.push(summary(validation));
    sheet
}

/// The problems for people, two lines each: where and what, then what to do.
pub(crate) fn text(validation: &Validation, canvas: Canvas) -> String {
    let mut text = lines(&validation.problems, canvas);
    text.push_str(&summary(validation));
    text.push('\n');
    text
}

/// Problems without a summary.
pub(crate) fn lines(problems: &[ProblemLine], canvas: Canvas) -> String {
    let mut text = String::new();
    for problem in problems {
        text.push_str(&problem.file);
        for number in [problem.line, problem.column].into_iter().flatten() {
            let _ = write!(text, ":{number}");
        }
        let tone = if problem.severity == "warning" { Tone::Warning } else { Tone::Bad };
        let _ = write!(text, ": {}: ", super::sheet::paint(problem.severity, tone, canvas));
        if let Some(subject) = &problem.subject {
            let _ = write!(text, "{subject}: ");
        }
        text.push_str(&problem.message);
        text.push('\n');
        if let Some(remedy) = &problem.remedy {
            let _ = writeln!(text, "    {remedy}");
        }
    }
    text
}

fn summary(validation: &Validation) -> String {
    let count =
        |warning: bool| validation.problems.iter().filter(|problem| (problem.severity == "warning") == warning).count();
    let several = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let (errors, warnings) = (count(false), count(true));
    let mut parts =
        vec![several(validation.documents, "document"), format!("in {}", several(validation.files, "file"))];
    parts = vec![parts.join(" ")];
    parts.push(if errors == 0 { "valid".to_owned() } else { several(errors, "error") });
    if warnings > 0 {
        parts.push(several(warnings, "warning"));
    }
    parts.join(", ")
}
