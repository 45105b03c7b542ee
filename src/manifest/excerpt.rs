//! Owns the line of a file that a problem points at, as it is shown under the problem.

use std::collections::BTreeMap;

use super::problem::{Excerpt, Position, Problem};
use super::source::Source;

/// The most characters of a line that are shown.
const MOST_SHOWN: usize = 110;
/// Of a longer line, the characters before the place that are shown at least.
const BEFORE: usize = 70;

/// Gives every problem that has a place the line it points at.
pub(super) fn attach(problems: &mut [Problem], sources: &[Source]) {
    let bytes: BTreeMap<&str, &[u8]> = sources.iter().map(|source| (&*source.name, &*source.bytes)).collect();
    let mut lines: BTreeMap<String, Vec<&[u8]>> = BTreeMap::new();
    for problem in problems {
        let (Some(at), Some(bytes)) = (problem.at, bytes.get(&*problem.file)) else { continue };
        if !lines.contains_key(&*problem.file) {
            lines.insert(problem.file.to_string(), cut(bytes));
        }
        let line = lines[&*problem.file].get(at.line as usize - 1);
        problem.excerpt = line.and_then(|line| excerpt(line, at));
    }
}

/// The lines as places count them; none where a lone carriage return makes that doubtful.
fn cut(bytes: &[u8]) -> Vec<&[u8]> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let lines: Vec<&[u8]> = lines.collect();
    if lines.iter().any(|line| line.contains(&b'\r')) { Vec::new() } else { lines }
}

fn excerpt(line: &[u8], at: Position) -> Option<Excerpt> {
    let column = at.column as usize - 1;
    // However long the line is, what lies far behind the place is not looked at.
    let line = &line[..line.len().min((column + MOST_SHOWN) * 4)];
    let shown: Vec<char> = String::from_utf8_lossy(line).chars().map(visible).collect();
    if shown.iter().all(|c| *c == ' ') {
        return None;
    }
    let column = column.min(shown.len());
    let start = if shown.len() <= MOST_SHOWN { 0 } else { column.saturating_sub(BEFORE) };
    let end = shown.len().min(start + MOST_SHOWN);
    let dots = |cut: bool| if cut { "…" } else { "" };
    let middle: String = shown[start..end].iter().collect();
    let text = format!("{}{}{}", dots(start > 0), middle.trim_end(), dots(end < shown.len()));
    Some(Excerpt { text, before: column - start + usize::from(start > 0) })
}

/// A character that takes up its place and nothing more: a tab is shown, and control characters reach no terminal.
fn visible(c: char) -> char {
    match c {
        '\t' => '→',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str, column: u32) -> Option<(String, usize)> {
        let found = excerpt(line.as_bytes(), Position { line: 1, column })?;
        Some((found.text, found.before))
    }

    #[test]
    fn a_line_is_shown_with_its_place() {
        assert_eq!(shown("  target: 0.9", 11), Some(("  target: 0.9".to_owned(), 10)));
        assert_eq!(shown("\ta\u{1b}[31m", 2), Some(("→a\u{fffd}[31m".to_owned(), 1)));
        assert_eq!(shown("a", 9), Some(("a".to_owned(), 1)));
        assert_eq!(shown("   ", 1), None);
        assert_eq!(shown("", 1), None);
    }

    #[test]
    fn a_long_line_is_cut_around_its_place() {
        let line = format!("{}x{}", "ä".repeat(500), "b".repeat(500));
        let (text, before) = shown(&line, 501).unwrap();
        assert_eq!(text.chars().nth(before), Some('x'));
        assert_eq!(text.chars().count(), MOST_SHOWN + 2);
        assert!(text.starts_with('…') && text.ends_with('…'), "{text}");
    }

    #[test]
    fn lines_are_those_that_places_count() {
        assert_eq!(cut(b"\xef\xbb\xbfa\r\nb\n"), [&b"a"[..], b"b", b""]);
        assert!(cut(b"a\rb\nc").is_empty());
    }
}
