//! Owns label selectors: `team=payments,tier!=low,owner,!legacy`.

use std::collections::BTreeMap;
use std::fmt;

use super::label::{Labels, check_key, check_value};

/// Requirements on labels, all of which must be met.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Selector(Vec<Requirement>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Requirement {
    Equal(String, String),
    /// Also met when the label is absent, as in Kubernetes.
    NotEqual(String, String),
    Present(String),
    Absent(String),
}

impl Selector {
    /// Reads `key=value`, `key==value`, `key!=value`, `key`, `!key`, joined by commas.
    ///
    /// # Errors
    /// With the offending part and the rule it breaks.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.contains(',') && text.split(',').any(|part| part.trim().is_empty()) {
            return Err(format!("{text:?}: a label is missing before or after a comma"));
        }
        text.split(',').map(str::trim).map(requirement).collect::<Result<_, _>>().map(Self)
    }

    /// Labels that must all have these values.
    pub(crate) fn labels(labels: &BTreeMap<String, String>) -> Self {
        Self(labels.iter().map(|(key, value)| Requirement::Equal(key.clone(), value.clone())).collect())
    }

    /// The labels that must have given values.
    pub(crate) fn equal(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|requirement| match requirement {
            Requirement::Equal(key, value) => Some((key.as_str(), value.as_str())),
            _ => None,
        })
    }

    pub(crate) fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|requirement| match requirement {
            Requirement::Equal(key, value) => labels.get(key) == Some(value.as_str()),
            Requirement::NotEqual(key, value) => labels.get(key) != Some(value.as_str()),
            Requirement::Present(key) => labels.get(key).is_some(),
            Requirement::Absent(key) => labels.get(key).is_none(),
        })
    }
}

impl fmt::Display for Selector {
    /// Prints the form that [`Self::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.0.iter().enumerate() {
            f.write_str(if index > 0 { "," } else { "" })?;
            match requirement {
                Requirement::Equal(key, value) => write!(f, "{key}={value}"),
                Requirement::NotEqual(key, value) => write!(f, "{key}!={value}"),
                Requirement::Present(key) => f.write_str(key),
                Requirement::Absent(key) => write!(f, "!{key}"),
            }?;
        }
        Ok(())
    }
}

fn requirement(part: &str) -> Result<Requirement, String> {
    let parsed = if let Some((key, value)) = part.split_once("!=") {
        Requirement::NotEqual(key.trim().to_owned(), value.trim().to_owned())
    } else if let Some((key, value)) = part.split_once('=') {
        Requirement::Equal(key.trim().to_owned(), value.trim_start_matches('=').trim().to_owned())
    } else if let Some(key) = part.strip_prefix('!') {
        Requirement::Absent(key.trim().to_owned())
    } else {
        Requirement::Present(part.to_owned())
    };
    let (key, value) = match &parsed {
        Requirement::Equal(key, value) | Requirement::NotEqual(key, value) => (key, value.as_str()),
        Requirement::Present(key) | Requirement::Absent(key) => (key, ""),
    };
    check_key(key).and_then(|()| check_value(value)).map_err(|rule| format!("{part:?}: {rule}"))?;
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_met_together() {
        let labels = [("team", "payments"), ("tier", "1")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let labels = Labels::from(BTreeMap::from(labels));
        for (text, expected) in [
            ("team=payments", true),
            ("team==payments, tier=1", true),
            ("team=payments,tier!=1", false),
            ("owner!=x", true),
            ("team", true),
            ("!team", false),
            ("owner", false),
        ] {
            assert_eq!(Selector::parse(text).unwrap().matches(&labels), expected, "{text}");
        }
        for text in ["", "=x", "a=b c", "team=payments,,", "!"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
        let missing = "\"team=x,\": a label is missing before or after a comma";
        assert_eq!(Selector::parse("team=x,"), Err(missing.to_owned()));
    }
}
