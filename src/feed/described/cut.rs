//! Owns completing JSON that was cut off, so that its last record can be recognized.

use std::borrow::Cow;

/// The text up to its last complete value, with everything closed that is open there.
pub(super) fn closed(text: &[u8]) -> Cow<'_, [u8]> {
    let (mut closers, mut end) = (Vec::new(), 0);
    let (mut in_text, mut is_escaped) = (false, false);
    for (at, byte) in text.iter().enumerate() {
        if in_text {
            in_text = is_escaped || *byte != b'"';
            is_escaped = !is_escaped && *byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' => closers.push(b'}'),
            b'[' => closers.push(b']'),
            b'}' | b']' => drop(closers.pop()),
            b',' => end = at,
            _ => {}
        }
        if matches!(byte, b'{' | b'[' | b'}' | b']') {
            end = at + 1;
        }
    }
    if closers.is_empty() {
        return Cow::Borrowed(text);
    }
    closers.reverse();
    Cow::Owned([&text[..end], &closers].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_at_the_end_is_closed_behind_the_last_complete_value() {
        for (text, expected) in [
            ("{\"a\":[1,2]}", "{\"a\":[1,2]}"),
            ("{\"a\":[[1,\"x\"],[2,\"y", "{\"a\":[[1,\"x\"],[2]]}"),
            ("{\"a\":{\"b\":\"]}\\\",\",\"c\":1.", "{\"a\":{\"b\":\"]}\\\",\"}}"),
            ("[{\"a\":\"\\\\\",\"b", "[{\"a\":\"\\\\\"}]"),
            ("{\"a\":[", "{\"a\":[]}"),
            ("{\"a", "{}"),
            ("", ""),
        ] {
            let closed = closed(text.as_bytes());
            assert_eq!(String::from_utf8_lossy(&closed), expected, "{text}");
            assert!(text.is_empty() || serde_json::from_slice::<serde_json::Value>(&closed).is_ok(), "{text}");
        }
    }

    proptest::proptest! {
        /// Wherever a document is cut, the rest of it is a document.
        #[test]
        fn whatever_is_cut_off_is_closed(value in "[a\\\\\",{}\\[\\]]{0,8}", at in proptest::prelude::any::<proptest::sample::Index>()) {
            let text = serde_json::json!({"a": [[1, value], {"b": null}], "c": {"d": [value, 2.5]}}).to_string();
            let closed = closed(&text.as_bytes()[..=at.index(text.len())]);
            proptest::prop_assert!(serde_json::from_slice::<serde_json::Value>(&closed).is_ok());
        }
    }
}
