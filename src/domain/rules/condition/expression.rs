//! Owns reading a condition from its one-line spelling.
//!
//! ```text
//! any      = all { "||" all }
//! all      = unary { "&&" unary }
//! unary    = "!" ( "!" … | primary without duration ) | primary
//! primary  = ( "(" any ")" | time | policy ) [ "for" DURATION | "at" "least" NUMBER "times" "in" DURATION ]
//!          | operand [ relation operand ]
//! time     = "time" "(" argument { "," argument } ")"
//! policy   = "policy" "(" TEXT ")"
//! operand  = field | NUMBER | DURATION | TEXT | "true" | "false"
//! field    = PROPERTY | [ "state" ] ( "slo" | "health" ) NAME PROPERTY
//! ```

use std::ops::Range;

use super::comparison::Part;
use super::error::ExpressionError;
use super::path::read_field;
use super::token::{Segment, Token, What, tokens};
use super::{Comparison, Operand, Owner, Relation, Term};
use crate::domain::budget::policy::Urgency;
use crate::domain::rules::condition::property::Shape;
use crate::domain::value::decimal::SCALE;
use crate::domain::value::wording::{did_you_mean, quote};

/// The deepest nesting of parentheses and `!`.
const MOST_NESTED: usize = 64;
/// The largest count of `at least`.
pub(crate) const MOST_TIMES: u32 = 1000;

impl Term {
    /// Reads an expression that is evaluated for an objective or a system, whose fields need no name before them.
    ///
    /// # Errors
    /// With the place of the first fault.
    pub(crate) fn parse(text: &str, owner: Owner) -> Result<Self, ExpressionError> {
        let mut reader = Reader { tokens: tokens(text)?, owner, next: 0, nested: 0 };
        if reader.tokens.len() == 1 {
            let remedy = match owner {
                Owner::Objective => "write a condition such as budgetRemainingPercent < 20",
                Owner::System => "write a condition such as status == \"unhealthy\"",
            };
            return Err(ExpressionError::new(&(0..0), "the expression is empty", remedy));
        }
        let term = reader.any()?;
        match reader.sign() {
            _ if reader.peek().what == What::End => {}
            Some(")") => return Err(reader.fault("missing opening parenthesis", "remove it")),
            _ => return Err(reader.unexpected("&&, || or the end")),
        }
        term.check_size()
            .map_err(|message| ExpressionError::new(&(0..text.len()), message, "split it into several conditions"))?;
        Ok(term)
    }
}

pub(super) struct Reader {
    tokens: Vec<Token>,
    /// The kind whose fields need no name before them.
    owner: Owner,
    next: usize,
    nested: usize,
}

impl Reader {
    pub(super) fn peek(&self) -> &Token {
        // The last token is the end, which is never passed.
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    pub(super) fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    pub(super) fn sign(&self) -> Option<&'static str> {
        match self.peek().what {
            What::Sign(sign) => Some(sign),
            _ => None,
        }
    }

    /// Consumes a sign if it comes next.
    pub(super) fn accept(&mut self, sign: &str) -> bool {
        let found = self.sign() == Some(sign);
        self.next += usize::from(found);
        found
    }

    /// The next token, if it is a word without dots.
    pub(super) fn word(&self) -> Option<&str> {
        match &self.peek().what {
            What::Path(segments) if segments.len() == 1 => Some(&segments[0].text),
            _ => None,
        }
    }

    pub(super) fn fault(&self, message: impl Into<String>, remedy: impl Into<String>) -> ExpressionError {
        ExpressionError::new(&self.peek().at, message, remedy)
    }

