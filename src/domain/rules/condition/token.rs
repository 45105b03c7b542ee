//! Owns splitting an expression into tokens: words and paths, numbers, durations, texts and signs, each with its place.

use std::ops::Range;

use super::error::ExpressionError;
use crate::domain::value::decimal::{Decimal, DecimalError};
use crate::domain::value::duration::parse_millis;
use crate::domain::value::wording::quote;

/// The longest expression, in bytes.
pub(crate) const LONGEST: usize = 16 * 1024;

/// A token and its bytes.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Token {
    pub(super) what: What,
    pub(super) at: Range<usize>,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum What {
    /// `isBreaching`, `health.postgres.status`, `health["a.b"].status`.
    Path(Vec<Segment>),
    Number {
        negative: bool,
        magnitude: Decimal,
    },
    /// Milliseconds.
    Duration(i64),
    Text(String),
    /// One of [`SIGNS`].
    Sign(&'static str),
    End,
}

/// A part of a path.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Segment {
    pub(super) text: String,
    /// Whether it was in brackets.
    pub(super) quoted: bool,
    pub(super) at: Range<usize>,
}

/// Longer ones first, as shorter ones are prefixes of them.
const SIGNS: [&str; 16] = ["<=", ">=", "==", "!=", "&&", "||", "<", ">", "!", "(", ")", "[", "]", ",", ":", "."];

/// What people write in other languages, and its equivalent here.
const FOREIGN: [(&str, &str); 17] = [
    ("===", "write == to compare"),
    ("!==", "write != to compare"),
    ("=<", "write <="),
    ("=>", "write >="),
    ("=~", "strings are compared with == and !="),
    ("!~", "strings are compared with == and !="),
    ("<>", "write !="),
    ("=", "write == to compare"),
    ("&", "write && for and"),
    ("|", "write || for or"),
    ("≤", "write <="),
    ("≥", "write >="),
    ("≠", "write !="),
    ("“", "write straight quotes: \""),
    ("”", "write straight quotes: \""),
    ("‘", "write straight quotes: '"),
    ("’", "write straight quotes: '"),
];

