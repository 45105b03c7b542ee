//! Owns a feed to start from, for records that nobody has described: what can be told of them is filled in, and said to be a guess.

use std::fmt::Write as _;

use crate::domain::health::feed::Format;
use crate::domain::health::transition::Status;
use crate::domain::health::trial::{Seen, Sight, Spelling};
use crate::domain::value::name::Name;
use crate::domain::value::wording::one_line;
use crate::render::declare::manifest::name_text;

/// The words by which a value is known: those that are its whole name, and those that are in it.
const STARTS: [&[&str]; 2] =
    [&["start", "begin"], &["start", "begin", "from", "opened", "down_at", "down time", "down since", "triggered"]];
const ENDS: [&[&str]; 2] =
    [&["end"], &["end", "resolved", "closed", "until", "recovered", "up_at", "up time", "up since", "finish"]];
const TIMES: [&[&str]; 2] =
    [&["ts", "time", "timestamp", "date", "datetime", "at", "when"], &["time", "date", "when", "at"]];
const SYSTEMS: [&[&str]; 2] = [
    &["system", "service", "host", "name", "monitor", "check", "site", "target", "url"],
    &["service", "system", "host", "monitor", "site", "name", "target"],
];
const STATUSES: [&[&str]; 2] = [&["status", "state", "result", "health"], &["status", "state", "result", "health"]];
/// When a record was last touched says nothing of what it tells.
const TOUCHED: [&str; 3] = ["updated", "modified", "deleted"];

/// What is taken for what.
struct Guess<'s> {
    ts: Option<&'s Seen>,
    /// Of incidents, which have a start, too.
    end: Option<&'s Seen>,
    system: Option<&'s Seen>,
    status: Option<&'s Seen>,
}

/// A feed that reads a file as far as it can be told by its looks.
pub(crate) fn draft(name: &str, file: &str, sight: &Sight) -> String {
    let name = Name::like(name).map_or("my-feed".to_owned(), |name| name.as_str().to_owned());
    let file = one_line(file);
    let mut text = format!(
        "# No built-in feed reads {file}. This one is a start: check what is guessed, and fill in what is missing.\n\
         # Then see what it makes of the file: slo feed try --feed THIS-FILE {file}\n\
         apiVersion: slo/v1\nkind: Feed\nmetadata: {{ name: {} }}\nspec:\n  format: {}\n",
        name_text(&name),
        sight.format.as_str()
    );
    if sight.format == Format::Text {
        text.push_str(&of_lines(sight));
        return text;
    }
    if let Some(records) = &sight.records {
        let _ = writeln!(text, "  records: {}", name_text(records));
    }
    text.push_str("  # The first record has:\n");
    for seen in &sight.values {
        let _ = writeln!(text, "  #   {}: {}", one_line(&seen.name), one_line(&seen.value));
    }
    let guess = Guess::of(&sight.values);
    text.push_str(&guess.fields());
    text.push_str(&guess.values());
    text.push_str(&guess.times());
    text.push_str("  slug: true\n");
    text
}

fn of_lines(sight: &Sight) -> String {
    let line = sight.values.first().map(|seen| seen.value.as_str()).unwrap_or_default();
    format!(
        "  # The first line is: {}\n  \
         # Name the parts of a line that you need; a line that no expression matches is rejected.\n  \
         records: '^(?<ts>\\S+) (?<system>\\S+) (?<status>\\S+)'\n  \
         fields: {{ ts: ts, system: system, status: status }}\n  \
         values: {{ status: {{ UP: healthy, DOWN: unhealthy }} }}\n  slug: true\n",
        one_line(line)
    )
}

