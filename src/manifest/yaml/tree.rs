//! Owns the tree of one document: every scalar, key and container with its position, within hard limits.

use std::borrow::Cow;
use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::flow::Layout;
use super::{surrogate, syntax};
use crate::manifest::problem::{Position, Report};
use crate::manifest::wording::quote;

/// The deepest nesting of lists and mappings.
pub(super) const DEEPEST: usize = 64;
/// The most values of a document; aliased ones count each time.
const MOST_NODES: usize = 100_000;
/// The most bytes of text in a document; aliased text counts each time.
const MOST_TEXT: usize = 4 * 1024 * 1024;

/// Up to this many keys of a mapping are compared one by one.
const FEW_KEYS: usize = 16;

/// A value with its position.
#[derive(Clone, Debug)]
pub(in crate::manifest) struct Node {
    pub(in crate::manifest) at: Position,
    pub(in crate::manifest) value: Value,
}

impl Node {
    /// How many values it has, including itself.
    pub(in crate::manifest) fn values(&self) -> usize {
        1 + match &self.value {
            Value::Scalar { .. } => 0,
            Value::List(items) => items.iter().map(Self::values).sum(),
            Value::Map(entries) => entries.iter().map(|entry| entry.value.values()).sum(),
        }
    }
}

#[derive(Clone, Debug)]
pub(in crate::manifest) enum Value {
    /// The text as written, and whether it is unquoted: only then may it be a number, a boolean or null.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its position, and its value.
#[derive(Clone, Debug)]
pub(in crate::manifest) struct Entry {
    pub(in crate::manifest) key: String,
    pub(in crate::manifest) key_at: Position,
    pub(in crate::manifest) value: Node,
}

/// The content of a document, up to a syntax error if there is one, so that the object can still be named.
pub(in crate::manifest) struct Tree {
    pub(in crate::manifest) root: Option<Node>,
    /// Whether the entire document was read.
    pub(in crate::manifest) complete: bool,
}

/// Reads the one document of `text`, which follows `lines_before` other lines of its file.
pub(in crate::manifest) fn read(text: &str, lines_before: u32, report: &mut Report) -> Tree {
    let shown = surrogate::hidden(text);
    let mut layout = Layout::new(&shown);
    loop {
        let mut found = Report::new(&report.file);
        let mut builder = Builder {
            lines_before,
            layout: &layout,
            hides: matches!(shown, Cow::Owned(_)),
            open: Vec::new(),
            root: None,
            anchors: BTreeMap::new(),
            nodes: 0,
            text: 0,
            last: (0, 0),
            report: &mut found,
        };
        let end = builder.run(&mut Parser::new_from_str(layout.text()), text);
        let from = builder.outermost_bracket();
        while !builder.open.is_empty() {
            builder.close();
        }
        let root = builder.root;
        if let End::TooFarLeft(line) = end
            && layout.indent(from, line)
        {
            continue;
        }
        found.problems.iter_mut().for_each(|problem| problem.subject.clone_from(&report.subject));
        report.problems.append(&mut found.problems);
        return Tree { root, complete: matches!(end, End::Whole) };
    }
}

/// How reading a document ended.
enum End {
    Whole,
    /// With a reported problem.
    Broken,
    /// The same because this line, counted from 0, is too far left inside brackets.
    TooFarLeft(usize),
}

/// An open container.
struct Open {
    node: Node,
    anchor: usize,
    /// Nodes and text counted before it began.
    before: (usize, usize),
    /// The deepest nesting inside.
    height: usize,
    /// For a mapping, what comes next.
    next: Next,
    /// For a large mapping, the positions of the keys of its first entries.
    keys: BTreeMap<String, Position>,
    /// The position of its bracket in the indented text, if it has one: line, counted from 0, and column.
    bracket: Option<(usize, usize)>,
}

/// What comes next in a mapping.
enum Next {
    Key,
    /// The value of a key at this position.
    ValueOf(String, Position),
    /// The value of an invalid key, which is dropped.
    Nothing,
}

/// A value that an alias may repeat, and the cost of repeating it.
struct Anchor {
    node: Node,
    nodes: usize,
    text: usize,
    height: usize,
}

struct Builder<'a> {
    lines_before: u32,
    layout: &'a Layout<'a>,
    /// Whether pairs of escapes are hidden.
    hides: bool,
    /// The position of the first unprocessed text, in the indented text: line, counted from 0, and column.
    last: (usize, usize),
    open: Vec<Open>,
    root: Option<Node>,
    anchors: BTreeMap<usize, Anchor>,
    nodes: usize,
    text: usize,
    report: &'a mut Report,
}