    /// The next token is not valid here.
    pub(super) fn unexpected(&self, wanted: &str) -> ExpressionError {
        let found = match &self.peek().what {
            What::End => return self.fault(format!("the expression ends early; expected {wanted}"), ""),
            What::Sign(sign) => (*sign).to_owned(),
            What::Text(text) => quote(text),
            What::Path(_) | What::Number { .. } | What::Duration(_) => self.shown(),
        };
        let remedy = match self.word().map(str::to_lowercase).as_deref() {
            Some("and") => "write && for and",
            Some("or") => "write || for or",
            Some("not") => "write ! for not",
            Some("is" | "equals" | "eq") => "write == to compare",
            Some("within") => "write in",
            Some("ms" | "s" | "m" | "h" | "d" | "w") if self.follows_number() => {
                "write the unit directly after the number"
            }
            None if self.sign() == Some(",") && self.follows_number() => {
                "decimals are written with a point, thousands without a comma"
            }
            _ => "",
        };
        self.fault(format!("expected {wanted}, found {found}"), remedy)
    }

    fn follows_number(&self) -> bool {
        self.next > 0 && matches!(self.tokens[self.next - 1].what, What::Number { .. })
    }

    fn shown(&self) -> String {
        match &self.peek().what {
            What::Path(segments) => segments.iter().map(|segment| segment.text.as_str()).collect::<Vec<_>>().join("."),
            What::Number { negative, magnitude } => format!("{}{magnitude}", if *negative { "-" } else { "" }),
            What::Duration(millis) => crate::domain::value::duration::write_millis(*millis),
            What::Text(_) | What::Sign(_) | What::End => String::new(),
        }
    }

    fn any(&mut self) -> Result<Term, ExpressionError> {
        let mut terms = vec![self.all()?];
        while self.accept("||") {
            terms.push(self.all()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Term::Any(terms) })
    }

    fn all(&mut self) -> Result<Term, ExpressionError> {
        let mut terms = vec![self.unary()?];
        while self.accept("&&") {
            terms.push(self.unary()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Term::All(terms) })
    }

    /// Enters a nesting level, unless it is too deep.
    fn deeper(&mut self) -> Result<(), ExpressionError> {
        if self.nested == MOST_NESTED {
            let message = format!("parentheses and ! are nested more than {MOST_NESTED} deep");
            return Err(self.fault(message, "split it into several conditions"));
        }
        self.nested += 1;
        Ok(())
    }

    fn unary(&mut self) -> Result<Term, ExpressionError> {
        if self.sign() != Some("!") {
            return self.primary(false);
        }
        self.deeper()?;
        self.next += 1;
        let negated = if self.sign() == Some("!") { self.unary() } else { self.primary(true) }?;
        self.nested -= 1;
        Ok(Term::Not(Box::new(negated)))
    }

    fn primary(&mut self, negated: bool) -> Result<Term, ExpressionError> {
        let start = self.peek().at.start;
        let follows = self.tokens.get(self.next + 1).map(|token| &token.what);
        let calls = follows == Some(&What::Sign("("));
        let term = match self.word() {
            None if self.sign() == Some("(") => self.group()?,
            Some("time") if calls => self.hours()?,
            Some("policy") if calls => self.policy()?,
            Some(word) if calls => {
                let message = format!("unknown function {}", quote(word));
                let remedy = match word.to_lowercase().as_str() {
                    "and" => "write && for and".to_owned(),
                    "or" => "write || for or".to_owned(),
                    "not" => "write ! for not".to_owned(),
                    _ => did_you_mean(word, ["time", "policy"]),
                };
                return Err(self.fault(message, remedy));
            }
            _ => {
                let term = self.comparison(negated)?;
                let end = self.tokens[self.next - 1].at.end;
                if matches!(self.word(), Some("for" | "at")) {
                    let message = "a term before `for` or `at least` needs parentheses";
                    let remedy = "write it in parentheses, such as (isBreaching) for 5m";
                    return Err(ExpressionError::new(&(start..end), message, remedy));
                }
                return Ok(term);
            }
        };
        if !matches!(self.word(), Some("for" | "at")) {
            return Ok(term);
        }
        if negated {
            let message = "! is ambiguous here: it could negate the term or its duration";
            return Err(self.fault(message, "write !((…) for 15m) or (!(…)) for 15m"));
        }
        let term = self.suffix(term)?;
        if matches!(self.word(), Some("for" | "at")) {
            return Err(self.fault("a term can have only one `for` or `at least`", "write ( ) around all before this"));
        }
        Ok(term)
    }

