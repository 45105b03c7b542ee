//! Words and phrases that must not come back: output and documents use the words of the field.

use std::fs;
use std::path::Path;

use crate::markdown::{pages, text};
use crate::world::repository;

/// Words to avoid, and what to write instead. Compared case-insensitively, as entire words.
const INSTEAD: [(&str, &str); 39] = [
    ("mend", "fix"),
    ("mends", "fixes"),
    ("mended", "fixed"),
    ("anew", "again"),
    ("foretell", "forecast"),
    ("foretold", "forecast"),
    ("whosever", "whatever caused it"),
    ("whose fault", "cause"),
    ("by whose", "which … caused it"),
    ("to blame", "caused"),
    ("hint:", "help:"),
    ("tip:", "help:"),
    ("colour", "color"),
    ("colours", "colors"),
    ("coloured", "colored"),
    ("exists already", "already exists"),
    ("bring transitions in", "import transitions"),
    ("bring health transitions in", "import health transitions"),
    ("brings it in", "imports it, applies it"),
    ("bringing them in", "importing them"),
    ("take in", "import"),
    ("takes in", "imports"),
    ("taken in", "imported"),
    ("takes transitions in", "imports transitions"),
    ("near to", "close to"),
    ("nearest to", "closest to"),
    ("look after", "maintain"),
    ("draw up", "make"),
    ("draws up", "makes"),
    ("is no week", "invalid week"),
    ("is no field", "is not a field"),
    ("is nothing that", "does not"),
    ("the one objective holds", "1 objective checked"),
    ("judged by other rules", "re-evaluated"),
    ("whole again", "fully restored"),
    ("a reader that went away", "a closed pipe"),
    ("cannot be told", "cannot be determined"),
    ("nobody listens", "a closed pipe"),
    ("because of itself", "self"),
];

/// The listed words in a text, each with its replacement.
fn found(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let has = |turn: &str| {
        let mut places = lower.match_indices(turn);
        places
            .any(|(at, _)| !inside(lower[..at].chars().next_back()) && !inside(lower[at + turn.len()..].chars().next()))
    };
    INSTEAD.iter().filter(|(turn, _)| has(turn)).map(|(turn, better)| format!("{turn:?}: {better}")).collect()
}

/// The string literals of a source file, without its tests; literals over several lines are joined.
fn literals(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    let lines: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = lines.join("\n");
    let (mut texts, mut text, mut escaped) = (Vec::new(), None::<String>, false);
    for c in code.replace("'\"'", "").chars() {
        match (&mut text, c) {
            (Some(text), c) if escaped => {
                escaped = false;
                text.push(if c == '\n' { ' ' } else { c });
            }
            (Some(_), '\\') => escaped = true,
            (Some(_), '"') => texts.extend(text.take()),
            (Some(text), c) => text.push(c),
            (None, '"') => text = Some(String::new()),
            (None, _) => {}
        }
    }
    texts.into_iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn files(folder: &Path, end: &str) -> Vec<std::path::PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(end) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn turns_that_were_replaced_do_not_come_back() {
    let mut told = Vec::new();
    let mut look = |place: &str, text: &str| {
        told.extend(found(text).into_iter().map(|turn| format!("{place}: {turn}: {}", &text[..text.len().min(90)])));
    };
    for source in files(&repository("src"), ".rs") {
        let name = source.to_str().unwrap().to_owned();
        if !name.contains("tests") && !name.contains("laws") {
            for text in literals(&fs::read_to_string(&source).unwrap()) {
                look(&name, &text);
            }
            // The source of the help.
            if name.contains("/cli") {
                let help = fs::read_to_string(&source).unwrap();
                for line in help.lines().filter(|line| line.trim_start().starts_with("///")) {
                    look(&name, line);
                }
            }
        }
    }
    let shown = [files(&repository("tests/docs/golden"), ""), files(&repository("fixtures"), ".txt")];
    for file in shown.into_iter().flatten() {
        let text = fs::read_to_string(&file).unwrap();
        for line in text.lines() {
            look(file.to_str().unwrap(), line);
        }
    }
    for page in pages() {
        for line in text(&page).lines() {
            look(&page, line);
        }
    }
    assert!(told.is_empty(), "{} places are written as they should not be:\n{}", told.len(), told.join("\n"));
}

#[test]
fn texts_in_the_source_are_found() {
    let source = "fn a() {\n    // \"a comment\"\n    b(\"one \\\n       text\", '\"', \"it is \\\"b\\\"\");\n}\n";
    assert_eq!(literals(source), ["one text", "it is \"b\""]);
    assert_eq!(found("Amend the mending. Mend it"), ["\"mend\": fix"]);
}
