//! Owns quoting and escaping values in messages, and the suggestions of "did you mean".

use std::borrow::Cow;

/// The most characters quoted of a value.
const MOST_QUOTED: usize = 60;
/// The most valid choices that are listed in full.
const MOST_KNOWN: usize = 16;
/// The longest text compared with known ones: the cost of guessing grows with the length.
const MOST_COMPARED: usize = 253;
/// The least distance of a beginning: more than that of any whole text.
const BEGINNING: usize = 5;

/// Quotes a value for a message: on one line, cut if long.
pub(crate) fn quote(value: &str) -> String {
    let mut shown: String = value.chars().take(MOST_QUOTED).flat_map(char::escape_debug).collect();
    // An apostrophe needs no escape between double quotes.
    shown = shown.replace("\\'", "'");
    let dots = if value.chars().nth(MOST_QUOTED).is_some() { "…" } else { "" };
    format!("\"{shown}{dots}\"")
}

/// Whether a character controls a terminal, a line, or the writing direction instead of being visible.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text as one harmless line, whatever a feed, a manifest or a file name contains: hidden characters are escaped.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden)
}

/// A text of several lines, with all other hidden characters escaped.
pub(crate) fn in_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_hidden(c))
}

fn escaped(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hidden) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| if hidden(c) { c.escape_default().collect() } else { String::from(c) };
    Cow::Owned(text.chars().map(shown).collect())
}

/// The known text most similar to the given one, if it is similar enough.
pub(crate) fn closest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    near(given, known).first().copied()
}

/// The known text most similar to the given one, if it is similar enough; up to three whose beginnings are equally
/// similar.
pub(crate) fn near<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    if given.is_empty() || given.len() > MOST_COMPARED {
        return Vec::new();
    }
    let lower = given.to_lowercase();
    let mut found: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|candidate| {
            let other = candidate.to_lowercase();
            let distance = distance(&lower, &other).or_else(|| distance_of_beginning(&lower, &other))?;
            Some((distance, candidate))
        })
        .collect();
    let least = found.iter().map(|(distance, _)| *distance).min();
    found.retain(|(distance, _)| Some(*distance) == least);
    let most = if least >= Some(BEGINNING) { 3 } else { 1 };
    found.into_iter().map(|(_, candidate)| candidate).take(most).collect()
}

/// The number of letters that differ, if few do: one of up to six, two of up to ten, four at most.
fn distance(given: &str, known: &str) -> Option<usize> {
    let allowed = ((given.len().max(known.len()) + 1) / 4).clamp(1, 4);
    let comparable = given.len().abs_diff(known.len()) <= allowed;
    comparable.then(|| strsim::osa_distance(given, known)).filter(|distance| *distance <= allowed)
}

/// The same for the beginning of the known text, which counts as farther away than any whole text.
fn distance_of_beginning(given: &str, known: &str) -> Option<usize> {
    let length = given.chars().count();
    let allowed = match length {
        0..3 => return None,
        3..6 => 0,
        6..10 => 1,
        _ => 2,
    };
    let beginnings =
        (length - allowed.min(1)..=length + 1).map(|length| known.chars().take(length).collect::<String>());
    let nearest = beginnings.map(|beginning| strsim::osa_distance(given, &beginning)).min()?;
    (nearest <= allowed).then_some(BEGINNING + nearest)
}

/// `did you mean X or Y?` if there are guesses, else the known texts if they are few.
pub(crate) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match near(given, known.clone()) {
        guesses if guesses.is_empty() => one_of(known),
        guesses => format!("did you mean {}?", or_list(guesses)),
    }
}

/// A count with its noun: `1 objective`, `3 objectives`, `2 matches`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let plural = if noun.ends_with("ch") { "es" } else { "s" };
    format!("{count} {noun}{}", if count == 1 { "" } else { plural })
}

/// `a, b or c`.
pub(crate) fn or_list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    joined(words, "or")
}

/// `a, b and c`.
pub(crate) fn and_list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    joined(words, "and")
}

fn joined<'a>(words: impl IntoIterator<Item = &'a str>, conjunction: &str) -> String {
    let mut words: Vec<&str> = words.into_iter().collect();
    match (words.pop(), words.is_empty()) {
        (Some(last), false) => format!("{} {conjunction} {last}", words.join(", ")),
        (last, _) => last.unwrap_or_default().to_owned(),
    }
}

/// `known: a, b, c`; empty if there are none or too many to help.
pub(crate) fn one_of<'a>(known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().take(MOST_KNOWN + 1).collect();
    if known.is_empty() || known.len() > MOST_KNOWN { String::new() } else { format!("known: {}", known.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_are_near_misses_only() {
        let known = ["checkout", "postgres", "SLO", "windowDays"];
        for (given, guess) in [
            ("chekout", Some("checkout")),
            ("slo", Some("SLO")),
            ("windowdays", Some("windowDays")),
            ("redis", None),
            ("", None),
            ("post", Some("postgres")),
            ("po", None),
            ("windwD", Some("windowDays")),
        ] {
            assert_eq!(closest(given, known), guess, "{given}");
        }
        let names = ["checkout-availability", "mail", "checkout-payment"];
        assert_eq!(did_you_mean("chekout", names), "did you mean checkout-availability or checkout-payment?");
        for (given, known) in [("xml", ["html", "yaml"]), ("csh", ["fish", "bash"]), ("helth", ["width", "death"])] {
            assert_eq!(closest(given, known), None, "{given}");
        }
        assert_eq!(did_you_mean("zzzzzzzz", ["a", "b"]), "known: a, b");
    }

    #[test]
    fn what_is_hidden_is_spelled_out() {
        let hostile = "a\r\n::error::\u{1b}[2J\u{9b}\u{202e}b\u{2066}\u{200f}\u{61c}\u{2028}ä";
        let line = r"a\r\n::error::\u{1b}[2J\u{9b}\u{202e}b\u{2066}\u{200f}\u{61c}\u{2028}ä";
        assert_eq!(one_line(hostile), line);
        assert_eq!(in_lines(hostile), line.replacen(r"\n", "\n", 1));
        assert!(matches!(one_line("plain, schön → gut"), Cow::Borrowed(_)));
    }

    #[test]
    fn quoted_values_stay_on_one_short_line() {
        assert_eq!(quote("it's\n\u{1b}[31m\"x\""), r#""it's\n\u{1b}[31m\"x\"""#);
        assert_eq!(quote("a\u{202e}b\u{61c}\u{2028}"), r#""a\u{202e}b\u{61c}\u{2028}""#);
        assert_eq!(quote(&"ä".repeat(61)), format!("\"{}…\"", "ä".repeat(60)));
    }
}
