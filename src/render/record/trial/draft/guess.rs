//! Owns guessing the role of each value in records, by its name and its content.

use crate::domain::health::feed::NEAREST_KEY;
use crate::domain::health::feed::foreign::meant;
use crate::domain::health::feed::trial::{Seen, Sight};
use crate::domain::health::transition::Status;

/// The words that identify a value: those that are its entire name, the likelier ones first, and those in its name.
const STARTS: [&[&str]; 2] =
    [&["start", "begin"], &["start", "begin", "from", "opened", "down_at", "down time", "down since", "triggered"]];
/// For what can be closed, when the record was created.
const MADE: [&[&str]; 2] = [&[], &["created", "raised"]];
const CLOSED: [&[&str]; 2] = [&[], &["resolved", "closed", "recovered"]];
const ENDS: [&[&str]; 2] =
    [&["end"], &["end", "resolved", "closed", "until", "recovered", "up_at", "up time", "up since", "finish"]];
const TIMES: [&[&str]; 2] =
    [&["ts", "timestamp", "time", "datetime", "date", "at", "when"], &["time", "date", "when", "at"]];
const SYSTEMS: [&[&str]; 2] = [
    &["system", "service", "host", "hostname", "monitor", "component", "application", "app", "site", "server", "node"],
    &["service", "system", "host", "monitor", "component", "site"],
];
/// Values that may be the name of something else.
const NAMES: [&[&str]; 2] =
    [&["name", "entity", "check", "job", "target", "url", "title"], &["name", "target", "instance"]];
/// What Prometheus calls the name of a metric, which many systems share.
const METRIC: &str = "__name__";
const STATUSES: [&[&str]; 2] =
    [&["status", "state", "result", "health", "outcome"], &["status", "state", "result", "health", "outcome"]];
/// How bad something was.
const SEVERITIES: [&[&str]; 2] = [&["impact", "severity"], &["impact", "severity"]];
/// Values that are 0 or 1, whose meaning only people know.
const CODES: [&[&str]; 2] = [&["value", "up"], &["value"]];
const CHECKS: [&[&str]; 2] = [&["check", "job", "probe", "endpoint", "instance", "test"], &["check", "probe", "job"]];
const LOCATIONS: [&[&str]; 2] = [&["location", "region", "satellite", "agent"], &["location", "region"]];
/// What `slo ingest` takes as a location without a feed.
const NAMED_LOCATIONS: [&[&str]; 2] = [&["location", "region", "satellite"], &[]];
const IDS: [&[&str]; 2] = [&["id", "incident_id", "incidentid", "event_id", "eventid", "uuid", "arn"], &[]];
const NOTES: [&[&str]; 2] =
    [&["note", "reason", "message", "msg", "error", "output", "cause", "text", "title", "summary", "description"], &[]];
/// Words in the name of a boolean for which true is good.
const GOOD: [&str; 5] = ["success", "healthy", "alive", "passed", "online"];
const BAD: [&str; 5] = ["fail", "error", "down", "outage", "problem"];
/// With fewer records, values that differ say little.
const FEW_RECORDS: usize = 10;
/// When a record was last changed is not the time of its content.
const TOUCHED: [&str; 3] = ["updated", "modified", "deleted"];

/// The role of each value.
pub(super) struct Guess<'s> {
    pub(super) ts: Option<&'s Seen>,
    /// For incidents, which have a start, too.
    pub(super) end: Option<&'s Seen>,
    pub(super) system: Option<&'s Seen>,
    /// For incidents, how bad they were.
    pub(super) status: Option<&'s Seen>,
    pub(super) check: Option<&'s Seen>,
    pub(super) location: Option<&'s Seen>,
    /// For incidents, their id and when their record was last changed.
    pub(super) id: Option<&'s Seen>,
    pub(super) updated: Option<&'s Seen>,
    pub(super) note: Option<&'s Seen>,
}

