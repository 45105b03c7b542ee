//! Owns examining records without a feed: where they are, and their values.

mod tree;

use std::collections::HashMap;
use std::io::Read;

use serde_json::Value;

use super::moments;
use super::text::Text;
use crate::domain::health::feed::Format;
use crate::domain::health::feed::trial::{Seen, Sight, Spelling, Times};
use crate::domain::value::instant::Instant;
use crate::feed::csv::{Cutter, DELIMITERS};
use crate::feed::input::Input;
use crate::feed::records::without_return;

/// The most records examined, values of one record, and distinct values under one name.
const MOST_RECORDS: usize = 5000;
const MOST_VALUES: usize = 60;
const MOST_DISTINCT: usize = 12;
/// A list of plain values with at most this many, such as a time and a number, is shown in full.
const LONGEST_SAMPLE: usize = 4;
/// A number with fewer digits is not taken as a time.
const SHORTEST_TIME: usize = 8;

/// Formats of times that programs and people write, besides the usual ones; of those that read equally many values the
/// first wins.
const FORMATS: [&str; 22] = [
    "%d-%b-%Y %I:%M:%S %p",
    "%d-%b-%Y %I:%M %p",
    "%d-%b-%Y %H:%M:%S",
    "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M",
    "%b %d, %Y %I:%M:%S %p",
    "%b %d, %Y %I:%M %p",
    "%b %d, %Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%a, %d %b %Y %H:%M:%S %z",
    "%Y-%m-%d %I:%M:%S %p",
    "%Y-%m-%d %H:%M:%S UTC",
];

/// The values of one record, by the name a field may use.
type Values = Vec<(String, String)>;

/// Examines the beginning of an input.
pub(crate) fn look(beginning: &[u8]) -> Option<Sight> {
    let text = String::from_utf8_lossy(beginning);
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with(['{', '[']) {
        let is_whole = || serde_json::from_str::<Value>(start).is_ok();
        return tree(start).or_else(|| if is_whole() { None } else { lines(start) });
    }
    table(start.as_bytes()).or_else(|| yaml(start)).or_else(|| lines(start))
}

/// The values of these records, of which there is at least one.
fn sight(format: Format, records: Option<String>, each: Option<String>, all: Vec<Values>) -> Option<Sight> {
    if all.is_empty() {
        return None;
    }
    let count = all.len();
    let mut columns: Vec<(String, Vec<Option<String>>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (record, values) in all.into_iter().enumerate() {
        for (name, value) in values {
            let place = *places.entry(name).or_insert_with_key(|name| {
                columns.push((name.clone(), vec![None; count]));
                columns.len() - 1
            });
            columns[place].1[record] = Some(value);
        }
    }
    columns.truncate(MOST_VALUES);
    let values = columns.into_iter().map(|(name, values)| seen(name, &values)).collect();
    Some(Sight { format, records, each, is_cut: false, count, values })
}

/// A summary of the values of all records under one name.
fn seen(name: String, values: &[Option<String>]) -> Seen {
    let (mut distinct, mut numbers) = (Vec::new(), HashMap::new());
    let mut number = |value: &String| {
        let next = numbers.len() as u32;
        *numbers.entry(value.clone()).or_insert_with(|| {
            if distinct.len() < MOST_DISTINCT {
                distinct.push(value.clone());
            }
            next
        })
    };
    let labels = values.iter().map(|value| value.as_ref().map(&mut number)).collect();
    let time = spelling(&distinct).map(|spelling| {
        let format = if let Spelling::Format(format) = spelling { Some(format) } else { None };
        let is_local = distinct.iter().any(|value| moments::is_local(format, value.trim()));
        Times { spelling, is_local, moments: moments::all(format, values.iter().map(Option::as_deref)) }
    });
    Seen { name, distinct, labels, time }
}

/// The format of the times among some values, if any.
fn spelling(values: &[String]) -> Option<Spelling> {
    let is_usual = |value: &String| value.len() >= SHORTEST_TIME && Instant::parse(value).is_ok();
    if values.iter().any(is_usual) {
        return Some(Spelling::Usual);
    }
    let count = |format: &str| values.iter().filter(|value| moments::reads(format, value.trim())).count();
    let counts = FORMATS.iter().map(|format| (*format, count(format))).filter(|(_, count)| *count > 0);
    let best = counts.reduce(|best, other| if other.1 > best.1 { other } else { best });
    best.map(|(format, _)| Spelling::Format(format))
}

fn tree(text: &str) -> Option<Sight> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let Some(Ok(first)) = values.next() else {
        // Only the beginning is there.
        let beginning: Value = serde_json::from_str(&tree::closed(text)?).ok()?;
        return document(&beginning).map(|sight| Sight { is_cut: true, ..sight });
    };
    let goes_on = text[values.byte_offset()..].trim_start().starts_with('{');
    let one_a_line = text.lines().next().is_some_and(|line| serde_json::from_str::<Value>(line).is_ok());
    if first.is_object() && one_a_line {
        let more = values.map_while(Result::ok).filter(Value::is_object).take(MOST_RECORDS);
        let records: Vec<Value> = std::iter::once(first.clone()).chain(more).collect();
        if goes_on {
            let (each, all) = tree::items(&tree::unnamed(&records));
            return sight(Format::Jsonl, None, each, all);
        }
    }
    document(&first)
}

