//! Owns what `slo demo` prints around the table: what the example is, and what to try next.

// Writing to a string cannot fail, so the results of `write!` are ignored.
use std::fmt::Write as _;
use std::path::Path;

use crate::domain::value::instant::Instant;
use crate::render::form::moment::zoned;

/// Where the demo is, and how `slo` was called.
pub(crate) struct Place<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) db: &'a Path,
    pub(crate) program: &'a str,
    pub(crate) at: Instant,
}

/// A description of the demo, above the table.
pub(crate) fn introduction(place: &Place<'_>) -> String {
    format!(
        "A web shop as of {}: storefront, checkout, search and mail,\n\
         and the postgres behind them. 80 days of health checks with a database outage,\n\
         an upgrade and an incident, in {}\n\n",
        zoned(place.at),
        shell(&place.folder.display().to_string()),
    )
}

/// What to try next, below the table: every command always prints the same.
pub(crate) fn next_steps(place: &Place<'_>) -> String {
    let moment = place.at.to_chrono().format("%Y-%m-%dT%H:%M");
    let (program, db) = (shell(place.program), shell(&place.db.display().to_string()));
    let manifests = shell(&place.folder.join("manifests").display().to_string());
    let steps = [
        ("May the payments team deploy? Exit code 1 means no", "check -l team=payments".to_owned()),
        ("What caused it, and when is it over?", "show checkout-availability".to_owned()),
        ("Edit a manifest, then see what it would change", format!("plan {manifests}")),
    ];
    let mut text = "\nWhat to try next:\n".to_owned();
    for (question, command) in steps {
        let _ = writeln!(text, "  # {question}\n  {program} {command} --db {db} --as-of {moment}");
    }
    text
}

/// A word, quoted for a shell.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:\\".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!(shell("/tmp/slo-demo-1/slo.db"), "/tmp/slo-demo-1/slo.db");
        assert_eq!(shell("my shop"), "'my shop'");
        assert_eq!(shell("it's"), r"'it'\''s'");
    }
}