    fn group(&mut self) -> Result<Term, ExpressionError> {
        self.deeper()?;
        let opening = self.take().at;
        if self.sign() == Some(")") {
            return Err(self.fault("the parentheses are empty", ""));
        }
        let term = self.any()?;
        if !self.accept(")") {
            if self.peek().what == What::End {
                let message = "missing closing )";
                return Err(ExpressionError::new(&opening, message, "add it"));
            }
            return Err(self.unexpected("&&, || or )"));
        }
        self.nested -= 1;
        Ok(term)
    }

    /// `for 15m`, or `at least 3 times in 60m`.
    fn suffix(&mut self, term: Term) -> Result<Term, ExpressionError> {
        let term = Box::new(term);
        if self.word() == Some("for") {
            self.next += 1;
            return Ok(Term::Held { term, for_ms: self.duration("for")? });
        }
        self.next += 1;
        self.keyword(&["least"])?;
        let times = self.times()?;
        self.keyword(&["times", "time"])?;
        self.keyword(&["in"])?;
        Ok(Term::Repeated { term, times, within_ms: self.duration("in")? })
    }

    fn keyword(&mut self, words: &[&str]) -> Result<(), ExpressionError> {
        if self.word().is_some_and(|word| words.contains(&word)) {
            self.next += 1;
            return Ok(());
        }
        let mut fault = self.unexpected(words[0]);
        if fault.remedy.is_empty() {
            "write (…) at least 3 times in 60m".clone_into(&mut fault.remedy);
        }
        Err(fault)
    }

    fn duration(&mut self, after: &str) -> Result<i64, ExpressionError> {
        match self.peek().what {
            What::Duration(0) => {
                Err(self.fault(format!("the duration after {after} must be longer than 0"), "write for example 5m"))
            }
            What::Duration(millis) => {
                self.next += 1;
                Ok(millis)
            }
            What::Number { magnitude, .. } => {
                let remedy = format!("write {magnitude}s, {magnitude}m or {magnitude}h");
                Err(self.fault(format!("{magnitude} has no unit"), remedy))
            }
            _ => Err(self.unexpected("a duration such as 15m")),
        }
    }

    fn times(&mut self) -> Result<u32, ExpressionError> {
        let What::Number { negative, magnitude } = self.peek().what else {
            return Err(self.unexpected("a number of times"));
        };
        let whole = magnitude.millionths() / SCALE;
        let times = u32::try_from(whole).ok().filter(|times| (1..=MOST_TIMES).contains(times));
        let Some(times) = times.filter(|_| !negative && magnitude.millionths() % SCALE == 0) else {
            let message = format!("{} is not a number of times", self.shown());
            return Err(self.fault(message, format!("write a whole number from 1 to {MOST_TIMES}")));
        };
        self.next += 1;
        Ok(times)
    }

    fn policy(&mut self) -> Result<Term, ExpressionError> {
        if self.owner == Owner::System {
            let message = "policy compares burn rates, which a system does not have";
            return Err(self.fault(message, "write it in a condition about objectives"));
        }
        self.next += 2;
        let names = || Urgency::ALL.map(Urgency::as_str);
        let What::Text(text) = &self.peek().what else {
            let mut fault = self.unexpected("the name of a policy in quotes");
            "write policy(\"page\") or policy(\"ticket\")".clone_into(&mut fault.remedy);
            return Err(fault);
        };
        let Some(urgency) = Urgency::parse(text) else {
            return Err(self.fault(format!("unknown policy {}", quote(text)), did_you_mean(text, names())));
        };
        self.next += 1;
        if !self.accept(")") {
            return Err(self.unexpected(")"));
        }
        Ok(Term::Policy(urgency))
    }

