//! Owns the layout of written YAML: exact numbers, references on one line, and texts that survive reading.

use serde_json::Value;

/// A value to write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::render) enum Node {
    /// Written as is: a number or a boolean.
    Plain(String),
    /// A text, quoted if necessary.
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

    /// A value from JSON.
    pub(in crate::render) fn of_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::plain("null"),
            Value::Bool(truth) => Self::plain(truth),
            Value::Number(number) => Self::Plain(number_text(&number.to_string())),
            Value::String(text) => Self::text(text),
            Value::Array(items) => Self::List(items.iter().map(Self::of_json).collect()),
            Value::Object(fields) => {
                Self::Map(fields.iter().map(|(key, value)| (key.clone(), Self::of_json(value))).collect())
            }
        }
    }

    /// A mapping of the fields that are set.
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
    pub(super) fn pairs(pairs: impl Iterator<Item = (impl AsRef<str>, impl AsRef<str>)>) -> Option<Self> {
        let fields: Vec<_> = pairs.map(|(key, value)| (key.as_ref().to_owned(), Self::text(value.as_ref()))).collect();
        (!fields.is_empty()).then_some(Self::Map(fields))
    }

    /// The value as a document, including the final newline.
    pub(in crate::render) fn document(&self) -> String {
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

/// Whether a text of several lines can be written as a block without quotes.
fn is_block(text: &str) -> bool {
    let printable = text.chars().all(|c| c == '\n' || is_printable(c));
    let starts = text.chars().next().is_some_and(|c| !c.is_whitespace());
    let ends = !text.ends_with("\n\n") && text.lines().all(|line| !line.ends_with(char::is_whitespace));
    printable && starts && ends && text.trim_end_matches('\n').contains('\n')
}

/// Whether a character is allowed in YAML and has no special meaning anywhere.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// A text on one line, quoted unless it is certainly read as a text in block and flow style and in YAML 1.1 and 1.2:
/// only if it begins with a letter and is no boolean or null, and durations such as `1h30m`, which are no numbers.
pub(crate) fn name_text(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let has_meaning = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| is_word(c) || c == ' ' || c == '=' || c == ';')
        && !text.ends_with(' ')
        && !has_meaning;
    let is_length = text.ends_with(['s', 'm', 'h', 'd'])
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, 's' | 'm' | 'h' | 'd'));
    if is_plain || is_length { text.to_owned() } else { quoted(text) }
}

/// A JSON number that YAML 1.1 reads as a number, too: an exponent needs a point before it and a sign.
fn number_text(json: &str) -> String {
    let Some((mantissa, exponent)) = json.split_once(['e', 'E']) else { return json.to_owned() };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
    format!("{mantissa}{point}e{sign}{exponent}")
}

