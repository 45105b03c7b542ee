//! Owns labels, Kubernetes' rules for their keys and values, and for the keys of annotations.

use std::collections::BTreeMap;
use std::rc::Rc;

/// The rule of [`check_key`] as a regular expression, except for the length of the prefix.
pub(crate) const KEY_PATTERN: &str = "^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$";
/// The rule of [`check_value`] as a regular expression.
pub(crate) const VALUE_PATTERN: &str = "^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$";

/// The longest name part of a key and the longest label value, in characters.
const LONGEST_NAME: usize = 63;
/// The longest prefix of a key, in characters.
const LONGEST_PREFIX: usize = 253;

/// The labels of an object, sorted by key; copies share them.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Labels(Rc<[(Box<str>, Box<str>)]>);

impl Labels {
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let place = self.0.binary_search_by(|(known, _)| (**known).cmp(key)).ok()?;
        Some(&self.0[place].1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }
}

impl From<BTreeMap<String, String>> for Labels {
    fn from(labels: BTreeMap<String, String>) -> Self {
        Self(labels.into_iter().map(|(key, value)| (key.into_boxed_str(), value.into_boxed_str())).collect())
    }
}

/// Checks a key `[prefix/]name` of a label or annotation.
///
/// # Errors
/// With the broken part of the rule.
pub(crate) fn check_key(key: &str) -> Result<(), &'static str> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if prefix.is_some_and(|prefix| prefix.len() > LONGEST_PREFIX || !prefix.split('.').all(is_dns_label)) {
        return Err("the part before the / is a lower-case DNS name of at most 253 characters, such as example.com");
    }
    if name.is_empty() || !is_name(name) {
        return Err(
            "a key is 1–63 characters of A-Z a-z 0-9 - _ . with a letter or digit at both ends, after an optional prefix/",
        );
    }
    Ok(())
}

/// Checks the value of a label.
///
/// # Errors
/// With the broken part of the rule.
pub(crate) fn check_value(value: &str) -> Result<(), &'static str> {
    if value.is_empty() || is_name(value) {
        return Ok(());
    }
    Err("a label value is at most 63 characters of A-Z a-z 0-9 - _ . with a letter or digit at both ends")
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= LONGEST_NAME
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn is_dns_label(text: &str) -> bool {
    is_name(text) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_kubernetes_holds_at_its_edges() {
        for good in ["team", "app.kubernetes.io/name", "a", "A_b.c-1", &"k".repeat(63), "9.example-x.io/x"] {
            assert_eq!(check_key(good), Ok(()), "{good}");
        }
        for bad in ["", "/", "a/", "/a", "-a", "a-", "a b", "UPPER.io/x", "a..b/x", "a/b/c", "ä", &"k".repeat(64)] {
            assert!(check_key(bad).is_err(), "{bad}");
        }
        assert_eq!(check_value(""), Ok(()));
        assert_eq!(check_value("v1.2_3-x"), Ok(()));
        for bad in [" ", "-", "a/b", "a.", &"v".repeat(64)] {
            assert!(check_value(bad).is_err(), "{bad}");
        }
    }
}
