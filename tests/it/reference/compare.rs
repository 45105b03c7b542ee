//! Owns comparing an answer of the engine with the reference's: everything exactly, floats to twelve digits.

use serde_json::Value;

/// Describes the first difference between the expected and the printed value, with its path; `None` if there is none.
pub(crate) fn difference(path: &str, expected: &Value, actual: &Value) -> Option<String> {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(got)) => {
            let differing = wanted.iter().find_map(|(key, value)| match got.get(key) {
                None => Some(format!("{path}.{key} is missing, expected {value}")),
                Some(got) => difference(&format!("{path}.{key}"), value, got),
            });
            let unexpected = |(key, value): &(&String, &Value)| !value.is_null() && !wanted.contains_key(*key);
            differing.or_else(|| {
                got.iter().find(unexpected).map(|(key, value)| format!("{path}.{key} is unexpected: {value}"))
            })
        }
        (Value::Array(wanted), Value::Array(got)) => {
            let differing = wanted
                .iter()
                .zip(got)
                .enumerate()
                .find_map(|(index, (wanted, got))| difference(&format!("{path}[{index}]"), wanted, got));
            differing.or_else(|| {
                (wanted.len() != got.len())
                    .then(|| format!("{path} has {} entries, expected {}: {actual}", got.len(), wanted.len()))
            })
        }
        (Value::Number(wanted), Value::Number(got)) => {
            let (wanted, got) = (wanted.as_f64().unwrap(), got.as_f64().unwrap());
            let tolerance = 1e-12 * wanted.abs();
            ((wanted - got).abs() > tolerance).then(|| format!("{path} is {got}, expected {wanted}"))
        }
        _ => (expected != actual).then(|| format!("{path} is {actual}, expected {expected}")),
    }
}

#[test]
fn floats_are_compared_to_twelve_digits_and_all_else_exactly() {
    let differ = |a: &str, b: &str| {
        difference("x", &serde_json::from_str(a).unwrap(), &serde_json::from_str(b).unwrap()).is_some()
    };
    assert!(!differ("43.2", "43.20000000000001"));
    assert!(differ("43.2", "43.2000001"));
    assert!(differ("0.0", "1e-15"));
    assert!(!differ("100", "100.0"));
    assert!(differ("[1]", "[1, 2]"));
    assert!(differ(r#"{"a": 1}"#, r#"{"b": 1}"#));
    assert!(differ(r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#));
    assert!(!differ(r#"{"a": 1}"#, r#"{"a": 1, "b": null}"#));
    assert!(differ("null", "0"));
}
