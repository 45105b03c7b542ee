//! Owns resolving paths: a property of the evaluated objective or system, or of a named one.

use std::ops::Range;

use super::error::ExpressionError;
use super::property::Owner;
use super::token::Segment;
use super::{Field, Property, Subject};
use crate::domain::budget::balance::LOOKBACKS;
use crate::domain::value::name::Name;
use crate::domain::value::wording::{near, or_list, quote};

/// Names from other views, and why they are not fields here.
const ELSEWHERE: [(&str, &str); 8] = [
    ("downSince", "a moment cannot be compared; downFor is the time since then"),
    ("inStatusSince", "a moment cannot be compared; inStatusFor is the time since then"),
    ("lastSeen", "a moment cannot be compared; dataAgeSeconds is the time since then"),
    ("streakStart", "a moment cannot be compared; currentStreak counts the days since then"),
    ("bestStreakEnd", "a moment cannot be compared; bestStreak is its length"),
    ("labels", "write spec.selector in a Condition, or -l on the command line"),
    ("attribution", "compare errorBudgetConsumedMinutes with errorBudgetConsumedStrictMinutes"),
    ("forecast", "a moment cannot be compared; budgetRemainingPercent and burnRate say how close it is"),
];

/// Reads a field from the segments of a path at the bytes `at`; without a name before it, a field of `this`.
pub(super) fn read_field(segments: &[Segment], at: &Range<usize>, this: Owner) -> Result<Field, ExpressionError> {
    let texts: Vec<&str> = segments.iter().map(|segment| segment.text.as_str()).collect();
    let (prefix, owner, rest) = match texts.as_slice() {
        ["slo", _, ..] => ("slo", Owner::Objective, &segments[1..]),
        ["state", "slo", _, ..] => ("slo", Owner::Objective, &segments[2..]),
        ["health", _, ..] => ("health", Owner::System, &segments[1..]),
        ["state", "health", _, ..] => ("health", Owner::System, &segments[2..]),
        ["state", "system", ..] => {
            return Err(ExpressionError::new(at, "a system's view is named by health", "write health.NAME.status"));
        }
        [word @ ("slo" | "health")] => {
            let of = if *word == "slo" { "an objective" } else { "a system" };
            let message = format!("{word} needs the name of {of} and a field");
            let field = if *word == "slo" { "state" } else { "status" };
            return Err(ExpressionError::new(at, message, format!("write {word}.NAME.{field}")));
        }
        _ => {
            return read_property(segments, at, this, "").map(|property| Field { subject: Subject::This, property });
        }
    };
    let (first, properties) = rest.split_first().unwrap_or((&segments[0], &[]));
    let name = Name::parse(&first.text).map_err(|error| {
        ExpressionError::new(&first.at, format!("{} is not a name", quote(&first.text)), error.to_string())
    })?;
    if properties.is_empty() {
        let (subject, property) = if owner == Owner::System {
            (Subject::System(name.clone()), Property::Status)
        } else {
            (Subject::Objective(name.clone()), Property::State)
        };
        let remedy = format!("write {}; {}", Field { subject, property }, known(owner));
        return Err(ExpressionError::new(at, format!("{prefix}.{name} lacks a field"), remedy));
    }
    let property = read_property(properties, at, owner, &format!("{prefix}.{name}.")).map_err(|fault| {
        // If the end is a field and more precedes it, that is a name with dots.
        with_dots(rest, owner).map_or(fault, |(name, field)| {
            let message = "a name with dots needs brackets";
            ExpressionError::new(at, message, format!("write {prefix}[\"{name}\"].{field}"))
        })
    })?;
    let subject = if owner == Owner::System { Subject::System(name) } else { Subject::Objective(name) };
    Ok(Field { subject, property })
}

/// A name with dots and the field after it, if the segments have that form.
fn with_dots(segments: &[Segment], owner: Owner) -> Option<(String, &'static str)> {
    if segments.iter().any(|segment| segment.quoted) {
        return None;
    }
    let texts: Vec<&str> = segments.iter().map(|segment| segment.text.as_str()).collect();
    (2..texts.len()).find_map(|cut| {
        let property = Property::find(owner, &texts[cut..].join("."))?;
        Some((texts[..cut].join("."), property.name()))
    })
}