impl<'s> Guess<'s> {
    pub(super) fn of(sight: &'s Sight) -> Self {
        let values = &sight.values;
        // An ongoing incident has no time there.
        let ends = |seen: &Seen| is_time(seen) || seen.distinct.iter().all(|value| is_nothing(value) || value == "-");
        let lasts = |starts, by| find(values, starts, is_time).zip(find(values, by, ends));
        let (start, end) = lasts(STARTS, ENDS).or_else(|| lasts(MADE, CLOSED)).unzip();
        let any_time = || values.iter().find(|seen| is_time(seen));
        let ts = end.and(start).or_else(|| find(values, TIMES, is_time)).or_else(any_time);
        let says = |seen: &Seen| !is_time(seen) && seen.distinct.iter().any(|value| meant(value).is_some());
        let says_bad = |seen: &Seen| says(seen) && is_single(seen) && seen.distinct.iter().any(|value| is_bad(value));
        let severity = find(values, SEVERITIES, says_bad);
        let bad = severity.or_else(|| find(values, STATUSES, says_bad));
        let status = find(values, STATUSES, |seen| says(seen) && is_single(seen));
        let is_truth =
            |seen: &&Seen| truth(&seen.name).is_some() && is_single(seen) && seen.distinct.iter().all(|it| is_bool(it));
        let status = status.or_else(|| values.iter().find(is_truth));
        let status = status.or(severity);
        let status = status.or_else(|| find(values, STATUSES, |seen| !is_time(seen) && is_single(seen)));
        // A name may be a word for a status, too, and so may any text that is always the same.
        let may_say = |seen: &&Seen| says(seen) && !is_name(seen);
        let status = status.or_else(|| values.iter().find(|seen| may_say(seen) && seen.distinct.len() > 1));
        let status = status.or_else(|| find(values, CODES, |seen| seen.distinct.iter().all(|value| is_code(value))));
        let status = status.or_else(|| values.iter().find(may_say));
        let mut taken: Vec<&Seen> = [ts, end, status, bad].into_iter().flatten().collect();
        let system = system(values, &taken);
        taken.extend(system);
        // A repeated check has a duration, too, but is no incident.
        let repeats = |seen: &&Seen| seen.time.as_ref().is_some_and(|it| it.period(system.as_slice()).is_some());
        let end = end.filter(|_| !ts.as_ref().is_some_and(repeats));
        let status = if end.is_some() { bad } else { status };
        let mut guess =
            Self { ts, end, system, status, check: None, location: None, id: None, updated: None, note: None };
        let is_free = |seen: &Seen, taken: &[&Seen]| !is_time(seen) && !taken.iter().any(|of| std::ptr::eq(*of, seen));
        if end.is_none() {
            let checks = |seen: &Seen| is_free(seen, &taken) && splits(sight, &[system], seen);
            let key = || values.iter().find(|seen| seen.name == NEAREST_KEY && checks(seen));
            guess.check = find(values, CHECKS, checks).or_else(key);
            taken.extend(guess.check);
            let by = [system, guess.check];
            let splits_checks = find(values, LOCATIONS, |seen| is_free(seen, &taken) && splits(sight, &by, seen));
            let is_place = |seen: &Seen| is_free(seen, &taken) && repeats_words(sight, seen);
            guess.location = splits_checks.or_else(|| find(values, NAMED_LOCATIONS, is_place));
            taken.extend(guess.location);
        } else {
            guess.id = find(values, IDS, |seen| is_free(seen, &taken) && sight.combinations(&[seen]) == sight.count);
            guess.updated = values.iter().find(|seen| is_time(seen) && is_touched(seen));
            taken.extend(guess.id);
        }
        guess.note = find(values, NOTES, |seen| is_free(seen, &taken) && seen.distinct.iter().any(|it| is_words(it)));
        guess
    }

    /// The usual time between two records of the same stream.
    pub(super) fn period(&self) -> Option<i64> {
        let stream: Vec<&Seen> = [self.system, self.check, self.location].into_iter().flatten().collect();
        self.ts?.time.as_ref()?.period(&stream)
    }
}

/// The meaning of true or false under a name that shows it.
pub(super) fn meaning(name: &str, value: &str) -> Option<Status> {
    let is_good = truth(name)? == (value == "true");
    is_bool(value).then_some(if is_good { Status::Healthy } else { Status::Unhealthy })
}

