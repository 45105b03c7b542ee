//! Owns files of incidents: JSON Lines or CSV in, checked incidents out, or every line that is none.

use std::io::Read;

use anyhow::Result;
use serde_json::{Map, Value};

use super::csv::Cutter;
use super::fields::{excerpt, quote};
use super::input::Input;
use super::json;
use super::records::{Cut, Records, without_return};
use crate::domain::rules::episode::Episode;
use crate::domain::rules::incident::Incident;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::failure::Failure;

/// The most bad lines that are named one by one.
const MOST_NAMED: usize = 10;

const SHAPE: &str = "write one incident a line: {\"id\": …, \"start\": …, \"end\": …, \"objective\": … or \"system\": …, \
                     \"impact\": …}, of which only start is needed, or CSV with a header of such names";

/// A field of an incident.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Field {
    Id,
    Start,
    End,
    Objective,
    System,
    Impact,
}

impl Field {
    const COUNT: usize = 6;

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Self::Id,
            "start" | "startTime" => Self::Start,
            "end" | "endTime" => Self::End,
            "objective" | "objectiveId" => Self::Objective,
            "system" | "systemId" | "service" => Self::System,
            "impact" => Self::Impact,
            _ => return None,
        })
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Start => "start",
            Self::End => "end",
            Self::Objective => "objective",
            Self::System => "system",
            Self::Impact => "impact",
        }
    }
}

/// Whether a title of a column says that it holds the start of incidents.
pub(super) fn is_start(title: &str) -> bool {
    Field::named(title) == Some(Field::Start)
}

/// The values of one line; absent, `null` and empty are the same.
#[derive(Default)]
struct Fields([Option<String>; Field::COUNT]);

impl Fields {
    fn set(&mut self, field: Field, value: String) -> Result<(), String> {
        let place = &mut self.0[field as usize];
        if place.is_some() {
            return Err(format!("{} is given twice", field.as_str()));
        }
        *place = Some(value).filter(|value| !value.is_empty());
        Ok(())
    }

    fn moment(&self, field: Field) -> Result<Option<Instant>, String> {
        let Some(text) = &self.0[field as usize] else { return Ok(None) };
        let explain = |error| format!("{} {} is {error}", field.as_str(), quote(text.as_bytes()));
        Instant::parse(text).map(Some).map_err(explain)
    }

    fn name(&self, field: Field) -> Result<Option<Name>, String> {
        let Some(text) = &self.0[field as usize] else { return Ok(None) };
        let explain = |error| format!("{} {}: {error}", field.as_str(), quote(text.as_bytes()));
        Name::parse(text).map(Some).map_err(explain)
    }

    fn incident(mut self) -> Result<Incident, String> {
        let start = self.moment(Field::Start)?.ok_or("start is missing (also called startTime)")?;
        let end = self.moment(Field::End)?;
        if let Some(end) = end.filter(|end| *end < start) {
            return Err(format!("end {end} lies before start {start}"));
        }
        Ok(Incident {
            episode: Episode { start, end },
            objective: self.name(Field::Objective)?,
            system: self.name(Field::System)?,
            id: self.0[Field::Id as usize].take(),
            impact: self.0[Field::Impact as usize].take(),
        })
    }
}

/// What the input turned out to be.
enum Shape {
    Untold,
    Lines,
    Table(Box<Cutter>, Vec<Option<Field>>),
}

/// Reads every incident of an input, in its order.
///
/// # Errors
/// When it cannot be read, or any line is not an incident; up to ten such lines are named with the reason.
pub(crate) fn read_incidents(input: impl Read) -> Result<Vec<Incident>> {
    let mut records = Records::new(Input::new(input));
    let (mut found, mut bad) = (Vec::new(), Vec::new());
    let mut shape = Shape::Untold;
    loop {
        let delimiter = if let Shape::Table(cutter, _) = &shape { Some(cutter.delimiter()) } else { None };
        let (line, told) = match records.next(delimiter)? {
            None => break,
            Some(Cut::Overlong { first: false, .. }) => continue,
            Some(Cut::Overlong { line, .. }) => (line, Err("longer than 1 MiB".to_owned())),
            Some(Cut::Record { line, broken: true, .. }) => {
                (line, Err("a quote is not closed, or text follows a closing one".to_owned()))
            }
            Some(Cut::Record { raw, line, .. }) => {
                let raw = without_return(raw);
                if raw.trim_ascii().is_empty() {
                    continue;
                }
                (line, learn(&mut shape, raw))
            }
        };
        match told {
            Ok(Some(incident)) => found.push(incident),
            Ok(None) => {}
            Err(reason) => bad.push(format!("line {line}: {reason}")),
        }
        if matches!(shape, Shape::Untold) && !bad.is_empty() {
            break;
        }
    }
    if bad.is_empty() {
        return Ok(found);
    }
    let more = bad.len().saturating_sub(MOST_NAMED);
    bad.truncate(MOST_NAMED);
    if more > 0 {
        bad.push(format!("and {more} more"));
    }
    Err(Failure::new(bad.join("\n  "), SHAPE))
}

/// The incident of a line; `None` when it is a header.
fn learn(shape: &mut Shape, raw: &[u8]) -> Result<Option<Incident>, String> {
    let text = std::str::from_utf8(raw)
        .map_err(|error| format!("not UTF-8 from byte {} on: {}", error.valid_up_to() + 1, quote(raw)))?;
    if matches!(shape, Shape::Untold) {
        if json::goes_on(raw) {
            return Err(format!("JSON over several lines, not one object a line: {}", excerpt(raw)));
        }
        if text.trim_start().starts_with('{') {
            *shape = Shape::Lines;
        } else {
            *shape = header(text)?;
            return Ok(None);
        }
    }
    let fields = match shape {
        Shape::Table(cutter, columns) => row(cutter, columns, raw)?,
        Shape::Lines | Shape::Untold => object(text)?,
    };
    fields.incident().map(Some)
}