impl Builder<'_> {
    fn run(&mut self, parser: &mut Parser<'_, StrInput<'_>>, text: &str) -> End {
        while let Some(event) = parser.next_event() {
            let goes_on = match event {
                Ok((Event::StreamEnd, _)) => return End::Whole,
                Ok((event, span)) => self.take(event, span),
                Err(error) => {
                    let at = self.position(error.marker().line(), error.marker().col());
                    let number = error.marker().line().saturating_sub(1);
                    let line = text.lines().nth(number).unwrap_or_default();
                    let is_content = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
                    let above = text.lines().take(number).filter(is_content).last().unwrap_or_default();
                    let (mut message, remedy) = syntax::explain(error.info(), line, above);
                    let open = self.open.last().filter(|_| error.info().contains("parsing a flow"));
                    if let Some(open) = open.filter(|open| open.node.at.line < at.line) {
                        // The bracket that lacks its end may be far above the error.
                        message = format!("{message}; it begins on line {}", open.node.at.line);
                    }
                    self.report.error(at, message, remedy);
                    if syntax::is_too_far_left(error.info()) {
                        return End::TooFarLeft(error.marker().line().saturating_sub(1));
                    }
                    false
                }
            };
            if !goes_on {
                return End::Broken;
            }
        }
        End::Whole
    }

    /// The position of the outermost open bracket, or a position before it.
    fn outermost_bracket(&self) -> (usize, usize) {
        self.open.iter().find_map(|open| open.bracket).unwrap_or(self.last)
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> bool {
        let at = self.position(span.start.line(), span.start.col());
        let is_block = matches!(&event, Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..));
        let from = if is_block { span.end } else { span.start };
        self.last = (from.line().saturating_sub(1), from.col());
        match event {
            Event::Scalar(mut text, style, anchor, tag) => {
                if self.hides {
                    text = surrogate::restored(&text).into();
                }
                let mut plain = style == ScalarStyle::Plain;
                if let Some(negated) = self.negated(tag.as_deref(), &text).filter(|_| plain) {
                    let remedy = format!("quote it: when: {}", quote(&negated));
                    self.unsupported(tag.as_deref(), at, remedy);
                    (text, plain) = (negated.into(), false);
                } else {
                    plain &= !self.tag(tag.as_deref(), at, "str");
                }
                if !self.count(1, text.len(), at) {
                    return false;
                }
                let cost = (1, text.len());
                let node = Node { at, value: Value::Scalar { text: text.into_owned(), plain } };
                self.finish(node, anchor, cost, 0);
                true
            }
            Event::SequenceStart(anchor, tag) => {
                self.tag(tag.as_deref(), at, "seq");
                self.open(Value::List(Vec::new()), anchor, at, '[')
            }
            Event::MappingStart(anchor, tag) => {
                self.tag(tag.as_deref(), at, "map");
                self.open(Value::Map(Vec::new()), anchor, at, '{')
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close();
                true
            }
            Event::Alias(anchor) => self.alias(anchor, at),
            _ => true,
        }
    }

    fn position(&self, line: usize, column: usize) -> Position {
        let column = column.saturating_sub(self.layout.added(line.saturating_sub(1)));
        Position { line: self.lines_before + line.max(1) as u32, column: column as u32 + 1 }
    }

    /// Reports a tag that would change the meaning of a value; returns whether it says the value has the type
    /// `expected`.
    fn tag(&mut self, tag: Option<&Tag>, at: Position, expected: &str) -> bool {
        let Some(tag) = tag else { return false };
        let expects = tag.is_yaml_core_schema() && tag.suffix == expected;
        if !expects {
            self.unsupported(Some(tag), at, "remove it".to_owned());
        }
        expects
    }

    fn unsupported(&mut self, tag: Option<&Tag>, at: Position, remedy: String) {
        let Some(tag) = tag else { return };
        self.report.error(at, format!("the tag {} is not supported", quote(&spelled(tag))), remedy);
    }

    /// The condition that begins with the `!` of a tag at the last position, as written: without the tag, it would be
    /// the opposite. `None` for other values.
    fn negated(&self, tag: Option<&Tag>, text: &str) -> Option<String> {
        let tag = spelled(tag.filter(|tag| !tag.is_yaml_core_schema())?);
        let is_condition = matches!(&self.open.last()?.next, Next::ValueOf(key, _) if key == "when");
        let written = self.layout.rest_of_line(self.last).filter(|_| is_condition)?;
        let before = written.strip_prefix(&*tag)?.find(text)?;
        let end = if text.is_empty() { 0 } else { before + text.len() };
        written.get(..tag.len() + end).map(str::to_owned)
    }

    /// Adds to the size of the document; reports and returns `false` if it is too large.
    fn count(&mut self, nodes: usize, text: usize, at: Position) -> bool {
        self.nodes += nodes;
        self.text += text;
        if self.nodes <= MOST_NODES && self.text <= MOST_TEXT {
            return true;
        }
        let message = if self.nodes > MOST_NODES {
            format!("the document has more than {MOST_NODES} values, those repeated by aliases included")
        } else {
            format!("the document has more than {MOST_TEXT} bytes of text, those repeated by aliases included")
        };
        self.report.error(at, message, "split it, or write fewer aliases");
        false
    }

    /// Opens a container at the last position, with this bracket unless it is written without one.
    fn open(&mut self, value: Value, anchor: usize, at: Position, bracket: char) -> bool {
        let before = (self.nodes, self.text);
        if self.open.len() >= DEEPEST {
            return self.too_deep(at);
        }
        let node = Node { at, value };
        let has_bracket = self.layout.char_at(self.last) == Some(bracket);
        let bracket = has_bracket.then_some(self.last);
        self.open.push(Open { node, anchor, before, height: 0, next: Next::Key, keys: BTreeMap::new(), bracket });
        self.count(1, 0, at)
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let cost = (self.nodes - open.before.0, self.text - open.before.1);
        self.finish(open.node, open.anchor, cost, open.height + 1);
    }

    fn alias(&mut self, id: usize, at: Position) -> bool {
        let Some(Anchor { node, nodes, text, height }) = self.anchors.get(&id) else {
            self.report.error(at, "the alias is inside the value that it repeats", "write the value out");
            return false;
        };
        let (cost, height) = ((*nodes, *text), *height);
        if self.open.len() + height > DEEPEST {
            return self.too_deep(at);
        }
        // Count before copying: nested aliases multiply, and rejected values are never built.
        let node = (self.nodes + cost.0 <= MOST_NODES && self.text + cost.1 <= MOST_TEXT)
            .then(|| Node { at, value: node.value.clone() });
        if !self.count(cost.0, cost.1, at) {
            return false;
        }
        if let Some(node) = node {
            self.finish(node, 0, cost, height);
        }
        true
    }

    fn too_deep(&mut self, at: Position) -> bool {
        self.report.error(at, format!("lists and mappings are nested more than {DEEPEST} deep"), "");
        false
    }

    /// Adds a complete value to its container.
    fn finish(&mut self, node: Node, anchor: usize, cost: (usize, usize), height: usize) {
        if anchor != 0 {
            let (nodes, text) = cost;
            self.anchors.insert(anchor, Anchor { node: node.clone(), nodes, text, height });
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        parent.height = parent.height.max(height);
        match &mut parent.node.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match std::mem::replace(&mut parent.next, Next::Key) {
                Next::Key => parent.next = check_key(node, entries, &mut parent.keys, self.report),
                Next::Nothing => {}
                Next::ValueOf(key, key_at) => {
                    // An empty value has no position of its own; its key does.
                    let empty = matches!(&node.value, Value::Scalar { text, plain: true } if text.is_empty());
                    let node = if empty { Node { at: key_at, ..node } } else { node };
                    entries.push(Entry { key, key_at, value: node });
                }
            },
            Value::Scalar { .. } => {}
        }
    }
}

