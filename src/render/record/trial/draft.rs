//! Owns a feed to start from, for records without a description: what can be recognized is filled in, marked as a
//! guess.

mod guess;

use std::fmt::Write as _;

use crate::domain::health::feed::foreign::meant;
use crate::domain::health::feed::trial::{Seen, Sight, Spelling};
use crate::domain::health::feed::{Format, NEAREST_KEY};
use crate::domain::value::duration::{format_millis, write_millis};
use crate::domain::value::name::Name;
use crate::domain::value::wording::one_line;
use crate::render::declare::manifest::name_text;
use guess::{Guess, meaning};

/// The most values of one name that are shown, and the most characters of each.
const MOST_SHOWN: usize = 6;
const LONGEST_SHOWN: usize = 60;
/// Lines of a text that are shown.
const FEW_LINES: usize = 3;
const LONGEST_LINE: usize = 110;
/// Observations are missing after this many did not come.
const MISSED: i64 = 3;
const MINUTE_MS: i64 = 60_000;

/// A feed that reads a file, as far as its content shows how.
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
        let _ = writeln!(text, "  records: {}  # guessed", name_text(records));
        if sight.is_cut {
            text.push_str("  # Only the beginning of the file was read: there may be other lists, and other values.\n");
        }
    }
    let noun = if sight.each.is_some() { "item" } else { "record" };
    if let Some(each) = &sight.each {
        let _ = writeln!(text, "  each: {}  # guessed: a record has several of them", name_text(each));
    }
    let of = if sight.count == 1 { noun.to_owned() } else { format!("{} {noun}s", sight.count) };
    let _ = writeln!(text, "  # Values in the first {of}:");
    for seen in &sight.values {
        let _ = writeln!(text, "{}", format!("  #   {}: {}", one_line(&seen.name), shown(&seen.distinct)).trim_end());
    }
    let guess = Guess::of(sight);
    text.push_str(&fields(&guess, &hint(sight, guess.system)));
    text.push_str(&values(&guess));
    text.push_str(&shape(&guess));
    text.push_str(&times(&guess));
    text.push_str("  slug: true\n");
    text
}

fn of_lines(sight: &Sight) -> String {
    let lines = sight.values.first().map_or(&[][..], |seen| &seen.distinct);
    let mut text = "  # The first lines are:\n".to_owned();
    for line in lines.iter().take(FEW_LINES) {
        let _ = writeln!(text, "  #   {}", cut(line, LONGEST_LINE));
    }
    let records = match separator(lines) {
        Some("\t") => ["ts", "system", "status"].map(|name| format!(r"(?<{name}>[^\t]*)")).join(r"\t"),
        Some(by) => ["ts", "system", "status"].map(|name| format!("(?<{name}>[^{by}]*)")).join(by),
        None => moment(lines.first().map_or("", |line| line)).to_owned() + r" (?<system>\S+) (?<status>\S+)",
    };
    text + "  # This expression is an example: name the parts of a line that you need. A line that none matches is rejected.\n"
        + &format!("  records: '^{records}'\n")
        + "  fields: { ts: ts, system: system, status: status }\n  \
           values: { status: { UP: healthy, DOWN: unhealthy } }  # for example\n  slug: true\n"
}

/// What separates the values of a table without a header: every line has equally many of it, at least two.
fn separator(lines: &[String]) -> Option<&'static str> {
    let counts = |by: &str| lines.iter().map(move |line| line.matches(by).count()).collect::<Vec<_>>();
    let separates =
        |counts: &[usize]| counts.first().is_some_and(|first| *first > 1 && counts.iter().all(|it| it == first));
    // Of a log, a comma may only separate the milliseconds.
    let is_log = lines.iter().any(|line| {
        let (_, rest) = line.split_once(',').unwrap_or_default();
        rest.len() > 3 && rest.as_bytes()[..3].iter().all(u8::is_ascii_digit) && rest.as_bytes()[3] == b' '
    });
    [",", ";", "\t"].into_iter().filter(|_| !is_log).find(|by| separates(&counts(by)))
}

/// The expression for the time at the start of a line: in brackets, as a date and a time, or as one word.
fn moment(line: &str) -> &'static str {
    let mut words = line.split_whitespace();
    let has_digit = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    match (words.next().unwrap_or_default(), words.next().unwrap_or_default()) {
        _ if line.starts_with('[') && line.contains(']') => r"\[(?<ts>[^\]]+)\]",
        (date, time) if has_digit(date) && has_digit(time) && time.contains(':') => r"(?<ts>\S+ \S+)",
        _ => r"(?<ts>\S+)",
    }
}

/// Some of the values of one name, on one line.
fn shown(distinct: &[String]) -> String {
    let mut text = String::new();
    for (index, value) in distinct.iter().enumerate() {
        if index > 0 {
            text.push_str(" | ");
        }
        if index == MOST_SHOWN || text.chars().count() > LONGEST_SHOWN {
            text.push('…');
            break;
        }
        text.push_str(&cut(value, LONGEST_SHOWN));
    }
    text
}

/// A value on one line, cut to `most` characters.
fn cut(value: &str, most: usize) -> String {
    let mut text: String = value.chars().take(most).flat_map(char::escape_debug).collect();
    // Nothing is in quotes here.
    text = text.replace("\\'", "'").replace("\\\"", "\"");
    if value.chars().nth(most).is_some() {
        text.push('…');
    }
    one_line(&text).into_owned()
}

fn field(field: &str, guess: Option<&Seen>) -> String {
    match guess {
        Some(seen) => format!("    {field}: {}  # guessed\n", name_text(&seen.name)),
        None => format!("    {field}: \"\"  # to fill in\n"),
    }
}

