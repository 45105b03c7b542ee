//! Owns the words of other programs for a status: they are suggested, never accepted.

use crate::domain::health::transition::Status;

/// Words of other programs, in lower case with `_` between them.
const WORDS: [(Status, &[&str]); 4] = [
    (
        Status::Healthy,
        &[
            "online",
            "running",
            "alive",
            "available",
            "reachable",
            "good",
            "green",
            "normal",
            "fine",
            "clear",
            "cleared",
            "fixed",
            "recovered",
            "successful",
            "succeeded",
            "passed",
            "responding",
            "all_good",
            "yes",
        ],
    ),
    (
        Status::Degraded,
        &[
            "slow",
            "impaired",
            "yellow",
            "amber",
            "minor",
            "unstable",
            "performance_degraded",
            "performance_issues",
            "degraded_service",
            "partially_degraded",
            "partial_degradation",
            "disrupted",
            "limited",
            "trouble",
        ],
    ),
    (
        Status::Unhealthy,
        &[
            "timeout",
            "timed_out",
            "offline",
            "dead",
            "unreachable",
            "unavailable",
            "unresponsive",
            "not_responding",
            "not_available",
            "reporting_error",
            "red",
            "major",
            "nok",
            "not_ok",
            "ko",
            "ng",
            "bad",
            "alert",
            "alerting",
            "alarm",
            "crit",
            "fatal",
            "failure",
            "emergency",
            "stopped",
            "crashed",
            "broken",
            "incident",
            "triggered",
            "full_outage",
            "service_outage",
            "interrupted",
            "missed",
            "late",
            "no",
        ],
    ),
    (
        Status::Unknown,
        &[
            "n/a",
            "na",
            "no_data",
            "insufficient_data",
            "not_monitored",
            "unmonitored",
            "suspended",
            "disabled",
            "inactive",
            "under_maintenance",
            "scheduled_maintenance",
            "not_checked",
            "undefined",
            "new",
        ],
    ),
];

/// A text in the spelling of the words: in lower case, with `_` for blanks and dashes.
pub(crate) fn word(text: &str) -> String {
    text.trim().chars().map(|c| if matches!(c, ' ' | '-') { '_' } else { c.to_ascii_lowercase() }).collect()
}

/// The status an invalid text probably means; never for a number, true or false.
pub(crate) fn meant(text: &str) -> Option<Status> {
    let word = word(text);
    if matches!(&*word, "true" | "false") || !word.contains(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let known = |(status, words): &(Status, &[&str])| words.contains(&&*word).then_some(*status);
    Status::parse(word.as_bytes()).or_else(|| WORDS.iter().find_map(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_programs_are_known() {
        for (text, status) in [
            ("TIMEOUT", Some(Status::Unhealthy)),
            ("Degraded Performance", Some(Status::Degraded)),
            ("partial-outage", Some(Status::Degraded)),
            ("Not Responding", Some(Status::Unhealthy)),
            (" Online ", Some(Status::Healthy)),
            ("No data", Some(Status::Unknown)),
            ("sideways", None),
            ("1", None),
            ("true", None),
            ("", None),
        ] {
            assert_eq!(meant(text), status, "{text}");
        }
    }

    #[test]
    fn no_word_is_listed_that_is_read_as_a_status_anyway() {
        for word in WORDS.iter().flat_map(|(_, words)| *words) {
            assert_eq!(Status::parse(word.as_bytes()), None, "{word}");
        }
    }
}
