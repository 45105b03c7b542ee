//! Owns feeds: how the records of another program become transitions.

pub(crate) mod foreign;
pub(crate) mod time_format;
pub(crate) mod trial;

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::transition::Status;
use crate::domain::value::name::Name;

/// A description of somebody else's records.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Feed {
    pub(crate) name: Name,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) format: Format,
    /// Separates CSV columns; `None`: detected from the header.
    pub(crate) delimiter: Option<u8>,
    /// At least one, tried in order.
    pub(crate) kinds: Vec<Kind>,
    /// How times are written, tried in order; empty: the usual formats.
    pub(crate) time_formats: Vec<String>,
    /// For times without an offset; `None` is UTC.
    pub(crate) zone: Option<Tz>,
    /// Whether invalid names are turned into valid ones.
    pub(crate) slug: bool,
    /// Whether texts that become the same name are one name; otherwise the second text is rejected.
    pub(crate) merges_names: bool,
    /// Of observations: the longest gap between two; after a longer one the status becomes unknown.
    pub(crate) max_gap_ms: Option<i64>,
}

/// How the bytes of a feed are cut into records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    Csv,
    Jsonl,
    Json,
    Yaml,
    Text,
    Sqlite,
}

impl Format {
    pub(crate) const ALL: [Self; 6] = [Self::Csv, Self::Jsonl, Self::Json, Self::Yaml, Self::Text, Self::Sqlite];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Text => "text",
            Self::Sqlite => "sqlite",
        }
    }

    /// The unit its records are counted in.
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::Sqlite => "row",
            _ => "line",
        }
    }

    /// Whether its records are trees, whose values JSONPath selects.
    pub(crate) const fn is_tree(self) -> bool {
        matches!(self, Self::Jsonl | Self::Json | Self::Yaml)
    }

    /// Whether its records are inside a document, which is walked while it is read.
    pub(crate) const fn is_document(self) -> bool {
        matches!(self, Self::Json | Self::Yaml)
    }
}

/// The form of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// A status from an instant on.
    Transitions,
    /// A status from a start to an end, which may be open: an incident.
    Intervals,
    /// A status seen at an instant.
    Observations,
    /// Planned work that begins or ends, or has a start and an end; it sets no status.
    Maintenance,
}

impl Shape {
    pub(crate) const ALL: [Self; 4] = [Self::Transitions, Self::Intervals, Self::Observations, Self::Maintenance];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Transitions => "transitions",
            Self::Intervals => "intervals",
            Self::Observations => "observations",
            Self::Maintenance => "maintenance",
        }
    }
}

/// One kind of record of a feed.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Kind {
    /// Where its records are: a JSONPath, a regular expression or a SELECT, depending on the format.
    pub(crate) records: Option<String>,
    /// A JSONPath to the items of a record, each of which becomes a record.
    pub(crate) each: Option<String>,
    /// Whether its records are expected and ignored.
    pub(crate) skip: bool,
    pub(crate) shape: Shape,
    pub(crate) fields: BTreeMap<Field, Vec<Origin>>,
    pub(crate) values: BTreeMap<Field, BTreeMap<String, Meaning>>,
}

/// A field of a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Field {
    Ts,
    End,
    Updated,
    Id,
    System,
    Check,
    Location,
    Source,
    Status,
    Note,
    Objective,
    Impact,
}

impl Field {
    pub(crate) const ALL: [Self; 12] = [
        Self::Ts,
        Self::End,
        Self::Updated,
        Self::Id,
        Self::System,
        Self::Check,
        Self::Location,
        Self::Source,
        Self::Status,
        Self::Note,
        Self::Objective,
        Self::Impact,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ts => "ts",
            Self::End => "end",
            Self::Updated => "updated",
            Self::Id => "id",
            Self::System => "system",
            Self::Check => "check",
            Self::Location => "location",
            Self::Source => "source",
            Self::Status => "status",
            Self::Note => "note",
            Self::Objective => "objective",
            Self::Impact => "impact",
        }
    }
}

/// The origin of a field's value.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Origin {
    pub(crate) from: From,
    /// A regular expression whose first group is used in place of the value.
    pub(crate) part: Option<String>,
    /// Of a system: what separates several in the value.
    pub(crate) split: Option<String>,
}

/// The origin of a text.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum From {
    /// The same for all records.
    Constant(String),
    /// The value of a column, a key, a group, a path, or of [`NEAREST_KEY`] or [`FILE_NAME`].
    Value(String),
    /// Texts and values, concatenated.
    Template(Vec<Piece>),
}

/// A piece of a template.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Piece {
    Text(String),
    Value(String),
}

impl Piece {
    /// The value it names.
    pub(crate) fn value(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Value(name) => Some(name),
        }
    }
}

/// The key under which a record, or the list it is in, is found.
pub(crate) const NEAREST_KEY: &str = "#key";
/// The name of the file, without folder and extension.
pub(crate) const FILE_NAME: &str = "#file";
/// Any value that a map does not list.
pub(crate) const ANY_VALUE: &str = "*";

/// The meaning of a field's value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Meaning {
    Status(Status),
    /// Planned work is in progress; as a status: unknown.
    Maintenance,
    /// The record is ignored.
    Skip,
    /// The value does not say the status: the next origin of the field decides.
    Next,
    Text(String),
}

impl Meaning {
    /// The words a status may be mapped to.
    pub(crate) const OF_STATUS: [(&str, Self); 7] = [
        ("healthy", Self::Status(Status::Healthy)),
        ("degraded", Self::Status(Status::Degraded)),
        ("unhealthy", Self::Status(Status::Unhealthy)),
        ("unknown", Self::Status(Status::Unknown)),
        ("maintenance", Self::Maintenance),
        ("skip", Self::Skip),
        ("next", Self::Next),
    ];
}

