//! Owns the line of a file shown under a problem.

use std::collections::{BTreeMap, BTreeSet};

use super::problem::{Excerpt, Position, Problem};
use super::source::Source;
use super::wording::is_hidden;

/// The most characters of a line that are shown.
const MOST_SHOWN: usize = 110;
/// The fewest characters shown before the position on a longer line.
const BEFORE: usize = 70;

/// Attaches its line to every problem with a position.
pub(super) fn attach(problems: &mut [Problem], sources: &[Source]) {
    let mut wanted: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for problem in problems.iter() {
        wanted.entry(&problem.file).or_default().extend(problem.at.map(|at| at.line));
    }
    let found = sources.iter().filter_map(|source| {
        let lines = wanted.get(&*source.name)?;
        Some((&*source.name, pick(&source.bytes, lines)))
    });
    let found: BTreeMap<&str, BTreeMap<u32, &[u8]>> = found.collect();
    let excerpts: Vec<Option<Excerpt>> = problems
        .iter()
        .map(|problem| {
            let at = problem.at?;
            excerpt(found.get(&*problem.file)?.get(&at.line)?, at)
        })
        .collect();
    for (problem, excerpt) in problems.iter_mut().zip(excerpts) {
        problem.excerpt = excerpt;
    }
}

/// The requested lines as positions count them; none after a lone carriage return, which makes counting ambiguous.
fn pick<'a>(bytes: &'a [u8], wanted: &BTreeSet<u32>) -> BTreeMap<u32, &'a [u8]> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let last = wanted.last().copied().unwrap_or(0);
    let lines = (1..=last).zip(lines).take_while(|(_, line)| !line.contains(&b'\r'));
    lines.filter(|(number, _)| wanted.contains(number)).collect()
}

fn excerpt(line: &[u8], at: Position) -> Option<Excerpt> {
    let column = at.column as usize - 1;
    // The part of a long line far after the position is ignored.
    let line = &line[..line.len().min((column + MOST_SHOWN) * 4)];
    let text = String::from_utf8_lossy(line);
    let before = text.chars().take(column).flat_map(visible).count();
    let shown: Vec<char> = text.chars().flat_map(visible).collect();
    if shown.iter().all(|c| *c == ' ') {
        return None;
    }
    let column = before;
    let start = if shown.len() <= MOST_SHOWN { 0 } else { column.saturating_sub(BEFORE) };
    let end = shown.len().min(start + MOST_SHOWN);
    let dots = |cut: bool| if cut { "…" } else { "" };
    let middle: String = shown[start..end].iter().collect();
    let text = format!("{}{}{}", dots(start > 0), middle.trim_end(), dots(end < shown.len()));
    Some(Excerpt { text, before: column - start + usize::from(start > 0) })
}

/// A character as shown: tabs and control characters take one column, characters that change the writing direction are
/// escaped.
fn visible(c: char) -> Vec<char> {
    match c {
        '\t' => vec!['→'],
        c if c.is_control() => vec!['\u{fffd}'],
        c if is_hidden(c) => c.escape_default().collect(),
        c => vec![c],
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
        assert_eq!(shown("a\u{202e}b: 1", 4), Some((r"a\u{202e}b: 1".to_owned(), 10)));
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
        let picked =
            |bytes: &'static [u8]| pick(bytes, &BTreeSet::from([1, 2, 3, 9])).into_values().collect::<Vec<_>>();
        assert_eq!(picked(b"\xef\xbb\xbfa\r\nb\n"), [&b"a"[..], b"b", b""]);
        assert_eq!(picked(b"a\nb\rc\nd"), [b"a"]);
    }
}
