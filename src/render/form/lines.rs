//! Owns lines that are broken to fit a terminal: between words, never within a name or a time.

use unicode_width::UnicodeWidthStr;

/// Signs of states, each before its name.
const SIGNS: [char; 7] = ['✔', '✖', '▼', '▽', '∅', '!', '?'];

/// Appends a line, broken if it is wider than the room; continuation lines are indented.
pub(in crate::render) fn push_wrapped(text: &mut String, line: &str, room: usize) {
    for (place, part) in broken(line, room, 2).into_iter().enumerate() {
        text.push_str(if place == 0 { "" } else { "  " });
        text.push_str(&part);
        text.push('\n');
    }
}

/// The parts of a line, none wider than the room unless a single word is; the caller indents all but the first.
pub(in crate::render) fn broken(line: &str, room: usize, indent: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let (mut part, mut used, mut has_word) = (String::new(), 0, false);
    for (place, word) in words(line).into_iter().enumerate() {
        let width = visible_width(word);
        if has_word && !word.is_empty() && used + 1 + width > room {
            parts.push(part.trim_end().to_owned());
            part.clear();
            used = indent;
        } else if place > 0 {
            part.push(' ');
            used += 1;
        }
        part.push_str(word);
        used += width;
        has_word |= !word.is_empty();
    }
    parts.push(part.trim_end().to_owned());
    parts
}

/// Items joined to lines, none wider than the room unless a single item is.
pub(in crate::render) fn flow(items: Vec<String>, separator: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            Some(line) if visible_width(line) + separator.width() + visible_width(&item) <= room => {
                line.push_str(separator);
                line.push_str(&item);
            }
            _ => lines.push(item),
        }
    }
    lines
}

/// The width of the widest word of a text.
pub(super) fn widest_word(text: &str) -> usize {
    words(text).into_iter().map(visible_width).max().unwrap_or(0)
}

/// The parts of a text between which it may be broken, at single blanks.
fn words(text: &str) -> Vec<&str> {
    let (mut words, mut start, mut before) = (Vec::new(), 0, 0);
    for (at, _) in text.match_indices(' ') {
        let after = &text[at + 1..];
        let after = after.split_once(' ').map_or(after, |(word, _)| word);
        if !belong_together(&text[before..at], after) {
            words.push(&text[start..at]);
            start = at + 1;
        }
        before = at + 1;
    }
    words.push(&text[start..]);
    words
}

/// Whether two words are parts of one time, `2026-11-20 14:05 UTC`, the second half of a range, `to 14:05`, or a sign and
/// its meaning, `✔ healthy`.
fn belong_together(word: &str, next: &str) -> bool {
    let is_zone = next.starts_with(|c: char| c.is_ascii_uppercase() || matches!(c, '+' | '-'));
    match word {
        _ if word.ends_with(SIGNS) => true,
        "to" => next.starts_with(|c: char| c.is_ascii_digit()),
        _ if is_clock(word) => is_zone,
        _ => ends_with_date(word) && is_clock(next),
    }
}

/// Whether a word begins with a time of the day.
fn is_clock(word: &str) -> bool {
    word.get(..5).is_some_and(|start| matches(start, "00:00"))
}

fn ends_with_date(word: &str) -> bool {
    let start = word.len().checked_sub("2026-11-20".len());
    start.and_then(|start| word.get(start..)).is_some_and(|end| matches(end, "0000-00-00"))
}

/// Whether a text is like a pattern, in which `0` means any digit.
fn matches(text: &str, pattern: &str) -> bool {
    let same = |(byte, like): (u8, u8)| if like == b'0' { byte.is_ascii_digit() } else { byte == like };
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(same)
}

/// The visible width of a text: color codes take none.
pub(in crate::render) fn visible_width(text: &str) -> usize {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().map_or(0, UnicodeWidthStr::width);
    first + parts.map(|part| part.split_once('m').map_or(0, |(_, shown)| shown.width())).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_colors_take_no_room() {
        assert_eq!(broken("one two three", 7, 0), ["one two", "three"]);
        assert_eq!(broken("one two three", 13, 0), ["one two three"]);
        assert_eq!(broken("one  two  three", 8, 2), ["one  two", "three"]);
        assert_eq!(broken("\u{1b}[31mone\u{1b}[0m two", 7, 0), ["\u{1b}[31mone\u{1b}[0m two"]);
        assert_eq!(broken("3 objectives: \u{1b}[32m✔ healthy\u{1b}[0m", 16, 0)[0], "3 objectives:");
        assert_eq!(broken("   aligned", 4, 0), ["   aligned"]);
        assert_eq!(visible_width("\u{1b}[1;31m✖ bad\u{1b}[0m"), 5);
        let mut text = String::new();
        push_wrapped(&mut text, "last data 30m ago; oldest: shop", 20);
        assert_eq!(text, "last data 30m ago;\n  oldest: shop\n");
    }

    #[test]
    fn times_stay_whole_at_any_width() {
        for room in 1..60 {
            let shown = broken("until 2026-11-20 14:05 UTC, from 2026-11-20 14:05:09 CET to 15:06", room, 2).join("\n");
            for whole in ["2026-11-20 14:05 UTC,", "2026-11-20 14:05:09 CET", "to 15:06"] {
                assert!(shown.contains(whole), "{room}: {shown}");
            }
        }
    }

    #[test]
    fn items_flow() {
        let items = || ["a 1", "b 22", "c 3"].map(ToOwned::to_owned).to_vec();
        assert_eq!(flow(items(), " · ", 10), ["a 1 · b 22", "c 3"]);
        assert_eq!(flow(items(), " · ", usize::MAX), ["a 1 · b 22 · c 3"]);
        assert_eq!(flow(items(), " · ", 2), ["a 1", "b 22", "c 3"]);
    }
}