fn fields(guess: &Guess<'_>, hint: &str) -> String {
    let mut text = "  fields:\n".to_owned() + &field("ts", guess.ts);
    if let Some(end) = guess.end {
        text += &end_field(end);
    }
    text += &system_field(guess.system);
    text += hint;
    match (guess.end, guess.status) {
        (Some(_), None) => text += "    # status: …  # unhealthy, unless this says another\n",
        (_, status) => text += &field("status", status),
    }
    for (name, guessed) in [
        ("check", guess.check),
        ("location", guess.location),
        ("id", guess.id),
        ("updated", guess.updated),
        ("note", guess.note),
    ] {
        if guessed.is_some() {
            text += &field(name, guessed);
        }
    }
    text
}

/// The system; one value may name several.
fn system_field(system: Option<&Seen>) -> String {
    let split = |seen: &Seen| {
        let values = || seen.distinct.iter();
        [",", ";"].into_iter().find(|split| values().any(|value| value.contains(&format!("{split} "))))
    };
    match system.and_then(|seen| Some((&seen.name, split(seen)?))) {
        Some((name, split)) => {
            let name = name_text(name);
            let origin = format!("{{ from: {name}, split: \"{split}\" }}");
            format!("    system: {origin}  # guessed, to check: several systems in one value\n")
        }
        None => field("system", system),
    }
}

/// The system, if nothing in the records says it, and the key above them may; or if only the first of a list does.
fn hint(sight: &Sight, system: Option<&Seen>) -> String {
    // The key above an item is inside its record.
    let whole = sight.records.as_ref().filter(|_| sight.each.is_none());
    let above = whole.and_then(|path| path.strip_suffix("[*]")?.rsplit_once('.'));
    match (system, above) {
        (None, Some((above, key))) => {
            format!(
                "    # \"{NEAREST_KEY}\" is the key above a record ({}), for example with {above}.*[*]\n",
                one_line(key)
            )
        }
        (Some(seen), _) if seen.name.contains("[0]") => {
            let (list, rest) = seen.name.split_once("[0]").unwrap_or_default();
            format!(
                "    # the first of a list: for all of them, write each: {}[*] and @{rest}, and $. before other keys\n",
                one_line(list)
            )
        }
        _ => String::new(),
    }
}

/// The end of an incident: a placeholder for no time, such as a dash, is not one.
fn end_field(end: &Seen) -> String {
    let is_sign =
        |value: &String| !matches!(value.as_str(), "null" | "") && !value.contains(|c: char| c.is_ascii_digit());
    if !end.distinct.iter().any(is_sign) {
        return field("end", Some(end));
    }
    let name = name_text(&end.name);
    format!("    end: {{ from: {name}, match: '(.*[0-9].*)' }}  # guessed; without a number: still open\n")
}

/// The meaning of each status that was seen.
fn values(guess: &Guess<'_>) -> String {
    if guess.end.is_some() {
        return guess.status.map_or(String::new(), severities);
    }
    let seen = guess.status.map(|status| status.distinct.clone()).unwrap_or_default();
    let mut text =
        "  values:\n    status:  # for each value: healthy, degraded, unhealthy, unknown or skip\n".to_owned();
    if seen.is_empty() {
        return text + "      UP: healthy  # for example\n";
    }
    for value in seen {
        let name = guess.status.map_or("", |status| &status.name);
        let _ = match meant(&value).or_else(|| meaning(name, &value)) {
            Some(status) => writeln!(text, "      {}: {}  # guessed", name_text(&value), status.as_str()),
            None => writeln!(text, "      {}: \"\"  # to fill in", name_text(&value)),
        };
    }
    text
}

/// The meaning of each severity that was seen: an incident is an outage, unless it says less.
fn severities(status: &Seen) -> String {
    let mut text = "  values:\n    status:  # for each value: degraded, unhealthy or skip\n".to_owned();
    for value in status.distinct.iter().filter(|value| !value.is_empty()) {
        let meaning = match meant(value) {
            Some(status) if status.is_outage() => format!("{}  # guessed", status.as_str()),
            Some(_) => "skip  # guessed".to_owned(),
            None => "unhealthy  # to check".to_owned(),
        };
        let _ = writeln!(text, "      {}: {meaning}", name_text(value));
    }
    text + "      \"*\": unhealthy  # any other value, or none\n"
}

/// The kind of the records, if recognized.
fn shape(guess: &Guess<'_>) -> String {
    if guess.end.is_some() {
        return "  shape: intervals  # guessed, because there is a start and an end\n".to_owned();
    }
    let Some(period) = guess.period() else { return String::new() };
    let gap = ((MISSED * period + MINUTE_MS / 2) / MINUTE_MS * MINUTE_MS).max(MINUTE_MS);
    format!(
        "  shape: observations  # guessed, for there is a record every {}\n  \
         maxGap: {}  # guessed: without a record for so long, the status is unknown\n",
        format_millis(period),
        write_millis(gap)
    )
}

fn times(guess: &Guess<'_>) -> String {
    let Some(times) = guess.ts.and_then(|ts| ts.time.as_ref()) else { return String::new() };
    let mut text = String::new();
    if let Spelling::Format(format) = times.spelling {
        let _ = writeln!(text, "  timeFormat: {}  # guessed: %d is the day, %m the month", name_text(format));
    }
    if times.is_local {
        text.push_str("  timezone: UTC  # guessed: the times name no zone\n");
    }
    text
}
