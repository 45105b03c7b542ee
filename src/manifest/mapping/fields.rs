//! Owns reading typed values from a mapping: which fields it may have, their types, and messages for invalid ones.

use chrono_tz::Tz;

use super::shape::{Content, Shape};
use crate::domain::value::duration::{out_of_range, parse_millis};
use crate::domain::value::hours::zone_remedy;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::manifest::problem::{Position, Report};
use crate::manifest::wording::{closest, did_you_mean, or_list, quote};
use crate::manifest::yaml::tree::{Entry, Node, Value};

/// A mapping whose fields are known.
pub(in crate::manifest) struct Fields<'a> {
    /// Its path in the document, such as `spec.systemRef`; empty for the document itself.
    path: String,
    pub(in crate::manifest) at: Position,
    entries: &'a [Entry],
    shape: &'static Shape,
}

/// A value, its position, and its path for messages.
pub(in crate::manifest) struct Field<'a> {
    pub(in crate::manifest) path: String,
    pub(in crate::manifest) at: Position,
    pub(in crate::manifest) node: &'a Node,
}

impl<'a> Fields<'a> {
    /// The fields of a mapping; reports unknown ones. Reports and returns `None` if it is not a mapping.
    pub(in crate::manifest) fn of(field: &Field<'a>, shape: &'static Shape, report: &mut Report) -> Option<Self> {
        Self::around(field, shape, &[], report)
    }

    /// The same for a mapping around others, whose fields may be written beside them by mistake.
    pub(in crate::manifest) fn around(
        field: &Field<'a>,
        shape: &'static Shape,
        inner: &[(&str, &'static Shape)],
        report: &mut Report,
    ) -> Option<Self> {
        if let Some(example) = field.scalar().and_then(|text| shape.example(text)) {
            field.expected("a mapping", &format!("write {example}"), report);
            return None;
        }
        let entries = field.entries(report)?;
        for entry in entries.iter().filter(|entry| shape.field(&entry.key).is_none()) {
            let place = if field.path.is_empty() { String::new() } else { format!(" in {}", field.path) };
            let remedy = match inner.iter().find(|(_, inner)| inner.field(&entry.key).is_some()) {
                Some((name, _)) => format!("indent it below {name}:"),
                None => did_you_mean(&entry.key, shape.names()),
            };
            report.error(entry.key_at, format!("unknown field {}{place}", quote(&entry.key)), remedy);
        }
        Some(Self { path: field.path.clone(), at: field.at, entries, shape })
    }

    /// The field, unless it is absent or null.
    pub(in crate::manifest) fn get(&self, key: &str) -> Option<Field<'a>> {
        debug_assert!(self.shape.field(key).is_some(), "{key} is read, but not described");
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        let path = self.path_of(key);
        (!entry.value.is_null()).then_some(Field { path, at: entry.value.at, node: &entry.value })
    }

    /// The field; reports its absence.
    pub(in crate::manifest) fn require(&self, key: &str, remedy: &str, report: &mut Report) -> Option<Field<'a>> {
        let found = self.get(key);
        if found.is_none() && !self.has_misspelled(key) {
            let empty = self.entries.iter().find(|entry| entry.key == key);
            let (at, lack) = empty.map_or((self.at, "is missing"), |entry| (entry.key_at, "has no value"));
            report.error(at, format!("{} {lack}", self.path_of(key)), remedy);
        }
        found
    }

    /// Whether a misspelled field was probably meant as this one, so that its absence need not be reported too.
    pub(in crate::manifest) fn has_misspelled(&self, key: &str) -> bool {
        let unknown = self.entries.iter().filter(|entry| self.shape.field(&entry.key).is_none());
        let meant = |entry: &Entry| closest(&entry.key, self.shape.names());
        unknown.into_iter().any(|entry| meant(entry) == Some(key))
    }

    /// The text of a field, if it has one.
    pub(in crate::manifest) fn text(&self, key: &str, report: &mut Report) -> Option<String> {
        self.get(key)?.text(report).map(str::to_owned)
    }

