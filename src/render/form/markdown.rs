//! Owns text in markdown: foreign text is shown literally, and does nothing to the page it is pasted into.
//!
//! Forges turn plain text into mentions, references and links, and accept HTML in it. In code they do not, so a text
//! with a character that could start any of these is written as code; any other is written as is.

use std::borrow::Cow;

/// A text in a paragraph.
pub(in crate::render) fn text(text: &str) -> Cow<'_, str> {
    if is_harmless(text) { Cow::Borrowed(text) } else { Cow::Owned(code(text)) }
}

/// A text in a cell of a table, in which a bar would end it.
pub(in crate::render) fn cell(text: &str) -> String {
    // A backslash before a bar would escape our backslash; an invisible character separates them.
    self::text(text).replace("\\|", "\\\u{200b}|").replace('|', "\\|")
}

/// Lines that are shown literally; nothing in them ends the block.
pub(in crate::render) fn block(language: &str, lines: &str) -> String {
    let fence = "`".repeat(longest_run(lines).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", lines.trim_end_matches('\n'))
}

/// Whether every forge shows it as plain text.
fn is_harmless(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    // Links without markup, and GitHub's references to issues.
    let links = ["://", "www.", "mailto:", "xmpp:", "gh-"];
    !text.contains(['@', '#', '<', '[', '`', '\\', '&', '*'])
        && !links.iter().any(|link| lower.contains(link))
        && !refers(text)
        && !emphasizes(text)
        && !text.starts_with("    ")
}

/// Whether it has one of GitLab's references: `!7`, `$7`, `%7`, `~bug`, `^alert`.
fn refers(text: &str) -> bool {
    let marked = |(at, _): (usize, &str)| {
        text[at + 1..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '"' | '~' | '^'))
    };
    text.match_indices(['!', '$', '%', '~', '^']).any(marked)
}

/// Whether an underscore is where emphasis may begin or end: not inside of a word.
fn emphasizes(text: &str) -> bool {
    let in_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let mut marks = text.match_indices('_');
    marks.any(|(at, _)| !in_word(text[..at].chars().next_back()) || !in_word(text[at + 1..].chars().next()))
}

/// A text as code, whatever backticks it contains.
fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    // If both ends are spaces, one of each is removed; a backtick at an end would join the fence.
    let blank = |c: Option<char>| matches!(c, Some('`' | ' '));
    let pad = if blank(text.chars().next()) || blank(text.chars().last()) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn longest_run(text: &str) -> usize {
    let run = |(longest, current): (usize, usize), c: char| {
        let current = if c == '`' { current + 1 } else { 0 };
        (longest.max(current), current)
    };
    text.chars().fold((0, 0), run).0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    use super::*;
    use crate::domain::value::wording::one_line;

    #[test]
    fn what_is_plain_stays_and_what_could_do_something_is_code() {
        for plain in [
            "checkout-availability",
            "99.9 → 99.95",
            "42% → 0% -3.4m",
            "✔ healthy (new)",
            "a > b",
            "10 %",
            "payment_api",
        ] {
            assert_eq!(text(plain), plain);
        }
        for (risky, written) in [
            ("@acme/oncall", "`@acme/oncall`"),
            ("![x](https://e.example/p.png)", "`![x](https://e.example/p.png)`"),
            ("<img src=x onerror=alert(1)>", "`<img src=x onerror=alert(1)>`"),
            ("fixes #12", "`fixes #12`"),
            ("fixes GH-12", "`fixes GH-12`"),
            ("&#64;acme", "`&#64;acme`"),
            ("see !12", "`see !12`"),
            ("_0_", "`_0_`"),
            ("a __b__", "`a __b__`"),
            ("www.evil.example", "`www.evil.example`"),
            ("`a` @b", "`` `a` @b ``"),
            ("``@b", "``` ``@b ```"),
        ] {
            assert_eq!(text(risky), written);
        }
        assert_eq!(cell("a|@b"), "`a\\|@b`");
        assert_eq!(block("text", "a\n```\nb\n"), "````text\na\n```\nb\n````\n");
    }

    /// The texts of the cells of the only row, and whether they contain anything but text and code.
    fn row(markdown: &str) -> (Vec<String>, bool) {
        let (mut cells, mut strange, mut inside) = (Vec::new(), false, false);
        for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::TableHead) => inside = false,
                Event::Start(Tag::TableRow) => inside = true,
                Event::Start(Tag::TableCell) if inside => cells.push(String::new()),
                Event::Text(text) | Event::Code(text) if inside => {
                    cells.last_mut().unwrap().push_str(&text);
                }
                Event::Start(Tag::Table(_) | Tag::TableCell)
                | Event::End(TagEnd::Table | TagEnd::TableHead | TagEnd::TableRow | TagEnd::TableCell)
                | Event::Text(_) => {}
                _ => strange = true,
            }
        }
        (cells, strange)
    }

    proptest! {
        /// Every cell is read back as its own text, and only text.
        #[test]
        fn no_text_leaves_its_cell_or_becomes_markup(text in "[ -~ä]{0,24}|[|\\\\`@#<>\\[\\]()! a-c]{0,24}") {
            let text = one_line(text.trim()).into_owned();
            let markdown = format!("| A | B |\n| :-- | :-- |\n| {} | end |\n", cell(&text));
            let (cells, strange) = row(&markdown);
            prop_assert!(!strange, "{markdown}");
            prop_assert_eq!(cells.len(), 2, "{}", markdown);
            let shown = cells[0].replace('\u{200b}', "");
            prop_assert_eq!(shown.trim(), &*text, "{}", markdown);
            prop_assert_eq!(&*cells[1], "end");
        }

        /// A block ends where it ends.
        #[test]
        fn nothing_ends_a_block(lines in proptest::collection::vec("[`~ a\\\\>-]{0,8}", 1..6)) {
            let markdown = block("diff", &lines.join("\n"));
            let events: Vec<_> = Parser::new(&markdown).collect();
            let blocks = events.iter().filter(|event| matches!(event, Event::Start(_))).count();
            prop_assert_eq!(blocks, 1, "{}", markdown);
        }
    }
}
