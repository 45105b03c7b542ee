//! Owns which values can be compared, and the errors for those that cannot.

use super::property::{Shape, Unit, Vocabulary};
use super::{Comparison, Operand, Relation};
use crate::domain::value::duration::write_millis;
use crate::domain::value::name::Name;
use crate::domain::value::wording::{closest, quote};

/// A part of a comparison that a message can point at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Left,
    Relation,
    Right,
}

/// Why two values cannot be compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mismatch {
    pub(crate) part: Part,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Comparison {
    /// A comparison of compatible sides.
    ///
    /// # Errors
    /// When they differ in type or unit, have no order, when neither is a field, or when the field never has the text.
    pub(crate) fn new(left: Operand, relation: Relation, right: Operand) -> Result<Self, Mismatch> {
        let fault = |part, message: String, remedy: String| Err(Mismatch { part, message, remedy });
        let (field, other, part) = match (&left, &right) {
            (Operand::Field(field), other) => (field, other, Part::Right),
            (other, Operand::Field(field)) => (field, other, Part::Left),
            _ => {
                let message = "neither side is a field, so the answer never changes".to_owned();
                return fault(Part::Left, message, "compare a field, such as budgetRemainingPercent < 20".to_owned());
            }
        };
        let shape = field.property.shape();
        let name = field.property.name();
        if let Some(fault) = mismatch(name, shape, other) {
            let (message, remedy) = fault;
            return Err(Mismatch { part, message, remedy });
        }
        if !matches!(relation, Relation::Equal | Relation::NotEqual) && matches!(shape, Shape::Boolean | Shape::Text(_))
        {
            let message = format!("{name} is {} and has no order", shape.describe());
            let remedy = if shape == Shape::Boolean {
                format!("write {name} or !{name}")
            } else {
                "compare it with == or !=".to_owned()
            };
            return fault(Part::Relation, message, remedy);
        }
        Ok(Self { left, relation, right })
    }
}

/// Why a field cannot be compared with a value: cause and remedy.
fn mismatch(name: &str, shape: Shape, other: &Operand) -> Option<(String, String)> {
    let is = || format!("{name} is {}", shape.describe());
    match (shape, other) {
        (_, Operand::Field(other)) if shape.compares_with(other.property.shape()) => None,
        (_, Operand::Field(other)) => {
            let (what, shape) = (other.property.name(), other.property.shape());
            let kinds = if let (Shape::Text(_), Shape::Text(_)) = (shape, other.property.shape()) {
                format!("{name} and {what} never have the same values")
            } else {
                format!("{}, and {what} is {}", is(), shape.describe())
            };
            Some((kinds, "compare it with a value, or with a field of the same kind".to_owned()))
        }
        (Shape::Number(_), Operand::Number { .. })
        | (Shape::Boolean, Operand::Boolean(_))
        | (Shape::Duration | Shape::Number(Unit::Minutes | Unit::Seconds), Operand::Duration(_)) => None,
        (Shape::Text(vocabulary), Operand::Text(text)) => unknown_word(name, vocabulary, text),
        (Shape::Duration, Operand::Number { magnitude, .. }) => Some((
            format!("{}, and {magnitude} has no unit", is()),
            format!("write {magnitude}s, {magnitude}m or {magnitude}h"),
        )),
        (Shape::Number(unit), Operand::Duration(millis)) => {
            let example = match unit {
                Unit::Percent => "20 for 20%",
                Unit::Days => "7",
                Unit::Rate => "14.4",
                Unit::Count | Unit::Minutes | Unit::Seconds => "3",
            };
            let message = format!("{}, and {} is a duration", is(), write_millis(*millis));
            Some((message, format!("write a plain number, such as {example}")))
        }
        (Shape::Text(vocabulary), Operand::Boolean(_) | Operand::Number { .. } | Operand::Duration(_)) => {
            let known = vocabulary.words().map(|words| format!("known: {}", words.join(", ")));
            let remedy = known.unwrap_or_else(|| "write a name in quotes".to_owned());
            Some((format!("{}, and {} is not", is(), other), remedy))
        }
        (Shape::Boolean, _) => {
            Some((format!("{}, and {} is neither", is(), other), format!("write {name} or !{name}")))
        }
        (_, Operand::Text(text)) => {
            let number = text.starts_with(|c: char| c.is_ascii_digit() || c == '.');
            let remedy = if number { format!("write it without quotes: {text}") } else { String::new() };
            Some((format!("{}, and {} is a string", is(), quote(text)), remedy))
        }
        (_, Operand::Boolean(_)) => Some((format!("{}, and {other} is not", is()), "write a value".to_owned())),
    }
}

/// Why a field never has a text.
fn unknown_word(name: &str, vocabulary: Vocabulary, text: &str) -> Option<(String, String)> {
    let Some(words) = vocabulary.words() else {
        let error = Name::parse(text).err()?;
        return Some((format!("{} cannot be {name}", quote(text)), error.to_string()));
    };
    if words.contains(&text) {
        return None;
    }
    let known = format!("known: {}", words.join(", "));
    let guess = closest(text, words.iter().copied());
    let remedy = guess.map_or(known.clone(), |guess| format!("did you mean {guess}? {known}"));
    Some((format!("{name} is never {}", quote(text)), remedy))
}

impl Relation {
    pub(crate) const ALL: [Self; 6] =
        [Self::LessOrEqual, Self::GreaterOrEqual, Self::Equal, Self::NotEqual, Self::Less, Self::Greater];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
        }
    }
}