    fn comparison(&mut self, negated: bool) -> Result<Term, ExpressionError> {
        let (left, left_at) = self.operand()?;
        let relation = |reader: &Self| {
            let sign = reader.sign()?;
            Relation::ALL.into_iter().find(|relation| relation.as_str() == sign)
        };
        let Some(found) = relation(self) else { return self.bare(left, &left_at) };
        let relation_at = self.take().at;
        let (right, right_at) = self.operand()?;
        let whole = left_at.start..right_at.end;
        if negated {
            return Err(ExpressionError::new(
                &whole,
                "! needs parentheses around what it negates",
                "write !( ) around it",
            ));
        }
        if relation(self).is_some() {
            return Err(self.fault("a comparison has two sides", "write a < b && b < c"));
        }
        Comparison::new(left, found, right).map(Term::Compare).map_err(|mismatch| {
            let at = match mismatch.part {
                Part::Left => left_at,
                Part::Relation => relation_at,
                Part::Right => right_at,
            };
            ExpressionError::new(&at, mismatch.message, mismatch.remedy)
        })
    }

    /// A boolean field alone.
    fn bare(&self, operand: Operand, at: &Range<usize>) -> Result<Term, ExpressionError> {
        let (message, remedy) = match &operand {
            Operand::Field(field) => {
                let (name, shape) = (field.property.name(), field.property.shape());
                let example = match shape {
                    Shape::Boolean => {
                        let right = Operand::Boolean(true);
                        return Ok(Term::Compare(Comparison { left: operand, relation: Relation::Equal, right }));
                    }
                    Shape::Text(vocabulary) => {
                        let word = vocabulary.words().and_then(|words| words.last().copied()).unwrap_or("checkout");
                        format!("{name} == \"{word}\"")
                    }
                    Shape::Duration => format!("{name} > 10m"),
                    Shape::Number(_) => format!("{name} < 20"),
                };
                let message = format!("{name} is {}, which alone is not a condition", shape.describe());
                (message, format!("compare it, such as {example}"))
            }
            _ => (format!("{operand} alone is not a condition"), "compare it with a field".to_owned()),
        };
        if matches!(self.peek().what, What::End | What::Sign(_)) || matches!(self.word(), Some("for" | "at")) {
            return Err(ExpressionError::new(at, message, remedy));
        }
        Err(self.unexpected("a comparison such as < 20"))
    }

    fn operand(&mut self) -> Result<(Operand, Range<usize>), ExpressionError> {
        let Token { what, at } = self.peek().clone();
        let operand = match what {
            What::Number { negative, magnitude } => Operand::Number { negative, magnitude },
            What::Duration(millis) => Operand::Duration(millis),
            What::Text(text) => Operand::Text(text),
            What::Path(segments) => self.named(&segments, &at)?,
            What::Sign(_) | What::End => {
                let mut fault = self.unexpected("a field or a value");
                if fault.remedy.is_empty() {
                    "`slo list fields` lists the fields".clone_into(&mut fault.remedy);
                }
                return Err(fault);
            }
        };
        self.next += 1;
        Ok((operand, at))
    }

    /// A field, `true` or `false`.
    fn named(&self, segments: &[Segment], at: &Range<usize>) -> Result<Operand, ExpressionError> {
        match self.word() {
            Some("true") => return Ok(Operand::Boolean(true)),
            Some("false") => return Ok(Operand::Boolean(false)),
            Some("null" | "nil" | "None" | "none") => {
                let message = "cannot compare with null: a comparison with a missing value is always false";
                return Err(self.fault(message, "`slo list fields` says when each field is null"));
            }
            _ => {}
        }
        let unquoted = self.next > 0 && matches!(self.tokens[self.next - 1].what, What::Sign("==" | "!="));
        read_field(segments, at, self.owner).map(Operand::Field).map_err(|fault| {
            // On the right of == a word that is not a field is a text without quotes.
            match self.word().filter(|_| unquoted) {
                Some(word) => ExpressionError::new(
                    at,
                    format!("{} is not a field", quote(word)),
                    format!("strings are written in quotes: \"{word}\""),
                ),
                None => fault,
            }
        })
    }
}
