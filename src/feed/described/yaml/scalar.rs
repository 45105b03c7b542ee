//! Owns converting a text of YAML to JSON.

/// A text, even if it looks like another type.
pub(super) fn text(text: &str, json: &mut Vec<u8>) {
    json.push(b'"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        json.extend_from_slice(&text.as_bytes()[plain..at]);
        plain = at + 1;
        match byte {
            b'"' => json.extend_from_slice(b"\\\""),
            b'\\' => json.extend_from_slice(b"\\\\"),
            b'\n' => json.extend_from_slice(b"\\n"),
            other => json.extend_from_slice(format!("\\u{other:04x}").as_bytes()),
        }
    }
    json.extend_from_slice(&text.as_bytes()[plain..]);
    json.push(b'"');
}

/// The value of a text in the core schema; with `is_text` always a text. A number must be written as in JSON, so that
/// no value is spelled differently from the file.
pub(super) fn value(text: &str, is_text: bool, json: &mut Vec<u8>) {
    match text {
        _ if is_text => self::text(text, json),
        "" | "~" | "null" | "Null" | "NULL" => json.extend_from_slice(b"null"),
        "true" | "True" | "TRUE" => json.extend_from_slice(b"true"),
        "false" | "False" | "FALSE" => json.extend_from_slice(b"false"),
        _ if is_number(text) => json.extend_from_slice(text.as_bytes()),
        _ => self::text(text, json),
    }
}

fn is_number(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    begins && serde_json::from_str::<serde_json::Number>(text).is_ok_and(|number| number.to_string() == text)
}
