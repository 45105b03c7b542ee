//! Checks the errors of invalid expressions against their fixture.

use std::fs;
use std::path::{Path, PathBuf};

use crate::domain::rules::condition::{Owner, Term};

/// The invalid expressions, each with its excerpt, if it fits on a line, and its error.
const INVALID: &str = "fixtures/expressions/invalid.txt";

/// The prefix of an expression for an objective, or for a system.
const WHOSE: [(&str, Owner); 2] = [("expression:", Owner::Objective), ("for system:", Owner::System)];

/// Reverses the escapes of the fixture for characters that a line cannot hold.
fn unescaped(text: &str) -> String {
    let text = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\0", "\0");
    let mut parts = text.split("\\u{");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |whole, part| {
        let (code, rest) = part.split_once('}').unwrap();
        let c = char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap();
        format!("{whole}{c}{rest}")
    })
}

/// The errors of all expressions of the fixture, in its format.
fn answers(fixture: &str) -> String {
    let mut answers = String::new();
    let found =
        fixture.lines().filter_map(|line| WHOSE.iter().find_map(|whose| Some((whose, line.strip_prefix(whose.0)?))));
    for ((whose, owner), written) in found {
        let written = written.strip_prefix(' ').unwrap_or_default();
        let text = unescaped(written);
        let error = Term::parse(&text, *owner).expect_err(written);
        let marks = error.excerpt(&text);
        let (line, marks) = marks.split_once('\n').unwrap();
        answers.push_str(&format!("{whose} {written}\n"));
        // Marks are below the fault if the text is printed unchanged.
        if line == written {
            answers.push_str(&format!("            {marks}\n"));
        } else {
            answers.push_str(&format!("at byte {}, {} long\n", error.offset, error.length));
        }
        let known = error.remedy.find("fields of ").unwrap_or(error.remedy.len());
        let (remedy, list) = error.remedy.split_at(known);
        let shown = if list.is_empty() { String::new() } else { format!("({} fields)", list.matches(',').count() + 1) };
        answers.push_str(&format!("error: {}\nremedy: {remedy}{shown}\n\n", error.message));
    }
    answers
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(INVALID)
}

#[test]
fn every_bad_expression_is_answered_as_written_below_it() {
    let expected = fs::read_to_string(fixture()).unwrap();
    assert!(expected.lines().filter(|line| line.starts_with("expression:")).count() >= 200);
    assert_eq!(answers(&expected), expected);
}

#[test]
#[ignore = "rewrites the answers in the fixture, to be read before they are committed"]
fn rewrite_answers() {
    let answers = answers(&fs::read_to_string(fixture()).unwrap());
    fs::write(fixture(), answers).unwrap();
}