/// A text in double quotes, with everything unprintable escaped.
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

    /// The type that YAML 1.1 gives an unquoted text other than string, by its rules (yaml.org/type).
    fn implicit_type(text: &str) -> Option<&'static str> {
        let words = |list: &str| list.split(' ').any(|word| word == text);
        if words("y Y yes Yes YES n N no No NO true True TRUE false False FALSE on On ON off Off OFF") {
            return Some("bool");
        }
        if words("~ null Null NULL") || text.is_empty() {
            return Some("null");
        }
        if words("= <<") {
            return Some("value or merge");
        }
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let all = |digits: &str, of: &str| !digits.is_empty() && digits.chars().all(|c| of.contains(c));
        let begins = |digits: &str, of: &str| digits.starts_with(|c: char| of.contains(c));
        let based = |prefix: &str, of: &str| unsigned.strip_prefix(prefix).is_some_and(|digits| all(digits, of));
        let sexagesimal = |text: &str| {
            let mut parts = text.split(':');
            let first = parts.next().unwrap_or_default();
            let rest: Vec<&str> = parts.collect();
            let is_sixtieth =
                |part: &&str| all(part, "0123456789") && part.len() <= 2 && part.parse::<u8>().unwrap() < 60;
            begins(first, "0123456789") && all(first, "0123456789_") && !rest.is_empty() && rest.iter().all(is_sixtieth)
        };
        if based("0b", "01_")
            || based("0x", "0123456789abcdefABCDEF_")
            || all(unsigned, "0123456789_") && begins(unsigned, "0123456789")
            || sexagesimal(unsigned)
        {
            return Some("int");
        }
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
        let has_exponent = exponent.is_none_or(|exponent| all(exponent.trim_start_matches(['-', '+']), "0123456789"));
        let is_float = all(mantissa, "0123456789._") && begins(mantissa, "0123456789.") && mantissa != ".";
        let sixtieths = unsigned
            .split_once('.')
            .is_some_and(|(whole, part)| sexagesimal(whole) && (part.is_empty() || all(part, "0123456789_")));
        if is_float && has_exponent || sixtieths || matches!(unsigned.to_lowercase().as_str(), ".inf" | ".nan") {
            return Some("float");
        }
        let date: Vec<&str> = text.splitn(3, '-').collect();
        let is_date = date.len() == 3
            && all(date[0], "0123456789")
            && date[0].len() == 4
            && all(date[1], "0123456789")
            && date[1].len() <= 2
            && begins(date[2], "0123456789");
        is_date.then_some("timestamp")
    }

    #[test]
    fn what_yaml_1_1_would_misread_is_quoted() {
        for text in [
            "2026-01-02",
            "2026-1-2",
            "2026-01-02T03:04:05Z",
            "1_000",
            "0b11",
            "0o17",
            "017",
            "0x1F",
            "12:30:45",
            "190:20:30.15",
            "no",
            "No",
            "y",
            "on",
            "~",
            "null",
            "1e3",
            "1.5e+3",
            "1.",
            ".5",
            ".inf",
            "-.INF",
            ".NaN",
            "+1",
            "=",
            "<<",
            "",
            "-",
            "- a",
            "a: b",
            "a #b",
            "?",
        ] {
            assert!(name_text(text).starts_with('"'), "{text}");
        }
        for text in ["checkout", "a/b-c_d.e", "30d", "1h30m", "e3", "not", "infinity", "b11"] {
            assert_eq!((name_text(text), implicit_type(text)), (text.to_owned(), None));
        }
        let json = serde_json::json!({"no": [1, -1.5, 1e-7, 1e16, 5e-324, "12:30", null, true, [], {}, [["1_000"]]], "b": {"c": "d"}});
        let expected = "\"no\":\n  - 1\n  - -1.5\n  - 1.0e-7\n  - 1.0e+16\n  - 5.0e-324\n  - \"12:30\"\n  - null\n  - \
                        true\n  - []\n  - {}\n  - [[\"1_000\"]]\nb:\n  c: d\n";
        assert_eq!(Node::of_json(&json).document(), expected);
    }

    proptest! {
        #[test]
        fn no_unquoted_text_means_anything_else_in_yaml_1_1(text in prop_oneof!["[-+0-9._:eExobTZ~ ]{0,12}", "[a-zA-Z.~<=]{0,5}", "[0-9]{1,4}[dhms_-]{0,2}[0-9]{0,2}[dhms]?"]) {
            let written = name_text(&text);
            if written == text {
                prop_assert_eq!(implicit_type(&text), None);
            } else {
                prop_assert!(written.starts_with('"') && written.ends_with('"'));
            }
        }

        #[test]
        fn every_answer_reads_back(numbers: Vec<f64>, texts in prop::collection::vec("[-0-9._:a-z\n ]{0,8}", 0..4)) {
            let value = serde_json::json!({"numbers": numbers, "texts": texts, "rows": [{"a": texts, "b": {"c": numbers}}]});
            let read: Value = serde_yaml::from_str(&Node::of_json(&value).document()).unwrap();
            prop_assert_eq!(read, value);
        }

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
