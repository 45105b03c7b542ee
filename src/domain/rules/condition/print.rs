//! Owns printing a condition as a one-line expression that reads back as the same tree.

use std::fmt;

use super::{Comparison, Field, Operand, Subject, Term};
use crate::domain::value::duration::write_millis;
use crate::domain::value::hours::Hours;
use crate::domain::value::name::Name;

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(terms) => write_joined(terms, " && ", f),
            Self::Any(terms) => write_joined(terms, " || ", f),
            Self::Not(term) => match &**term {
                Self::Not(_) | Self::Time(_) | Self::Policy(_) => write!(f, "!{term}"),
                Self::Compare(comparison) if comparison.is_bare() => write!(f, "!{term}"),
                _ => write!(f, "!({term})"),
            },
            Self::Compare(comparison) if comparison.is_bare() => write!(f, "{}", comparison.left),
            Self::Compare(Comparison { left, relation, right }) => write!(f, "{left} {} {right}", relation.as_str()),
            Self::Time(hours) => write!(f, "{hours}"),
            Self::Held { term, for_ms } => write!(f, "({term}) for {}", write_millis(*for_ms)),
            Self::Repeated { term, times, within_ms } => {
                write!(f, "({term}) at least {times} times in {}", write_millis(*within_ms))
            }
            Self::Policy(urgency) => write!(f, "policy(\"{}\")", urgency.as_str()),
        }
    }
}

/// Nested joined terms are in parentheses, for the reader even if not needed.
fn write_joined(terms: &[Term], joint: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, term) in terms.iter().enumerate() {
        let joint = if index > 0 { joint } else { "" };
        match term {
            Term::All(_) | Term::Any(_) => write!(f, "{joint}({term})")?,
            _ => write!(f, "{joint}{term}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => field.fmt(f),
            Self::Number { negative, magnitude } => write!(f, "{}{magnitude}", if *negative { "-" } else { "" }),
            Self::Duration(millis) => f.write_str(&write_millis(*millis)),
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Boolean(truth) => truth.fmt(f),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::This => {}
            Subject::Objective(name) => write_subject("slo", name, f)?,
            Subject::System(name) => write_subject("health", name, f)?,
        }
        f.write_str(self.property.name())
    }
}

/// `health.postgres.`, or `health["a.b"].` for a name that has dots.
fn write_subject(prefix: &str, name: &Name, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if name.as_str().contains('.') { write!(f, "{prefix}[\"{name}\"].") } else { write!(f, "{prefix}.{name}.") }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.after.map(|after| format!("after: \"{}\"", Self::clock(after))));
        parts.extend(self.before.map(|before| format!("before: \"{}\"", Self::clock(before))));
        if !self.weekdays.is_empty() {
            let days: Vec<String> = self.weekdays.iter().map(ToString::to_string).collect();
            parts.push(format!("weekday: [{}]", days.join(", ")));
        }
        if self.zone != chrono_tz::UTC {
            parts.push(format!("timezone: \"{}\"", self.zone.name()));
        }
        write!(f, "time({})", parts.join(", "))
    }
}

impl Comparison {
    /// Whether it is printed as a boolean field alone.
    pub(crate) fn is_bare(&self) -> bool {
        matches!(
            self,
            Self { left: Operand::Field(field), relation: super::Relation::Equal, right: Operand::Boolean(true) }
                if field.property.shape() == super::property::Shape::Boolean
        )
    }
}
