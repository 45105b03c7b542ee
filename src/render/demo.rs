//! Owns what `slo demo` says around the table: what the world is, and the commands that lead on.

use std::path::Path;

use super::health::minute;
use crate::domain::instant::Instant;

/// Where the demo world is, and how `slo` was called.
pub(crate) struct Place<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) db: &'a Path,
    pub(crate) program: &'a str,
    pub(crate) at: Instant,
}

/// What the world is, above the table.
pub(crate) fn introduction(place: &Place<'_>) -> String {
    format!(
        "A web shop as of {} UTC: storefront, checkout, search, mail, and the postgres\n\
         behind them. 80 days of health checks, a database outage, an upgrade and an incident,\n\
         in {}.\n\n",
        minute(place.at),
        shell(&place.folder.display().to_string()),
    )
}

/// What to type next, below the table: every command says the same whenever it is run.
pub(crate) fn next_steps(place: &Place<'_>) -> String {
    let moment = minute(place.at).replace(' ', "T");
    let (program, db) = (shell(place.program), shell(&place.db.display().to_string()));
    let slo = |rest: &str| {
        let (command, options) = rest.split_once(' ').unwrap_or((rest, ""));
        format!("  {program} {command} --db {db} --as-of {moment} {options}").trim_end().to_owned()
    };
    let manifests = shell(&place.folder.join("manifests").display().to_string());
    let steps = [
        ("would a deployment of what customers pay with be allowed? (exit code 1: no)", slo("check -l team=payments")),
        ("who caused the downtime of checkout, and when is its budget whole again?", {
            slo("status checkout-availability -o yaml")
        }),
        ("all columns", slo("status -o wide")),
        ("in the middle of the database outage", slo("status").replace(&moment, "2026-11-11T10:30")),
        ("how are the systems now?", slo("health")),
        ("edit a manifest, then see what it would change", slo(&format!("plan {manifests}"))),
        ("the facts behind it all", slo("export journal --system checkout")),
    ];
    let mut text = "\nGo on from here:\n".to_owned();
    for (question, command) in steps {
        text.push_str(&format!("\n  # {question}\n{command}\n"));
    }
    text
}

/// A word as a shell takes it.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:\\".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
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