/// A tag as it is usually written.
fn spelled(tag: &Tag) -> String {
    match &*tag.suffix {
        suffix if tag.is_yaml_core_schema() => format!("!!{suffix}"),
        "!" => "!".to_owned(),
        _ => tag.to_string(),
    }
}

/// Expects the key's value next, or drops it if the key is invalid, which is reported.
fn check_key(node: Node, entries: &[Entry], keys: &mut BTreeMap<String, Position>, report: &mut Report) -> Next {
    let Value::Scalar { text, plain } = node.value else {
        report.error(
            node.at,
            "a key must be a string, not a list or a mapping",
            "if it is a template, fill it in first",
        );
        return Next::Nothing;
    };
    if text == "<<" && plain {
        report.error(node.at, "the merge key << is not supported", "write the fields out");
        return Next::Nothing;
    }
    if let Some(first) = first_place(&text, entries, keys) {
        let message = format!("the key {} is written twice, first on line {}", quote(&text), first.line);
        report.error(node.at, message, "keep one of them");
        return Next::Nothing;
    }
    Next::ValueOf(text, node.at)
}

/// The position of a key among entries; looked up if there are many.
fn first_place(key: &str, entries: &[Entry], keys: &mut BTreeMap<String, Position>) -> Option<Position> {
    if entries.len() <= FEW_KEYS {
        return entries.iter().find(|entry| entry.key == key).map(|entry| entry.key_at);
    }
    keys.extend(entries[keys.len()..].iter().map(|entry| (entry.key.clone(), entry.key_at)));
    keys.get(key).copied()
}