fn header(text: &str) -> Result<Shape, String> {
    let mut best: Option<(Cutter, Vec<Option<Field>>)> = None;
    for delimiter in [b',', b';', b'\t'] {
        let mut cutter = Cutter::new(delimiter);
        let count = cutter.cut(text.as_bytes());
        let columns: Vec<_> =
            (0..count).map(|index| Field::named(String::from_utf8_lossy(cutter.field(index)).trim())).collect();
        let known = |columns: &[Option<Field>]| columns.iter().flatten().count();
        if best.as_ref().is_none_or(|(_, others)| known(&columns) > known(others)) {
            best = Some((cutter, columns));
        }
    }
    match best {
        Some((cutter, columns)) if columns.contains(&Some(Field::Start)) => Ok(Shape::Table(Box::new(cutter), columns)),
        _ => Err(format!("neither a JSON object nor a CSV header with a column start: {}", excerpt(text.as_bytes()))),
    }
}

fn row(cutter: &mut Cutter, columns: &[Option<Field>], raw: &[u8]) -> Result<Fields, String> {
    let count = cutter.cut(raw);
    if count != columns.len() {
        return Err(format!("{count} fields, the header has {}", columns.len()));
    }
    let mut fields = Fields::default();
    for (index, field) in columns.iter().enumerate() {
        if let Some(field) = field {
            fields.set(*field, String::from_utf8_lossy(cutter.field(index)).trim().to_owned())?;
        }
    }
    Ok(fields)
}

fn object(text: &str) -> Result<Fields, String> {
    let object: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        let reason = error.to_string().replace(" at line 1 column ", " at column ");
        format!("not a JSON object: {reason}: {}", excerpt(text.as_bytes()))
    })?;
    let mut fields = Fields::default();
    for (name, value) in object {
        let Some(field) = Field::named(&name) else { continue };
        match value {
            Value::Null => {}
            Value::String(text) => fields.set(field, text)?,
            Value::Number(number) if !matches!(field, Field::Objective | Field::System) => {
                fields.set(field, number.to_string())?;
            }
            other => return Err(format!("{} {} is not text", field.as_str(), excerpt(other.to_string().as_bytes()))),
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Incident>, String> {
        read_incidents(text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn json_lines_and_csv_give_the_same_incidents() {
        let lines = r#"{"id":"a","start":"2026-01-02T00:00:00Z","end":"2026-01-02T01:00:00Z","impact":"major","components":["x"]}

{"id":7,"startTime":1767312000,"end":null,"system":"web"}
{"start":"2026-01-03","end":"2026-01-03","objectiveId":"o/1"}
"#;
        let csv = "id;startTime;end;service;objective;impact;components\r\n\
                   a;2026-01-02;2026-01-02T01:00:00Z;;;major;\"x;\ny\"\r\n7;2026-01-02;;web;;;\n;2026-01-03;2026-01-03;;o/1;;\n";
        let (from_lines, from_csv) = (read(lines).unwrap(), read(csv).unwrap());
        assert_eq!(from_lines, from_csv);
        assert_eq!(from_lines.len(), 3);
        assert_eq!(from_lines[1].episode.end, None);
        assert_eq!(from_lines[1].system.as_ref().map(Name::as_str), Some("web"));
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn every_bad_line_is_named_with_its_reason() {
        for (text, expected) in [
            ("hello", "line 1: neither a JSON object nor a CSV header with a column start: hello"),
            ("[1]", "line 1: neither a JSON object nor a CSV header with a column start: [1]"),
            ("{\"end\":1}", "line 1: start is missing (also called startTime)"),
            ("{\"start\":true}", "line 1: start true is not text"),
            ("{\"start\":\"soon\"}", "line 1: start \"soon\" is not a time"),
            (
                "{\"start\":1763640020,\"end\":1763640010}",
                "line 1: end 2025-11-20T12:00:10.000Z lies before start 2025-11-20T12:00:20.000Z",
            ),
            ("{\"start\":1763640000,\"startTime\":1763640000}", "line 1: start is given twice"),
            ("{\"start\":1763640000,\"system\":3}", "line 1: system 3 is not text"),
            ("{\"start\":1763640000,\"system\":\"a b\"}", "line 1: system \"a b\":"),
            ("{\"start\":1763640000", "line 1: JSON over several lines, not one object a line: {"),
            (
                "{\"start\":1763640000}\n{}\n{\"start\":1763640000}\nx",
                "line 2: start is missing (also called startTime)\n  line 4: not a JSON",
            ),
            ("start,end\n1", "line 2: 1 fields, the header has 2"),
            ("start,end\n1763640000,\"2", "line 2: a quote is not closed"),
            ("id,end\n1,2", "line 1: neither"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
        let many = read(&"{}\n".repeat(12)).unwrap_err();
        assert!(many.ends_with("line 10: start is missing (also called startTime)\n  and 2 more"), "{many}");
        let binary = read_incidents(&b"{\"start\":\xff}"[..]).unwrap_err().to_string();
        assert!(binary.starts_with("line 1: not UTF-8 from byte 10 on"), "{binary}");
    }
}
