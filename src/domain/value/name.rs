//! Owns names of systems, checks, objectives and windows, and the rule they follow.

use std::borrow::Borrow;
use std::fmt;

use super::letters;

/// The longest name, in bytes.
pub(crate) const LONGEST: usize = 253;

/// A checked name: 1–253 characters of `A-Za-z0-9._/:-`, case-sensitive.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Name(Box<str>);

impl Name {
    /// Checks a text against the rule.
    ///
    /// # Errors
    /// When it is empty, too long, or has an invalid character.
    pub(crate) fn parse(text: &str) -> Result<Self, NameError> {
        check(text.as_bytes())?;
        Ok(Self(text.into()))
    }

    /// A valid name for any text: Latin letters lose their marks, and each run of other invalid characters becomes a
    /// `-`, but not at either end; a valid name stays as it is. `None` if nothing is left.
    pub(crate) fn like(text: &str) -> Option<Self> {
        if let Ok(name) = Self::parse(text) {
            return Some(name);
        }
        let mut name = String::new();
        for c in text.chars() {
            if c.is_ascii() && is_name_byte(c as u8) {
                name.push(c);
            } else if let Some(plain) = letters::plain(c) {
                name.push_str(plain);
            } else if !name.is_empty() && !name.ends_with('-') {
                name.push('-');
            }
        }
        let name = name.trim_start_matches('-');
        Self::parse(name[..name.len().min(LONGEST)].trim_end_matches('-')).ok()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks bytes against the rule without copying them; valid ones are ASCII.
///
/// # Errors
/// When they are empty, too many, or one is invalid.
pub(crate) fn check(bytes: &[u8]) -> Result<(), NameError> {
    if bytes.is_empty() {
        return Err(NameError::Empty);
    }
    if !bytes.iter().all(|byte| is_name_byte(*byte)) {
        return Err(NameError::Character);
    }
    // All of them are ASCII, so bytes are characters.
    if bytes.len() > LONGEST { Err(NameError::TooLong(bytes.len())) } else { Ok(()) }
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
    /// Carries its length.
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
    fn a_text_that_is_no_name_has_one_that_would_do() {
        for (text, name) in [
            ("Shop Front", Some("Shop-Front")),
            ("  web / HTTP (eu)  ", Some("web-/-HTTP-eu")),
            ("Müller & Söhne", Some("Muller-Sohne")),
            ("Mu\u{308}ller", Some("Muller")),
            ("Łódź Straße", Some("Lodz-Strasse")),
            ("a-b", Some("a-b")),
            ("- web 1 -", Some("web-1")),
            ("-web", Some("-web")),
            ("- -", None),
            ("-", Some("-")),
            ("日本", None),
            ("", None),
        ] {
            assert_eq!(Name::like(text).as_ref().map(Name::as_str), name, "{text}");
        }
        assert_eq!(Name::like(&"n ".repeat(300)).map(|name| name.as_str().len()), Some(LONGEST));
        assert_eq!(Name::like(&"n".repeat(300)).map(|name| name.as_str().len()), Some(LONGEST));
    }

    proptest::proptest! {
        #[test]
        fn the_name_that_would_do_is_one_and_stays_itself(text: String) {
            if let Some(name) = Name::like(&text) {
                proptest::prop_assert!(check(name.as_str().as_bytes()).is_ok());
                let again = Name::like(name.as_str());
                proptest::prop_assert_eq!(again.as_ref(), Some(&name));
            }
        }
    }

    #[test]
    fn the_rule_holds_at_its_edges() {
        for good in ["a", "A-Z.0_9/x:y", &"n".repeat(253)] {
            assert!(Name::parse(good).is_ok(), "{good}");
        }
        assert_eq!(Name::parse(""), Err(NameError::Empty));
        assert_eq!(Name::parse(&"n".repeat(254)), Err(NameError::TooLong(254)));
        for bad in ["a b", "ä", "a\n", "a\0", "a,b", "\"a\"", &"é".repeat(200), &"a b".repeat(200)] {
            assert_eq!(Name::parse(bad), Err(NameError::Character), "{bad}");
        }
    }
}