/// Splits a template at its braces; `None` if they do not pair or are empty.
pub(crate) fn pieces(template: &str) -> Option<Vec<Piece>> {
    let (mut pieces, mut rest) = (Vec::new(), template);
    while let Some(open) = rest.find(['{', '}']) {
        let (text, after) = rest.split_at(open);
        let inner = after.strip_prefix('{')?;
        let close = inner.find('}')?;
        let name = inner[..close].trim();
        if name.is_empty() || name.contains('{') {
            return None;
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text.to_owned()));
        }
        pieces.push(Piece::Value(name.to_owned()));
        rest = &inner[close + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Some(pieces)
}

/// Splits a JSONPath (RFC 9535, or relative to an item, `@`, or above it, `^`) into its leading names and wildcards,
/// and the rest.
pub(crate) fn steps(path: &str) -> Option<(Vec<Step>, &str)> {
    let mut rest = path.strip_prefix(['$', '@', '^'])?;
    let mut steps = Vec::new();
    while let Some((step, after)) = step(rest) {
        steps.push(step);
        rest = after;
    }
    Some((steps, rest))
}

/// Splits the path to records into the steps that are followed while a document is read, and the rest, which is applied to
/// what is found there. A rest with `$`, the whole document, keeps all of the path.
pub(crate) fn way(path: &str) -> Option<(Vec<Step>, &str)> {
    let (steps, rest) = steps(path)?;
    Some(if has_root(rest) { (Vec::new(), &path[1..]) } else { (steps, rest) })
}

/// Whether a part of a path refers to the whole document.
pub(crate) fn has_root(path: &str) -> bool {
    quoted(path).any(|(_, c, around)| c == '$' && around.is_none())
}

/// The characters of a path, each with its index and the quotation mark around it, if any.
pub(crate) fn quoted(path: &str) -> impl Iterator<Item = (usize, char, Option<char>)> {
    path.char_indices().scan((None, false), |(quote, is_escaped), (at, c)| {
        let around = *quote;
        match around {
            Some(_) if *is_escaped => *is_escaped = false,
            Some(_) if c == '\\' => *is_escaped = true,
            Some(mark) if c == mark => *quote = None,
            None if matches!(c, '\'' | '"') => *quote = Some(c),
            _ => {}
        }
        Some((at, c, around))
    })
}

/// One step down a tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    Name(String),
    Index(usize),
    /// To each child.
    Each,
}

fn step(path: &str) -> Option<(Step, &str)> {
    if let Some(after) = path.strip_prefix(".*").or_else(|| path.strip_prefix("[*]")) {
        return Some((Step::Each, after));
    }
    if let Some(after) = path.strip_prefix('.') {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
        let end = after.find(|c: char| !is_part(c)).unwrap_or(after.len());
        let name = &after[..end];
        let begins = name.starts_with(|c: char| !c.is_ascii_digit());
        return begins.then(|| (Step::Name(name.to_owned()), &after[end..]));
    }
    let inner = path.strip_prefix('[')?;
    if let Some(quote) = inner.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let (name, after) = inner[1..].split_once(quote)?;
        let after = after.strip_prefix(']')?;
        return (!name.contains('\\')).then(|| (Step::Name(name.to_owned()), after));
    }
    let (digits, after) = inner.split_once(']')?;
    let index = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((Step::Index(index), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_cut_at_their_braces() {
        let (text, value) = (|t: &str| Piece::Text(t.to_owned()), |v: &str| Piece::Value(v.to_owned()));
        assert_eq!(pieces("{host}/{ service }!"), Some(vec![value("host"), text("/"), value("service"), text("!")]));
        assert_eq!(pieces("plain"), Some(vec![text("plain")]));
        for broken in ["{", "}", "{}", "{ }", "a}b", "{a{b}}", "{a"] {
            assert_eq!(pieces(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_path_is_cut_into_steps_as_far_as_they_are_simple() {
        let name = |text: &str| Step::Name(text.to_owned());
        for (path, expected, rest) in [
            ("$", vec![], ""),
            ("$.data.result[*]", vec![name("data"), name("result"), Step::Each], ""),
            ("@['a b'][\"c\"].*[0]", vec![name("a b"), name("c"), Step::Each, Step::Index(0)], ""),
            ("$.a[?@.b > 1].c", vec![name("a")], "[?@.b > 1].c"),
            ("$..a", vec![], "..a"),
            ("$.a[-1]", vec![name("a")], "[-1]"),
            ("$.a[1:2]", vec![name("a")], "[1:2]"),
            ("$['it\\'s']", vec![], "['it\\'s']"),
            ("$.0", vec![], ".0"),
        ] {
            assert_eq!(steps(path), Some((expected, rest)), "{path}");
        }
        assert_eq!(steps("a.b"), None);
    }

    #[test]
    fn a_path_to_records_is_followed_unless_its_rest_refers_to_the_document() {
        for (path, length, rest) in [
            ("$.a[?@.k == 'x']", 1, "[?@.k == 'x']"),
            ("$.a[?@.k == $.want]", 0, ".a[?@.k == $.want]"),
            ("$.a[?@.k == '$.want']", 1, "[?@.k == '$.want']"),
            (r#"$.a[?@.k == "it's \"$\""]"#, 1, r#"[?@.k == "it's \"$\""]"#),
            ("$['$'][*]", 2, ""),
        ] {
            let (steps, left) = way(path).unwrap();
            assert_eq!((steps.len(), left), (length, rest), "{path}");
        }
    }
}
