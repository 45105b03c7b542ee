//! Owns the layout of written YAML: exact numbers, references on one line, and texts that read back as they are.

use std::collections::BTreeMap;

/// A value to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Node {
    /// Written as it is: a number or a truth.
    Plain(String),
    /// A text, quoted where it must be.
    Text(String),
    List(Vec<Self>),
    /// A list on one line.
    FlowList(Vec<Self>),
    Map(Vec<(String, Self)>),
    /// A mapping on one line.
    FlowMap(Vec<(String, Self)>),
}

impl Node {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn plain(value: &(impl ToString + ?Sized)) -> Self {
        Self::Plain(value.to_string())
    }

    /// A mapping of the fields that are there.
    pub(super) fn map<const N: usize>(fields: [(&str, Option<Self>); N]) -> Self {
        Self::Map(there(fields))
    }

    /// The same on one line.
    pub(super) fn flow<const N: usize>(fields: [(&str, Option<Self>); N]) -> Self {
        Self::FlowMap(there(fields))
    }

    /// A list, unless it is empty.
    pub(super) fn some(items: Vec<Self>) -> Option<Self> {
        (!items.is_empty()).then_some(Self::List(items))
    }

    /// Texts under keys, unless there are none.
    pub(super) fn pairs(pairs: &BTreeMap<String, String>) -> Option<Self> {
        let fields: Vec<_> = pairs.iter().map(|(key, value)| (key.clone(), Self::text(value))).collect();
        (!fields.is_empty()).then_some(Self::Map(fields))
    }

    /// The value as a document of its own, line end included.
    pub(super) fn document(&self) -> String {
        let mut text = String::new();
        match self {
            Self::Map(fields) if !fields.is_empty() => write_fields(&mut text, fields, 0),
            other => text.push_str(&(other.on_one_line() + "\n")),
        }
        text
    }

    /// The value in flow style.
    pub(super) fn on_one_line(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Text(text) => name_text(text),
            Self::List(items) | Self::FlowList(items) => {
                format!("[{}]", items.iter().map(Self::on_one_line).collect::<Vec<_>>().join(", "))
            }
            Self::Map(fields) | Self::FlowMap(fields) if fields.is_empty() => "{}".to_owned(),
            Self::Map(fields) | Self::FlowMap(fields) => {
                let fields = fields.iter().map(|(key, value)| format!("{}: {}", name_text(key), value.on_one_line()));
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

fn there<const N: usize>(fields: [(&str, Option<Node>); N]) -> Vec<(String, Node)> {
    fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

fn write_fields(text: &mut String, fields: &[(String, Node)], depth: usize) {
    for (index, (key, value)) in fields.iter().enumerate() {
        if index > 0 {
            text.push_str(&" ".repeat(depth));
        }
        text.push_str(&format!("{}:", name_text(key)));
        write_value(text, value, depth);
    }
}

/// Writes what follows a key at `depth`.
fn write_value(text: &mut String, value: &Node, depth: usize) {
    match value {
        Node::Map(fields) if !fields.is_empty() => {
            text.push_str(&format!("\n{}", " ".repeat(depth + 2)));
            write_fields(text, fields, depth + 2);
        }
        Node::List(items) if !items.is_empty() => {
            text.push('\n');
            for item in items {
                text.push_str(&format!("{}- ", " ".repeat(depth + 2)));
                match item {
                    Node::Map(fields) if !fields.is_empty() => write_fields(text, fields, depth + 4),
                    other => text.push_str(&(other.on_one_line() + "\n")),
                }
            }
        }
        Node::Text(value) if is_block(value) => {
            let chomp = if value.ends_with('\n') { "" } else { "-" };
            text.push_str(&format!(" |{chomp}\n"));
            for line in value.lines() {
                let indent = if line.is_empty() { 0 } else { depth + 2 };
                text.push_str(&format!("{}{line}\n", " ".repeat(indent)));
            }
        }
        other => text.push_str(&format!(" {}\n", other.on_one_line())),
    }
}

/// Whether a text of several lines reads back from a block without quotes.
fn is_block(text: &str) -> bool {
    let printable = text.chars().all(|c| c == '\n' || is_printable(c));
    let starts = text.chars().next().is_some_and(|c| !c.is_whitespace());
    let ends = !text.ends_with("\n\n") && text.lines().all(|line| !line.ends_with(char::is_whitespace));
    printable && starts && ends && text.trim_end_matches('\n').contains('\n')
}

/// Whether a character may stand in YAML, and means itself wherever it stands.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// A text on one line, in quotes unless it surely reads back without, in block and flow style and in YAML 1.1 and 1.2.
pub(crate) fn name_text(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let has_meaning = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    let is_time = text.len() >= 10 && text.starts_with(|c: char| c.is_ascii_digit()) && text.as_bytes()[4] == b'-';
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| is_word(c) || c == ' ' || c == '=' || c == ';')
        && !text.ends_with(' ')
        && !has_meaning;
    let is_instant = is_time && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | 'T' | 'Z'));
    let is_length = text.ends_with(['s', 'm', 'h', 'd'])
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, 's' | 'm' | 'h' | 'd'));
    if is_plain || is_instant || is_length { text.to_owned() } else { quoted(text) }
}

/// A text in double quotes, with everything escaped that is not printable.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if is_printable(c) => quoted.push(c),
            c if u32::from(c) > 0xffff => quoted.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documents_are_laid_out_for_people() {
        let node = Node::map([
            ("a", Some(Node::text("plain words"))),
            ("b", Some(Node::text("x: y"))),
            ("c", None),
            (
                "d",
                Some(Node::List(vec![Node::map([
                    ("e", Some(Node::plain(&1))),
                    ("f", Some(Node::text("l1\n\nl2\n"))),
                ])])),
            ),
            ("g", Some(Node::flow([("kind", Some(Node::text("System"))), ("name", Some(Node::text("a:b")))]))),
            ("h", Some(Node::map([]))),
            ("i", Some(Node::FlowList(vec![Node::text("x"), Node::text("y")]))),
        ]);
        let expected = "a: plain words\nb: \"x: y\"\nd:\n  - e: 1\n    f: |\n      l1\n\n      l2\ng: { kind: System, name: \"a:b\" }\nh: {}\ni: [x, \"y\"]\n";
        assert_eq!(node.document(), expected);
    }

    proptest! {
        #[test]
        fn every_text_reads_back(
            text in prop_oneof![any::<String>(), "[ -~\n]{0,40}", "[a-c:#'\" \n\t-]{0,12}", "[\\PC\r\n\u{85}\u{2028}\u{feff}]{0,9}"],
            flow in any::<bool>(),
        ) {
            prop_assume!(text != "k");
            let fields = vec![("k".to_owned(), Node::text(&text)), (text.clone(), Node::text("v"))];
            let node = if flow { Node::FlowMap(fields) } else { Node::Map(fields) };
            let written = Node::Map(vec![("list".to_owned(), Node::List(vec![node]))]).document();
            let read: serde_yaml::Value = serde_yaml::from_str(&written).unwrap();
            let inner = &read["list"][0];
            prop_assert_eq!(inner["k"].as_str(), Some(text.as_str()), "{}", written);
        }
    }
}
