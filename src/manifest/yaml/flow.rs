//! Owns multi-line `[ ]` and `{ }` that the parser considers badly indented: YAML 1.1 gives their indentation no
//! meaning, so such lines are read as if indented.

use std::borrow::Cow;

/// The most bytes read again, over all attempts, to fix such lines.
const MOST_READ: usize = 32 * 1024 * 1024;

/// The text of a document with spaces added before some of its lines.
pub(super) struct Layout<'t> {
    original: &'t str,
    text: Cow<'t, str>,
    /// The starts of the lines of `text`.
    starts: Vec<usize>,
    /// Spaces added before each line; later lines have none.
    added: Vec<usize>,
    read: usize,
}

impl<'t> Layout<'t> {
    pub(in crate::manifest) fn new(original: &'t str) -> Self {
        let starts = line_starts(original);
        Self { original, text: Cow::Borrowed(original), starts, added: Vec::new(), read: 0 }
    }

    pub(in crate::manifest) fn text(&self) -> &str {
        &self.text
    }

    /// A character of the indented text; line and column are counted from 0.
    pub(super) fn char_at(&self, (line, column): (usize, usize)) -> Option<char> {
        let rest = &self.text[*self.starts.get(line)?..];
        match rest.as_bytes().get(..=column) {
            Some(bytes) if bytes.is_ascii() => Some(bytes[column].into()),
            _ => rest.chars().nth(column),
        }
    }

    /// The rest of a line of the indented text; line and column are counted from 0.
    pub(super) fn rest_of_line(&self, (line, column): (usize, usize)) -> Option<&str> {
        let rest = self.text[*self.starts.get(line)?..].lines().next()?;
        rest.char_indices().nth(column).map(|(at, _)| &rest[at..])
    }

    /// Spaces added before a line, counted from 0.
    pub(super) fn added(&self, line: usize) -> usize {
        self.added.get(line).copied().unwrap_or(0)
    }

    /// Indents the brackets that are open at a line too far left, counted from 0. The first of them opens at or after
    /// `from`, the line, counted from 0, and column in the indented text. Returns whether it was possible.
    pub(in crate::manifest) fn indent(&mut self, from: (usize, usize), wrong: usize) -> bool {
        self.read += self.text.len();
        let Some((first, column, last)) = brackets(&self.text, from) else { return false };
        let is_known = self.read > MOST_READ || wrong <= first || wrong > last || self.added(wrong) > 0;
        if is_known {
            return false;
        }
        self.added.resize(self.added.len().max(last + 1), 0);
        self.added[first + 1..=last].iter_mut().for_each(|added| *added += column + 1);
        let lines = self.original.split_inclusive('\n').enumerate();
        self.text = lines.map(|(index, line)| format!("{}{line}", " ".repeat(self.added(index)))).collect();
        self.starts = line_starts(&self.text);
        true
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let lines = text.split_inclusive('\n').scan(0, |at, line| Some(std::mem::replace(at, *at + line.len())));
    lines.collect()
}

/// The line and column where the first multi-line bracket opens, and the line on which it closes.
fn brackets(text: &str, (line, column): (usize, usize)) -> Option<(usize, usize, usize)> {
    let mut scan = Scan { line: 0, column: 0, before: ' ', is_plain: false };
    let mut quote = None;
    let mut opened: Option<(usize, usize)> = None;
    let mut depth = 0_usize;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or('\n');
        if (scan.line, scan.column) < (line, column) {
            scan.pass(c);
            scan.before = ' ';
            continue;
        }
        match quote {
            Some('#') if c == '\n' => quote = None,
            Some('"') if c == '\\' => {
                scan.pass(c);
                if let Some(escaped) = chars.next() {
                    scan.pass(escaped);
                }
                continue;
            }
            Some('\'') if c == '\'' && next == '\'' => {
                scan.pass(c);
                chars.next();
            }
            Some(open) if c == open && open != '#' => quote = None,
            None if c == '#' && scan.before.is_whitespace() => quote = Some('#'),
            None if matches!(c, '"' | '\'') && !scan.is_plain => quote = Some(c),
            None if matches!(c, '[' | '{') && (depth > 0 || !scan.is_plain) => {
                if depth == 0 {
                    opened = Some((scan.line, scan.column));
                }
                depth += 1;
            }
            None if matches!(c, ']' | '}') && depth > 0 => {
                depth -= 1;
                if let Some((first, column)) = opened.filter(|_| depth == 0) {
                    if scan.line > first {
                        return Some((first, column, scan.line));
                    }
                    opened = None;
                }
            }
            _ => {}
        }
        if quote.is_none() {
            scan.is_plain = match c {
                '[' | ']' | '{' | '}' | ',' if depth > 0 => false,
                ':' | '-' | '?' if next.is_whitespace() => false,
                ':' if matches!(scan.before, '"' | '\'') => false,
                '\n' if depth == 0 => false,
                c if c.is_whitespace() => scan.is_plain,
                '"' | '\'' | '[' | ']' | '{' | '}' => scan.is_plain,
                _ => true,
            };
        }
        scan.pass(c);
    }
    // An unclosed bracket is open to the end.
    opened.map(|(first, column)| (first, column, text.lines().count().saturating_sub(1)))
}

/// A position in a text, and its context.
struct Scan {
    line: usize,
    column: usize,
    before: char,
    /// Whether it is inside an unquoted text.
    is_plain: bool,
}

impl Scan {
    fn pass(&mut self, c: char) {
        self.before = c;
        if c == '\n' {
            (self.line, self.column) = (self.line + 1, 0);
        } else {
            self.column += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_found_past_quotes_comments_and_texts() {
        for (text, found) in [
            ("a: [\n1\n]\n", Some((0, 3, 2))),
            ("a: [1, 2]\nb: {\n}\n", Some((1, 3, 2))),
            ("a: # [\n  {\n}\n", Some((1, 2, 2))),
            ("# a # b [\n\"a [\": [\n']',\n\"\\\"]\",\n# ]\nit's ], {x: ']'}\n]\n", Some((1, 7, 5))),
            ("a b[: x\nc: {\n", Some((1, 3, 1))),
            ("a: it's [1]\n- {'it''s }',\n}", Some((1, 2, 2))),
            ("a: b\n", None),
        ] {
            assert_eq!(brackets(text, (0, 0)), found, "{text}");
        }
        assert_eq!(brackets("a: [\n[\n]\n", (1, 0)), Some((1, 0, 2)));
    }
}