/// Finds a property by name; `shown` precedes it in messages.
fn read_property(
    segments: &[Segment],
    at: &Range<usize>,
    owner: Owner,
    shown: &str,
) -> Result<Property, ExpressionError> {
    let name = segments.iter().map(|segment| segment.text.as_str()).collect::<Vec<_>>().join(".");
    if let Some(property) = Property::find(owner, &name) {
        return Ok(property);
    }
    let place = segments.first().map_or(at.clone(), |first| first.at.start..at.end);
    let fault = |message: String, remedy: String| Err(ExpressionError::new(&place, message, remedy));
    let lookbacks = || or_list(LOOKBACKS.map(|(name, _)| name));
    if name == "burnRates" && owner == Owner::Objective {
        return fault(
            format!("{shown}burnRates needs a lookback"),
            format!("write burnRates.1h; lookbacks are {}", lookbacks()),
        );
    }
    if let Some(lookback) = name.strip_prefix("burnRates.").filter(|_| owner == Owner::Objective) {
        return fault(
            format!("there is no burn rate over {}", quote(lookback)),
            format!("lookbacks are {}", lookbacks()),
        );
    }
    let first = segments.first().map_or("", |segment| segment.text.as_str());
    if let Some((_, why)) = ELSEWHERE.iter().find(|(name, _)| *name == first) {
        return fault(format!("{first} is not a field of a condition"), (*why).to_owned());
    }
    let other = if owner == Owner::Objective { Owner::System } else { Owner::Objective };
    if let Some(property) = Property::find(other, &name) {
        let prefix = if other == Owner::System { "health" } else { "slo" };
        let message = format!("{} is a field of {}, not of {}", property.name(), a(other), a(owner));
        return fault(message, format!("write {prefix}.NAME.{}", property.name()));
    }
    if shown.is_empty() {
        match name.to_lowercase().as_str() {
            "and" | "or" | "not" => {
                let sign =
                    [("and", "&&"), ("or", "||"), ("not", "!")].iter().find(|(word, _)| *word == name.to_lowercase());
                let (word, sign) = sign.copied().unwrap_or_default();
                return fault(format!("{} is not a field", quote(&name)), format!("write {sign} for {word}"));
            }
            "time" => {
                return fault(
                    "time has no hours".to_owned(),
                    "write time(after: \"22:00\", before: \"06:00\")".to_owned(),
                );
            }
            "policy" => {
                return fault(
                    "policy has no name".to_owned(),
                    "write policy(\"page\") or policy(\"ticket\")".to_owned(),
                );
            }
            _ => {}
        }
    }
    let guesses = meant(&name, owner);
    let remedy = match guesses.as_slice() {
        [] => known(owner),
        _ => format!("did you mean {}?", or_list(guesses)),
    };
    fault(format!("{} is not a field of {}", quote(&name), a(owner)), remedy)
}

/// Suggestions for an unknown name: names that contain it, else those with a similar spelling.
fn meant(name: &str, owner: Owner) -> Vec<&'static str> {
    let lower = name.to_lowercase();
    let names = || Property::of(owner).map(Property::name);
    let containing = names().filter(|known| name.len() >= 5 && known.to_lowercase().contains(&lower));
    let containing: Vec<&str> = containing.take(3).collect();
    if containing.is_empty() { near(name, names()) } else { containing }
}

/// The fields of a system, or where to find those of an objective, which are too many for one line.
fn known(owner: Owner) -> String {
    match owner {
        Owner::Objective => "`slo list fields` lists the fields".to_owned(),
        Owner::System => {
            let names: Vec<&str> = Property::of(owner).map(Property::name).collect();
            format!("fields of {} are {}", a(owner), names.join(", "))
        }
    }
}

const fn a(owner: Owner) -> &'static str {
    match owner {
        Owner::Objective => "an objective",
        Owner::System => "a system",
    }
}