/// Whether true under this name is good; `None` if the name does not show it.
fn truth(name: &str) -> Option<bool> {
    let name = name.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match (says(&GOOD) || matches!(&*name, "up" | "ok" | "is_up" | "isup"), says(&BAD)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

/// Whether a value probably means an outage.
fn is_bad(value: &str) -> bool {
    meant(value).is_some_and(Status::is_outage)
}

fn is_code(value: &str) -> bool {
    matches!(value, "0" | "1" | "NaN")
}

/// Whether it is called a name.
fn is_name(seen: &Seen) -> bool {
    seen.name.rsplit('.').next().is_some_and(|last| last.to_lowercase().contains("name"))
}

fn is_bool(value: &str) -> bool {
    matches!(value, "true" | "false")
}

/// A value called a system, or a system's name, or else any name.
fn system<'s>(values: &'s [Seen], taken: &[&Seen]) -> Option<&'s Seen> {
    let is_free = |seen: &Seen| !is_time(seen) && !taken.iter().any(|of| std::ptr::eq(*of, seen));
    let has_name = |seen: &Seen| seen.distinct.iter().any(|value| is_words(value));
    let whole = find(values, [SYSTEMS[0], &[]], |seen| is_free(seen) && has_name(seen));
    let is_name_of_one = |seen: &Seen| {
        let name = seen.name.to_lowercase();
        let (of, last) = name.rsplit_once('.').unwrap_or_default();
        matches!(last, "name" | "title" | "summary") && SYSTEMS[0].contains(&of.rsplit('.').next().unwrap_or_default())
    };
    let named = values.iter().find(|seen| is_free(seen) && is_name_of_one(seen));
    let within = || find(values, [&[], SYSTEMS[1]], |seen| is_free(seen) && has_name(seen) && !is_url(seen));
    let other = || find(values, NAMES, |seen| is_free(seen) && !seen.name.ends_with(METRIC));
    let key = || values.iter().find(|seen| seen.name == NEAREST_KEY && is_free(seen));
    whole.or(named).or_else(within).or_else(|| key().filter(|key| has_name(key))).or_else(other).or_else(key)
}

/// The value identified by its entire name, else the first one by a word in it.
fn find<'s>(values: &'s [Seen], words: [&[&str]; 2], is: impl Fn(&Seen) -> bool) -> Option<&'s Seen> {
    let [whole, within] = words;
    let known: Vec<&Seen> = values.iter().filter(|seen| is(seen) && !is_touched(seen)).collect();
    let is_called = |seen: &&Seen, word: &str| seen.name.trim_start_matches("$.").eq_ignore_ascii_case(word);
    let called = |word: &&str| known.iter().find(|seen| is_called(seen, word)).copied();
    let has_word = |seen: &&&Seen| within.iter().any(|word| seen.name.to_lowercase().contains(word));
    whole.iter().find_map(called).or_else(|| known.iter().find(has_word).copied())
}

fn is_time(seen: &Seen) -> bool {
    seen.time.is_some()
}

fn is_touched(seen: &Seen) -> bool {
    let name = seen.name.to_lowercase();
    TOUCHED.iter().any(|word| name.contains(word))
}

fn is_nothing(value: &str) -> bool {
    matches!(value, "" | "null")
}

/// Whether there are words, and many records have the same ones; a few records may have different ones.
fn repeats_words(sight: &Sight, seen: &Seen) -> bool {
    let is_repeated = sight.combinations(&[seen]) * 2 <= sight.count.max(FEW_RECORDS);
    is_repeated && seen.distinct.iter().any(|value| is_words(value))
}

/// More than a number, true or false, whose meaning nobody knows.
fn is_words(value: &str) -> bool {
    value.parse::<f64>().is_err() && !matches!(value, "true" | "false") && !is_nothing(value)
}

fn is_url(seen: &Seen) -> bool {
    seen.distinct.iter().all(|value| value.contains("://"))
}

/// Whether all of it is in the record itself, and not in an element of a list.
fn is_single(seen: &Seen) -> bool {
    !seen.name.trim_start_matches("@[").split('[').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether records with the same values here have several values there, each in several records.
fn splits(sight: &Sight, of: &[Option<&Seen>], seen: &Seen) -> bool {
    let of: Vec<&Seen> = of.iter().copied().flatten().collect();
    let together = sight.combinations(&[&of[..], &[seen]].concat());
    together > sight.combinations(&of) && sight.combinations(&[seen]) * 2 <= sight.count
}
