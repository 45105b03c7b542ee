//! Owns the invariant of reading any text as a condition, for property tests and fuzzing.

use super::{Owner, Term};

/// Reading gives a condition whose printed form reads back as the same, or an error that points into the text.
pub(crate) fn check(text: &str) {
    check_for(text, Owner::Objective);
    check_for(text, Owner::System);
}

fn check_for(text: &str, owner: Owner) {
    match Term::parse(text, owner) {
        Ok(term) => assert_eq!(Term::parse(&term.to_string(), owner), Ok(term), "{text:?}"),
        Err(error) => {
            assert!(text.is_char_boundary(error.offset), "{text:?}: {error:?}");
            assert!(text.is_char_boundary(error.offset + error.length), "{text:?}: {error:?}");
            assert!(!error.message.is_empty(), "{text:?}");
            let excerpt = error.excerpt(text);
            assert_eq!(excerpt.lines().count(), 2, "{text:?}: {excerpt}");
            assert!(excerpt.lines().all(|line| line.chars().count() <= 80), "{text:?}: {excerpt}");
        }
    }
}