/// The first value that is known by its whole name, else by a word in it.
fn find<'s>(values: &'s [Seen], words: [&[&str]; 2], is: impl Fn(&Seen) -> bool) -> Option<&'s Seen> {
    let [whole, within] = words;
    let name = |seen: &Seen| seen.name.to_lowercase();
    let known = |seen: &&Seen| is(seen) && !TOUCHED.iter().any(|word| name(seen).contains(word));
    let mut exact = values.iter().filter(known).filter(|seen| whole.contains(&name(seen).as_str()));
    let mut partly = values.iter().filter(known).filter(|seen| within.iter().any(|word| name(seen).contains(word)));
    exact.next().or_else(|| partly.next())
}

fn is_time(seen: &Seen) -> bool {
    seen.time.is_some()
}

/// A number, true or false: nobody can tell what it means.
fn is_code(value: &str) -> bool {
    value.parse::<f64>().is_ok() || matches!(value, "true" | "false" | "null" | "")
}

fn field(field: &str, guess: Option<&Seen>) -> String {
    match guess {
        Some(seen) => format!("    {field}: {}  # guessed\n", name_text(&seen.name)),
        None => format!("    {field}: \"\"  # to fill in\n"),
    }
}

impl<'s> Guess<'s> {
    fn of(values: &'s [Seen]) -> Self {
        let start = find(values, STARTS, is_time);
        // What is not over has no time there.
        let ends = |seen: &Seen| {
            is_time(seen) || seen.distinct.iter().all(|value| matches!(value.as_str(), "null" | "" | "-"))
        };
        let end = start.and_then(|_| find(values, ENDS, ends));
        let any_time = || values.iter().find(|seen| is_time(seen));
        let ts = end.and(start).or_else(|| find(values, TIMES, is_time)).or_else(any_time);
        let says = |seen: &Seen| {
            !is_time(seen)
                && seen.distinct.iter().any(|value| !is_code(value) && Status::parse(value.as_bytes()).is_some())
        };
        let not_time = |seen: &Seen| !is_time(seen);
        let status = find(values, STATUSES, not_time).or_else(|| values.iter().find(|seen| says(seen)));
        Self { ts, end, system: find(values, SYSTEMS, not_time), status }
    }

    fn fields(&self) -> String {
        let mut text = "  fields:\n".to_owned() + &field("ts", self.ts);
        let Some(end) = self.end else {
            return text + &field("system", self.system) + &field("status", self.status);
        };
        // A sign that stands for no time, such as a dash.
        let is_sign =
            |value: &String| !matches!(value.as_str(), "null" | "") && !value.contains(|c: char| c.is_ascii_digit());
        if end.distinct.iter().any(is_sign) {
            let name = name_text(&end.name);
            let _ = writeln!(
                text,
                "    end: {{ from: {name}, match: '(.*[0-9].*)' }}  # guessed; without a number: still open"
            );
        } else {
            text += &field("end", Some(end));
        }
        text += &field("system", self.system);
        text += "    # status: …  # unhealthy, unless this says another\n";
        text + "  shape: intervals  # guessed, because there is a start and an end\n"
    }

    /// What each status that was seen means.
    fn values(&self) -> String {
        if self.end.is_some() {
            return String::new();
        }
        let seen = self.status.map(|status| status.distinct.clone()).unwrap_or_default();
        let mut text =
            "  values:\n    status:  # for each value: healthy, degraded, unhealthy, unknown or skip\n".to_owned();
        for value in if seen.is_empty() { vec!["UP".to_owned()] } else { seen } {
            let known = Status::parse(value.as_bytes()).filter(|_| !is_code(&value));
            let _ = match known {
                Some(status) => writeln!(text, "      {}: {}  # guessed", name_text(&value), status.as_str()),
                None => writeln!(text, "      {}: \"\"  # to fill in", name_text(&value)),
            };
        }
        text
    }

    fn times(&self) -> String {
        match self.ts.and_then(|ts| ts.time) {
            Some(Spelling::Format(format)) => format!(
                "  timeFormat: {}  # guessed: %d is the day, %m the month\n  timezone: UTC  # guessed: the zone of times without an offset\n",
                name_text(format)
            ),
            _ => String::new(),
        }
    }
}
