//! Owns reading as much HTML as it takes to find elements, their attributes, and the values of a page for programs.

use std::collections::BTreeMap;

/// A start tag.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Element {
    pub(crate) fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).map(String::as_str)
    }
}

/// Every element of a document, in order; text, comments and the style sheet are skipped.
pub(crate) fn elements(html: &str) -> Vec<Element> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let length = rest.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(rest.len());
        let name = rest[..length].to_ascii_lowercase();
        let (attributes, after) = attributes(&rest[length..]);
        rest = after;
        if name == "style" {
            rest = &rest[rest.find("</style").unwrap_or(rest.len())..];
        }
        found.push(Element { name, attributes });
    }
    found
}

/// The attributes of a tag, and the rest.
fn attributes(mut rest: &str) -> (BTreeMap<String, String>, &str) {
    let mut found = BTreeMap::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            return (found, rest.strip_prefix('>').unwrap_or(rest));
        }
        let length = rest.find(|c: char| c.is_whitespace() || "=>/".contains(c)).unwrap_or(rest.len());
        let name = rest[..length].to_owned();
        rest = &rest[length..];
        let mut value = String::new();
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let end = quoted.find('"').unwrap_or(quoted.len());
            value = unescaped(&quoted[..end]);
            rest = quoted[end..].strip_prefix('"').unwrap_or_default();
        } else if let Some(bare) = rest.strip_prefix('=') {
            let end = bare.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(bare.len());
            value = unescaped(&bare[..end]);
            rest = &bare[end..];
        }
        found.insert(name, value);
    }
}

fn unescaped(text: &str) -> String {
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", "\u{a0}"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

/// A value that a page shows, under its JSON name.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) objective: String,
    pub(crate) name: String,
    pub(crate) value: String,
}

/// Every value of a page; it belongs to the objective named last before it.
pub(crate) fn fields(elements: &[Element]) -> Vec<Field> {
    let mut objective = String::new();
    let mut found = Vec::new();
    for element in elements {
        if let Some(name) = element.get("data-objective") {
            name.clone_into(&mut objective);
        }
        if let (Some(name), Some(value)) = (element.get("data-field"), element.get("data-value")) {
            found.push(Field { objective: objective.clone(), name: name.to_owned(), value: value.to_owned() });
        }
    }
    found
}

/// How the fields of a page differ from the objectives of `status -o json`; `None` if they are the same.
pub(crate) fn difference(elements: &[Element], objectives: &[serde_json::Value]) -> Option<String> {
    for field in fields(elements) {
        let objective = objectives.iter().find(|objective| objective["objectiveId"] == field.objective.as_str());
        let value = objective.and_then(|known| known.pointer(&format!("/{}", field.name.replace('.', "/"))));
        // Both texts are parsed in the same way, so that equal numbers are equal.
        let same = value.is_some_and(|value| match value {
            serde_json::Value::String(text) => *text == field.value,
            other => serde_json::from_str(&field.value).is_ok_and(|shown: serde_json::Value| shown == *other),
        });
        if !same {
            return Some(format!("{field:?} is {value:?} in JSON"));
        }
    }
    None
}
