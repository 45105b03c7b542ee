//! Owns how the problems of manifests look.

// Writing to a string cannot fail, so the results of `write!` are ignored.
use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::domain::value::instant::Instant;
use crate::domain::value::wording::one_line;
use crate::render::form::github::{Annotation, line};
use crate::render::form::junit::{Case, Outcome};
use crate::render::form::number::counted;
use crate::render::{Canvas, Cell, Document, Sheet, Tone};

/// One problem, ready to print.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct ProblemLine {
    pub(crate) file: String,
    pub(crate) line: Option<u32>,
    pub(crate) column: Option<u32>,
    pub(crate) severity: &'static str,
    pub(crate) subject: Option<String>,
    pub(crate) message: String,
    pub(crate) remedy: Option<String>,
    /// The line it is about, and the number of characters before the place.
    #[serde(skip)]
    pub(crate) excerpt: Option<(String, usize)>,
}

/// The result of validating manifests.
pub(crate) struct Validation {
    pub(crate) problems: Vec<ProblemLine>,
    pub(crate) files: usize,
    pub(crate) documents: usize,
    /// Whether there are more problems than these.
    pub(crate) shortened: bool,
    pub(crate) valid: bool,
    /// File, and kind and name, of every object without errors.
    pub(crate) good: Vec<(String, String)>,
}

pub(crate) fn document(validation: &Validation, as_of: Instant) -> Result<Document> {
    let mut document = Document::list(as_of, "problems", &validation.problems)?;
    document.set("valid", &validation.valid)?;
    document.set("files", &validation.files)?;
    document.set("documents", &validation.documents)?;
    document.set("complete", &!validation.shortened)?;
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

/// The problems for people: where and what, the line with the place, then the remedy.
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
        text.push_str(&one_line(&problem.file));
        for number in [problem.line, problem.column].into_iter().flatten() {
            let _ = write!(text, ":{number}");
        }
        let tone = if problem.severity == "warning" { Tone::Warning } else { Tone::Bad };
        let _ = write!(text, ": {}: ", crate::render::form::sheet::paint(problem.severity, tone, canvas));
        if let Some(subject) = &problem.subject {
            let _ = write!(text, "{}: ", one_line(subject));
        }
        text.push_str(&one_line(&problem.message));
        text.push('\n');
        if let Some((line, (excerpt, before))) = problem.line.zip(problem.excerpt.as_ref()) {
            let before: String = excerpt.chars().take(*before).collect();
            let caret = crate::render::form::sheet::paint("^", tone, canvas);
            let _ = writeln!(text, "{line:>5} | {excerpt}\n      | {}{caret}", " ".repeat(before.width()));
        }
        if let Some(remedy) = &problem.remedy {
            let _ = writeln!(text, "    {}", one_line(remedy));
        }
    }
    text
}

/// A test case for every object, grouped by file: those with errors fail, with all their problems.
pub(crate) fn cases(validation: &Validation) -> Vec<Case> {
    let plain = Canvas { width: None, color: false };
    let mut failed: Vec<((&str, &str), Vec<ProblemLine>)> = Vec::new();
    let mut at: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for problem in validation.problems.iter().filter(|problem| problem.severity != "warning") {
        let key = (problem.file.as_str(), problem.subject.as_deref().unwrap_or("manifest"));
        let index = *at.entry(key).or_insert(failed.len());
        if index == failed.len() {
            failed.push((key, Vec::new()));
        }
        failed[index].1.push(problem.clone());
    }
    let pass =
        |(file, name): &(String, String)| Case { suite: file.clone(), name: name.clone(), outcome: Outcome::Pass };
    let good = validation.good.iter().filter(|(file, name)| !at.contains_key(&(file.as_str(), name.as_str())));
    let mut cases: Vec<Case> = good.map(pass).collect();
    cases.extend(failed.into_iter().map(|((file, name), problems)| {
        let more = if problems.len() > 1 { format!(" (and {} more)", problems.len() - 1) } else { String::new() };
        let message = format!("{}{more}", problems[0].message);
        let detail = lines(&problems, plain);
        // Only an unreadable file has no line.
        let unreadable = problems[0].line.is_none();
        let outcome = if unreadable {
            Outcome::Error { message, detail }
        } else {
            Outcome::Fail { severity: None, message, detail }
        };
        Case { suite: file.to_owned(), name: name.to_owned(), outcome }
    }));
    cases
}

/// Every problem as a GitHub annotation.
pub(crate) fn annotations(validation: &Validation) -> String {
    let annotation = |problem: &ProblemLine| {
        let remedy = problem.remedy.iter().map(|remedy| format!("\n{remedy}"));
        let message: String = std::iter::once(problem.message.clone()).chain(remedy).collect();
        line(&Annotation {
            level: problem.severity,
            file: Some(&problem.file),
            line: problem.line,
            column: problem.column,
            title: problem.subject.as_deref(),
            message: &message,
        })
    };
    let mut text: String = validation.problems.iter().map(annotation).collect();
    if validation.shortened {
        let message = &shortened(validation.problems.len());
        text.push_str(&line(&Annotation {
            level: "warning",
            file: None,
            line: None,
            column: None,
            title: None,
            message,
        }));
    }
    text
}

/// The note below a shortened list of problems.
pub(crate) fn shortened(shown: usize) -> String {
    let (problems, these) = if shown == 1 { ("problem", "it") } else { ("problems", "these") };
    format!("stopped after {shown} {problems}: fix {these}, then validate again")
}

fn summary(validation: &Validation) -> String {
    let count =
        |warning: bool| validation.problems.iter().filter(|problem| (problem.severity == "warning") == warning).count();
    let (errors, warnings) = (count(false), count(true));
    let mut parts =
        vec![counted(validation.documents, "document"), format!("in {}", counted(validation.files, "file"))];
    parts = vec![parts.join(" ")];
    parts.push(if errors == 0 { "valid".to_owned() } else { counted(errors, "error") });
    if warnings > 0 {
        parts.push(counted(warnings, "warning"));
    }
    let mut text = parts.join(", ");
    if validation.shortened {
        text.push_str("; ");
        text.push_str(&shortened(validation.problems.len()));
    }
    text
}