/// The tokens of a text, with [`What::End`] as the last.
///
/// # Errors
/// At the first invalid place.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ExpressionError> {
    if text.len() > LONGEST {
        let message = format!("the expression is longer than {} KiB", LONGEST / 1024);
        return Err(ExpressionError::new(&(LONGEST..LONGEST), message, "split it into several conditions"));
    }
    let mut cutter = Cutter { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        cutter.skip(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
        let start = cutter.at;
        let what = cutter.next()?;
        let is_end = what == What::End;
        tokens.push(Token { what, at: start..cutter.at });
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Cutter<'t> {
    text: &'t str,
    at: usize,
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Characters of a name without brackets: all that names may have except dots.
const fn is_name(c: char) -> bool {
    is_word(c) || matches!(c, '/' | ':' | '-')
}

impl<'t> Cutter<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn skip(&mut self, wanted: impl Fn(char) -> bool) -> Range<usize> {
        let start = self.at;
        let rest = self.rest();
        self.at += rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        start..self.at
    }

    fn next(&mut self) -> Result<What, ExpressionError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(What::End) };
        let second = rest[first.len_utf8()..].chars().next();
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        match first {
            'a'..='z' | 'A'..='Z' | '_' => self.path(),
            '0'..='9' => self.amount(),
            '.' if digit(second) => self.amount(),
            '-' | '+' if digit(second) || second == Some('.') => self.amount(),
            '"' | '\'' => self.quoted().map(What::Text),
            _ => self.sign(),
        }
    }

    fn sign(&mut self) -> Result<What, ExpressionError> {
        let rest = self.rest();
        let foreign = FOREIGN.iter().find(|(sign, _)| rest.starts_with(sign));
        let own = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
        // If both match, the longer one is meant.
        match (foreign, own) {
            (Some((sign, remedy)), own) if own.is_none_or(|own| own.len() < sign.len()) => {
                Err(ExpressionError::new(&(self.at..self.at + sign.len()), format!("unexpected {sign}"), *remedy))
            }
            (_, Some(sign)) => {
                self.at += sign.len();
                Ok(What::Sign(sign))
            }
            _ => {
                let c = rest.chars().next().unwrap_or_default();
                let remedy = match c {
                    '-' | '+' | '*' | '/' => {
                        "there is no arithmetic; a name with such a sign comes after health. or slo."
                    }
                    '%' => "percentages are plain numbers: 20",
                    '{' | '}' => "terms are grouped with parentheses",
                    '`' => "strings need quotes: \"healthy\"",
                    '\\' => "escapes are not supported",
                    '#' => "there are no comments in an expression",
                    ';' => "terms are joined with && and ||",
                    c if c.is_whitespace() => "use a plain space",
                    '\0' => "remove it",
                    c if c.is_alphabetic() => "`slo list fields` lists the fields",
                    _ => "",
                };
                let at = self.at..self.at + c.len_utf8();
                Err(ExpressionError::new(&at, format!("unexpected character {}", quote(&c.to_string())), remedy))
            }
        }
    }

    /// A text between matching quotes, without escapes: no comparable text has quotes in it.
    fn quoted(&mut self) -> Result<String, ExpressionError> {
        let start = self.at;
        let mark = if self.rest().starts_with('"') { '"' } else { '\'' };
        let inner = &self.text[start + 1..];
        let Some(length) = inner.find(mark) else {
            let message = format!("missing closing {mark}");
            return Err(ExpressionError::new(&(start..start + 1), message, "add it"));
        };
        let text = &inner[..length];
        if let Some((index, c)) = text.char_indices().find(|(_, c)| c.is_control()) {
            let at = start + 1 + index;
            let message = format!("a string cannot contain {}", quote(&c.to_string()));
            return Err(ExpressionError::new(&(at..at + c.len_utf8()), message, "remove it"));
        }
        self.at = start + 1 + length + 1;
        Ok(text.to_owned())
    }

    fn path(&mut self) -> Result<What, ExpressionError> {
        let at = self.skip(is_word);
        let mut segments = vec![Segment { text: self.text[at.clone()].to_owned(), quoted: false, at }];
        loop {
            let rest = self.rest();
            if let Some(after) = rest.strip_prefix('.') {
                self.at += 1;
                if !after.starts_with(is_name) {
                    let message = "a name or a field is missing after the dot";
                    return Err(ExpressionError::new(&(self.at..self.at), message, ""));
                }
                let at = self.skip(is_name);
                segments.push(Segment { text: self.text[at.clone()].to_owned(), quoted: false, at });
            } else if rest.starts_with("[\"") || rest.starts_with("['") {
                let start = self.at;
                self.at += 1;
                let text = self.quoted()?;
                if !self.rest().starts_with(']') {
                    let message = "missing closing ]";
                    return Err(ExpressionError::new(&(start..start + 1), message, "add it after the name"));
                }
                self.at += 1;
                segments.push(Segment { text, quoted: true, at: start..self.at });
            } else {
                return Ok(What::Path(segments));
            }
        }
    }

    /// A number or a duration.
    fn amount(&mut self) -> Result<What, ExpressionError> {
        let start = self.at;
        let sign = self.rest().chars().next().filter(|c| matches!(c, '-' | '+'));
        self.at += usize::from(sign.is_some());
        let body = self.skip(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'));
        let at = start..self.at;
        let text = &self.text[body];
        let fault = |message: &str, remedy: String| {
            Err(ExpressionError::new(&at, format!("{} {message}", quote(&self.text[at.clone()])), remedy))
        };
        if sign == Some('+') {
            return fault("has a plus sign", format!("write {text}"));
        }
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if is_number {
            return match Decimal::parse(text) {
                Ok(magnitude) => Ok(What::Number { negative: sign.is_some() && magnitude.millionths() > 0, magnitude }),
                Err(DecimalError::NotANumber) => {
                    fault("is not a number", "write digits with at most one point".to_owned())
                }
                Err(DecimalError::TooLarge) => fault("is too large", "write a number below 1000000000000".to_owned()),
                Err(DecimalError::TooFine) => fault("has more than 6 decimals", "write fewer".to_owned()),
            };
        }
        if let Some(millis) = parse_millis(text).or_else(|| is_zero_duration(text).then_some(0)) {
            if sign.is_some() {
                return fault("is a negative duration", format!("write {text}"));
            }
            return Ok(What::Duration(millis));
        }
        let unsigned = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let remedy = if matches!(unsigned, "s" | "m" | "h" | "d" | "w" | "ms") && text.contains('.') {
            "write whole numbers, such as 1h30m"
        } else if unsigned.starts_with(['e', 'E']) || text.starts_with("0x") {
            "write the number out, such as 1000"
        } else if unsigned.starts_with('_') {
            "write the digits together"
        } else if matches!(unsigned, "min" | "mins" | "sec" | "secs" | "hr" | "hrs" | "M") {
            "the units are ms, s, m, h, d and w"
        } else {
            "write a number such as 14.4, or a duration such as 90s, 15m, 1h30m, 7d or 4w, up to 3650d"
        };
        fault("is neither a number nor a duration", remedy.to_owned())
    }
}

fn is_zero_duration(text: &str) -> bool {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    !digits.is_empty()
        && digits.bytes().all(|byte| byte == b'0')
        && matches!(&text[digits.len()..], "ms" | "s" | "m" | "h" | "d" | "w")
}