    /// The flag in a field; `false` when absent.
    pub(in crate::manifest) fn flag(&self, key: &str, report: &mut Report) -> bool {
        debug_assert!(
            self.describes(key, |content| matches!(content, Content::Flag | Content::Truth(_))),
            "{key} is no flag"
        );
        let Some(field) = self.get(key) else { return false };
        match &field.node.value {
            Value::Scalar { text, plain: true } if text == "true" || text == "false" => text == "true",
            _ => {
                let like = match field.scalar().unwrap_or_default().to_lowercase().as_str() {
                    "true" | "yes" | "on" | "y" => "write true",
                    "false" | "no" | "off" | "n" => "write false",
                    _ => "",
                };
                field.expected("true or false", like, report);
                false
            }
        }
    }

    /// The items of a list; empty when absent.
    pub(in crate::manifest) fn list(&self, key: &str, report: &mut Report) -> Vec<Field<'a>> {
        let content = self.shape.field(key).map(|field| &field.content);
        debug_assert!(matches!(content, Some(Content::List(..))), "{key} is no list");
        let Some(field) = self.get(key) else { return Vec::new() };
        if let Some(Content::List(Content::Object(shape), _)) = content
            && let Some(example) = field.scalar().and_then(|text| shape.example(text))
        {
            field.expected("a list", &format!("write [{example}]"), report);
            return Vec::new();
        }
        field.items(report)
    }

    /// The value for a keyword, or `default` when absent.
    pub(in crate::manifest) fn word<T: Copy>(
        &self,
        key: &str,
        default: T,
        words: &[(&'static str, T)],
        report: &mut Report,
    ) -> T {
        let is_same = |content: &Content| matches!(content, Content::Word(known) if known().len() == words.len());
        debug_assert!(self.describes(key, is_same), "{key} does not match");
        self.get(key).and_then(|field| field.word(words, report)).unwrap_or(default)
    }

    /// Whether the shape's content of a field matches how it is read.
    fn describes(&self, key: &str, is: impl Fn(&Content) -> bool) -> bool {
        self.shape.field(key).is_some_and(|field| is(&field.content))
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { [&self.path, ".", key].concat() }
    }
}

impl<'a> Field<'a> {
    /// The entire document.
    pub(in crate::manifest) fn root(node: &'a Node) -> Self {
        Self { path: String::new(), at: node.at, node }
    }

    /// The entries of a mapping; reports and returns `None` if it is not one.
    pub(in crate::manifest) fn entries(&self, report: &mut Report) -> Option<&'a [Entry]> {
        if let Value::Map(entries) = &self.node.value {
            return Some(entries);
        }
        self.expected("a mapping", "", report);
        None
    }

    /// The items of a list; empty and reported if it is not one.
    pub(in crate::manifest) fn items(&self, report: &mut Report) -> Vec<Field<'a>> {
        let Value::List(items) = &self.node.value else {
            self.expected("a list", "write [ ] around it", report);
            return Vec::new();
        };
        let path = |index| format!("{}[{index}]", self.path);
        items.iter().enumerate().map(|(index, node)| Field { path: path(index), at: node.at, node }).collect()
    }

    /// The raw text of a scalar, quoted or not.
    pub(in crate::manifest) fn scalar(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar that is a text in YAML: numbers, booleans and null need quotes to be one.
    pub(in crate::manifest) fn text(&self, report: &mut Report) -> Option<&'a str> {
        let Value::Scalar { text, plain } = &self.node.value else {
            self.expected("a string", "", report);
            return None;
        };
        let Some(kind) = literal(text).filter(|_| *plain) else { return Some(text) };
        let message = match (text.as_str(), kind) {
            ("", _) => format!("{} must be a string, but has no value", self.path),
            (_, "null") => format!("{} must be a string, not {text}", self.path),
            _ => format!("{} must be a string, but {text} is {kind} in YAML", self.path),
        };
        report.error(self.at, message, format!("write \"{text}\""));
        None
    }

    /// A name of a system, check, objective or window.
    pub(in crate::manifest) fn name(&self, report: &mut Report) -> Option<Name> {
        let text = self.text(report)?;
        Name::parse(text)
            .map_err(|error| {
                let remedy = Name::like(text).map_or_else(String::new, |name| format!("write {name}"));
                report.error(self.at, format!("{} {}: {error}", self.path, quote(text)), remedy);
            })
            .ok()
    }

    /// The value for a keyword.
    pub(in crate::manifest) fn word<T: Copy>(&self, words: &[(&'static str, T)], report: &mut Report) -> Option<T> {
        let text = self.text(report)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("{} must be {}, not {}", self.path, or_list(known.iter().copied()), quote(text));
            let guess = closest(text, known).map(|guess| format!("did you mean {guess}?"));
            report.error(self.at, message, guess.unwrap_or_default());
        }
        found
    }

    /// An instant, in any form people type.
    pub(in crate::manifest) fn instant(&self, report: &mut Report) -> Option<Instant> {
        let Some(text) = self.scalar() else {
            self.expected("a time such as 2026-11-20T22:00:00Z", "", report);
            return None;
        };
        Instant::parse(text)
            .map_err(|error| report.error(self.at, format!("{} {} is {error}", self.path, quote(text)), ""))
            .ok()
    }

    /// An unquoted integer without a leading zero, which would be octal in YAML 1.1; reports nothing.
    pub(in crate::manifest) fn whole_number(&self) -> Option<u32> {
        let Value::Scalar { text, plain: true } = &self.node.value else { return None };
        let is_octal = text.len() > 1 && text.starts_with('0');
        (!is_octal && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
    }

    /// An integer from 1 to `most`.
    pub(in crate::manifest) fn count(&self, most: u32, report: &mut Report) -> Option<u32> {
        let found = self.whole_number().filter(|number| (1..=most).contains(number));
        if found.is_none() {
            self.expected(&format!("a whole number from 1 to {most}"), "", report);
        }
        found
    }

    /// A duration in milliseconds.
    pub(in crate::manifest) fn millis(&self, report: &mut Report) -> Option<i64> {
        let found = self.scalar().and_then(parse_millis);
        if found.is_none() {
            let shape = self.scalar().and_then(out_of_range).unwrap_or("a duration");
            self.expected(shape, "write it as 90s, 15m, 6h, 7d or 4w, up to 3650d", report);
        }
        found
    }

    /// A time zone of the IANA database.
    pub(in crate::manifest) fn zone(&self, report: &mut Report) -> Option<Tz> {
        let text = self.text(report)?;
        let found = text.parse().ok();
        if found.is_none() {
            let message = format!("{} {} is not a known time zone", self.path, quote(text));
            report.error(self.at, message, zone_remedy(text));
        }
        found
    }

    /// Reports a value of the wrong type.
    pub(in crate::manifest) fn expected(&self, shape: &str, remedy: &str, report: &mut Report) {
        let found = match &self.node.value {
            Value::Scalar { text, plain: true } if text.is_empty() => "empty".to_owned(),
            Value::Scalar { text, plain: true } if literal(text).is_some() => text.clone(),
            Value::Scalar { text, .. } => quote(text),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
        };
        let path = if self.path.is_empty() { "a manifest" } else { &self.path };
        report.error(self.at, format!("{path} must be {shape}, not {found}"), remedy);
    }
}

impl Node {
    /// Whether the value is empty or null.
    pub(in crate::manifest) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if literal(text) == Some("null"))
    }
}

/// The type of an unquoted text in YAML 1.2, if not text.
pub(in crate::manifest) fn literal(text: &str) -> Option<&'static str> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some("null"),
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => return Some("a boolean"),
        ".nan" | ".NaN" | ".NAN" => return Some("a number"),
        _ => {}
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let based = |prefix, radix| {
        text.strip_prefix(prefix).is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix)))
    };
    let decimal = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
        && unsigned.parse::<f64>().is_ok();
    let infinite = matches!(unsigned, ".inf" | ".Inf" | ".INF");
    (decimal || infinite || based("0x", 16) || based("0o", 8)).then_some("a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_yaml_takes_for_something_else_needs_quotes() {
        for (text, kind) in [
            ("1.10", Some("a number")),
            ("-1", Some("a number")),
            ("1e3", Some("a number")),
            ("0x1F", Some("a number")),
            (".inf", Some("a number")),
            ("True", Some("a boolean")),
            ("~", Some("null")),
            ("yes", None),
            ("1.2.3", None),
            ("2026-11-20", None),
            ("infinity", None),
            ("e3", None),
            ("0x", None),
            ("-", None),
        ] {
            assert_eq!(literal(text), kind, "{text}");
        }
    }
}
