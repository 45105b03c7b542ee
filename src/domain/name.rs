//! Owns names of systems, checks, objectives and windows, and the one rule they all follow.

use std::borrow::Borrow;
use std::fmt;

/// The longest a name may be, in bytes.
pub(crate) const LONGEST: usize = 253;

/// A checked name: 1–253 characters of `A-Za-z0-9._/:-`, case-sensitive.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Name(Box<str>);

impl Name {
    /// Checks a text against the rule.
    ///
    /// # Errors
    /// When it is empty, too long, or has a character outside the set.
    pub(crate) fn parse(text: &str) -> Result<Self, NameError> {
        check(text.as_bytes())?;
        Ok(Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks bytes against the rule without copying them; what passes is ASCII.
///
/// # Errors
/// When they are empty, too many, or one lies outside the set.
pub(crate) fn check(bytes: &[u8]) -> Result<(), NameError> {
    if bytes.is_empty() {
        return Err(NameError::Empty);
    }
    if bytes.len() > LONGEST {
        return Err(NameError::TooLong(bytes.len()));
    }
    match bytes.iter().find(|byte| !is_name_byte(**byte)) {
        None => Ok(()),
        Some(_) => Err(NameError::Character),
    }
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b':' | b'-')
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NameError {
    Empty,
    /// Carries the length in bytes.
    TooLong(usize),
    Character,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a name must not be empty"),
            Self::TooLong(length) => write!(f, "a name has at most {LONGEST} characters, this one has {length}"),
            Self::Character => f.write_str("a name consists of the characters A-Z a-z 0-9 . _ / : -"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_holds_at_its_edges() {
        for good in ["a", "A-Z.0_9/x:y", &"n".repeat(253)] {
            assert!(Name::parse(good).is_ok(), "{good}");
        }
        assert_eq!(Name::parse(""), Err(NameError::Empty));
        assert_eq!(Name::parse(&"n".repeat(254)), Err(NameError::TooLong(254)));
        for bad in ["a b", "ä", "a\n", "a\0", "a,b", "\"a\""] {
            assert_eq!(Name::parse(bad), Err(NameError::Character), "{bad}");
        }
    }
}