fn document(tree: &Value) -> Option<Sight> {
    let found = tree::records(tree)?;
    sight(Format::Json, Some(found.records), found.each, found.all)
}

/// A list of mappings, or a mapping that contains one.
fn yaml(text: &str) -> Option<Sight> {
    let mut json = Vec::new();
    // Keep what was read before a fault or the end of the beginning.
    drop(Text::new(Input::new(text.as_bytes()), Format::Yaml).read_to_end(&mut json));
    let sight = tree(std::str::from_utf8(&json).ok()?.trim_start())?;
    Some(Sight { format: Format::Yaml, records: sight.records.or_else(|| Some("$".to_owned())), ..sight })
}

fn table(text: &[u8]) -> Option<Sight> {
    let mut lines = text.split(|byte| *byte == b'\n').map(without_return).filter(|line| !line.is_empty());
    let header = lines.next()?;
    let cutters = DELIMITERS.map(Cutter::new);
    let (count, mut cutter) =
        cutters.into_iter().map(|mut cutter| (cutter.cut(header), cutter)).max_by_key(|(count, _)| *count)?;
    let texts = |cutter: &Cutter| -> Vec<String> {
        (0..count).map(|index| String::from_utf8_lossy(cutter.field(index)).trim().to_owned()).collect()
    };
    let titles = texts(&cutter);
    let is_title = |title: &String| {
        // A line of a log has its time somewhere.
        let is_clock = |at: &[u8]| at[2] == b':' && [0, 1, 3, 4].iter().all(|digit| at[*digit].is_ascii_digit());
        let has_time = || spelling(std::slice::from_ref(title)).is_some() || title.as_bytes().windows(5).any(is_clock);
        !title.is_empty() && title.parse::<f64>().is_err() && !has_time()
    };
    if count < 2 || !titles.iter().all(is_title) {
        return None;
    }
    let mut all: Vec<Values> = Vec::new();
    for line in lines.take(MOST_RECORDS) {
        if cutter.cut(line) == count {
            all.push(titles.iter().cloned().zip(texts(&cutter)).collect());
        } else if all.is_empty() {
            return None;
        }
    }
    sight(Format::Csv, None, None, all)
}

