//! Owns the pairs of escapes that JSON writes for a character beyond U+FFFF (`\ud83d\ude00`) and YAML does not know: for
//! the parser, escapes of private characters take their places, so that no position changes.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::IgnoredAny;

/// The first and second halves of a pair.
const HIGH: Range<u32> = 0xD800..0xDC00;
const LOW: Range<u32> = 0xDC00..0xE000;
/// The private characters that stand for the halves.
const PRIVATE: Range<u32> = 0xE000..0xE800;
/// The length of an escape.
const ESCAPE: usize = 6;

/// A JSON document with its pairs replaced. Other documents stay as they are, and those that contain one of the private
/// characters.
pub(super) fn hidden(text: &str) -> Cow<'_, str> {
    let is_json = || serde_json::from_str::<IgnoredAny>(text.strip_prefix("---").unwrap_or(text)).is_ok();
    if !(text.contains("\\ud") || text.contains("\\uD")) || !is_json() {
        return Cow::Borrowed(text);
    }
    let escapes = escapes(text);
    let mut codes = text.chars().map(u32::from).chain(escapes.iter().map(|(_, code)| *code));
    if codes.any(|code| PRIVATE.contains(&code)) {
        return Cow::Borrowed(text);
    }
    let mut hidden = text.to_owned();
    for pair in escapes.windows(2) {
        let is_pair = HIGH.contains(&pair[0].1) && LOW.contains(&pair[1].1) && pair[0].0 + ESCAPE == pair[1].0;
        for (at, half) in pair.iter().filter(|_| is_pair) {
            hidden.replace_range(*at..*at + ESCAPE, &format!("\\u{:04x}", half - HIGH.start + PRIVATE.start));
        }
    }
    Cow::Owned(hidden)
}

/// A text of such a document as it was meant.
pub(super) fn restored(text: &str) -> String {
    let unit = |unit: u16| match u32::from(unit) {
        code if PRIVATE.contains(&code) => (code - PRIVATE.start + HIGH.start) as u16,
        _ => unit,
    };
    String::from_utf16_lossy(&text.encode_utf16().map(unit).collect::<Vec<_>>())
}

/// The places and codes of all `\u` escapes of a JSON document, in which every backslash begins an escape.
fn escapes(text: &str) -> Vec<(usize, u32)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find('\\').map(|at| from + at) {
        let digits = text[at..].strip_prefix("\\u").and_then(|rest| rest.get(..ESCAPE - 2));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        found.extend(code.map(|code| (at, code)));
        from = at + if code.is_some() { ESCAPE } else { 2 };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_json_are_replaced_and_restored() {
        let text = r#"{"a": "x \ud83d\ude00\u00e9 \uD83D\uDE00", "b": "\\ud83d\\ude00"}"#;
        let found = hidden(text);
        assert_eq!(found, r#"{"a": "x \ue03d\ue600\u00e9 \ue03d\ue600", "b": "\\ud83d\\ude00"}"#);
        assert_eq!(restored("x \u{e03d}\u{e600}é 😀"), "x 😀é 😀");
        assert_eq!(hidden("---\n[\"\\ud83d\\ude00\"]\n").len(), "---\n[\"\\ud83d\\ude00\"]\n".len());
    }

    #[test]
    fn everything_else_stays() {
        for text in [
            r#"a: "\ud83d\ude00""#,
            r"{a: '\ud83d\ude00'}",
            r#"["\ud83d"]"#,
            r#"["\ude00\ud83d"]"#,
            r#"["\ud83d \ude00"]"#,
            r#"["\ud83d\ude00", "\ue000"]"#,
            "[\"\\ud83d\\ude00\", \"\u{e7ff}\"]",
        ] {
            assert_eq!(hidden(text), text);
        }
    }
}