/// Lines of text, each with the line as its only value.
fn lines(text: &str) -> Option<Sight> {
    text.lines().next().filter(|line| !line.contains('\0'))?;
    let all = text.lines().filter(|line| !line.trim().is_empty()).take(MOST_RECORDS);
    sight(Format::Text, None, None, all.map(|line| vec![("line".to_owned(), line.to_owned())]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<(Format, String, Vec<String>)> {
        let sight = look(text.as_bytes())?;
        let values = sight.values.into_iter().map(|seen| format!("{}={}", seen.name, seen.distinct[0])).collect();
        Some((sight.format, sight.records.unwrap_or_default(), values))
    }

    #[test]
    fn records_are_found_with_their_values() {
        for (text, format, records, values) in [
            ("a;b c\n1;x\n", Format::Csv, "", &["a=1", "b c=x"][..]),
            ("{\"a\":1}\n{\"a\":2}\n", Format::Jsonl, "", &["a=1"]),
            ("[{\"a\":{\"b c\":[{\"d\":null}]}}]", Format::Json, "$[*]", &["$.a['b c'][0].d=null"]),
            ("{\"n\":1,\"data\":{\"rows\":[{\"a\":\"x\"}]}}", Format::Json, "$.data.rows[*]", &["a=x"]),
            ("{\"rows\":[{\"a\":\"x\"},{\"a\":", Format::Json, "$.rows[*]", &["a=x"]),
            ("incidents:\n- a: x\n  b: [1]\n- a:", Format::Yaml, "$.incidents[*]", &["a=x", "$.b[0]=1"]),
            ("[{\"v\":[1,\"0\"],\"l\":[1,2,3,4,5]}]", Format::Json, "$[*]", &["$.v[0]=1", "$.v[1]=0", "$.l[0]=1"]),
            ("- a: 1\n", Format::Yaml, "$[*]", &["a=1"]),
            ("{\"rows\":{\"web\":[{\"a\":1}],\"db\":[{\"a\":2}]}}", Format::Json, "$.rows.*[*]", &["#key=web", "a=1"]),
            ("{\"web\":{\"a\":1},\"db\":{\"a\":2,\"b\":[]}}", Format::Json, "$.*", &["#key=web", "a=1"]),
            ("{\"rows\":[{\"a\":\"x,]\\\"\"},{\"a\":[2,3", Format::Json, "$.rows[*]", &["a=x,]\"", "$.a[0]=2"]),
            ("{\n\"at\":\"2026-11-20T10:00:00Z\"}", Format::Json, "$", &["at=2026-11-20T10:00:00Z"]),
            ("2026-11-20 web is down\n", Format::Text, "", &["line=2026-11-20 web is down"]),
        ] {
            let values = values.iter().map(|&value| value.to_owned()).collect();
            assert_eq!(shown(text), Some((format, records.to_owned(), values)), "{text}");
        }
        assert_eq!(shown(""), None);
        assert_eq!(shown("{\"2026-11-20\":\"up, with a comma\"}"), None);
        let log = "Nov  1 00:00:00 a: web is UP, took 3ms\nNov  1 00:01:00 a: web is UP, took 3ms\n";
        assert_eq!(shown(log).map(|found| found.0), Some(Format::Text));
        assert_eq!(shown("\0\0"), None);
    }

    #[test]
    fn items_that_say_what_their_record_does_not_are_read_each() {
        let found = |text: &str| {
            let sight = look(text.as_bytes()).unwrap();
            let names: Vec<String> = sight.values.into_iter().map(|seen| seen.name).collect();
            (sight.records.unwrap_or_default(), sight.each.unwrap_or_default(), names.join(" "), sight.count)
        };
        let expected = |records: &str, each: &str, names: &str, count| {
            (records.to_owned(), each.to_owned(), names.to_owned(), count)
        };
        let time = "2026-11-20T10:00:00Z";
        let text =
            format!(r#"[{{"name":"a","runs":[{{"when":"{time}","ok":true}},{{"when":"{time}"}}]}},{{"runs":[]}}]"#);
        assert_eq!(found(&text), expected("$[*]", "$.runs[*]", "when ok $.name", 2));
        let text = format!(r#"{{"data":[{{"of":{{"name":"a"}},"values":[["{time}","up"],["{time}","down"]]}}]}}"#);
        assert_eq!(found(&text), expected("$.data[*]", "$.values[*]", "@[0] @[1] $.of.name", 2));
        let text = format!(r#"{{"at":"{time}","checks":[{{"name":"a","ok":true}},{{"name":"b","ok":false}}]}}"#);
        assert_eq!(found(&format!("{text}\n{text}")), expected("", "$.checks[*]", "name ok $.at", 4));
        let text = format!(r#"{{"a":[["{time}","up"]],"b":[["{time}","down"]]}}"#);
        assert_eq!(found(&text), expected("$.*[*]", "", "#key @[0] @[1]", 2));
        // A second line that is cut makes JSON Lines, too.
        let text = format!("{{\"host\":\"a\",\"runs\":[{{\"at\":\"{time}\",\"in\":[1]}}]}}\n{{\"host\":");
        assert_eq!(found(&text), expected("", "$.runs[*]", "at @.in[0] $.host", 1));
        // The first list may be about something else.
        let text = format!(r#"{{"columns":[{{"name":"ts"}}],"rows":[{{"ts":"{time}","status":"up"}}]}}"#);
        assert_eq!(found(&text), expected("$.rows[*]", "", "ts status", 1));
        // What happened in an incident is no record.
        let text = format!(r#"[{{"from":"{time}","status":"resolved","updates":[{{"at":"{time}","status":"up"}}]}}]"#);
        assert_eq!(found(&text).1, "");
    }

    #[test]
    fn different_values_are_gathered_and_times_are_told_by_their_looks() {
        let text = "When,What\n10/02/2026 10:00,up\n13/02/2026 11:00,down\n-,up\n";
        let sight = look(text.as_bytes()).unwrap();
        let time = sight.values[0].time.as_ref().unwrap();
        assert_eq!((time.spelling, time.is_local), (Spelling::Format("%d/%m/%Y %H:%M"), true));
        assert_eq!(time.moments.iter().flatten().count(), 2);
        assert_eq!(sight.values[1].distinct, ["up", "down"]);
        for (value, expected) in [
            ("1790933410000", Some(Spelling::Usual)),
            ("2026-10-01T12:00:00.000000+02:00", Some(Spelling::Usual)),
            ("02-Oct-2026 10:00:12 AM", Some(Spelling::Format("%d-%b-%Y %I:%M:%S %p"))),
            ("Oct 01, 2026 10:00 AM", Some(Spelling::Format("%b %d, %Y %I:%M %p"))),
            ("812", None),
            ("a word", None),
        ] {
            assert_eq!(spelling(&[value.to_owned()]), expected, "{value}");
        }
    }
}
