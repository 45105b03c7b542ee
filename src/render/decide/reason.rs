//! Owns the reasons for a verdict in words: the values that decided a ready-made rule.

use crate::domain::budget::balance::{LOOKBACKS, State};
use crate::domain::rules::condition::Property;
use crate::domain::rules::finding::{Finding, Origin, ReadyMade};
use crate::domain::rules::solver::linear::Fraction;
use crate::domain::rules::solver::signal::Reading;
use crate::domain::value::duration::write_millis;
use crate::domain::value::instant::MINUTE_MS;
use crate::render::form::number::{percent, precise_time, rate, short_time};
use crate::render::part::reading::shown;

/// The reasons, one line each: a sentence for a ready-made rule, and the compared values for a written condition.
pub(super) fn reasons(finding: &Finding) -> Vec<String> {
    let values = Values(finding);
    match finding.rule.origin {
        Origin::Written => shown(&finding.values),
        Origin::Statuses => vec![values.statuses()],
        Origin::ReadyMade(what) => vec![values.ready_made(what)],
    }
}

/// The values that decided, by property.
struct Values<'a>(&'a Finding);

impl Values<'_> {
    fn ready_made(&self, what: ReadyMade) -> String {
        match what {
            ReadyMade::Breaching => {
                format!("{}, {} over", self.spent(), precise_time(self.minutes(Property::OverspentMinutes)))
            }
            ReadyMade::Down => self.standing(self.is(Property::IsBreaching).then_some(State::Breaching.as_str())),
            ReadyMade::AtRisk => {
                let state = self.text(Property::State);
                self.standing(state.filter(|state| *state != State::Down.as_str()))
            }
            ReadyMade::Warning | ReadyMade::Critical | ReadyMade::Exhausted => self.spent(),
            ReadyMade::FastBurn | ReadyMade::Policy(_) => self.rates(),
            ReadyMade::NoData => match self.text(Property::SystemId) {
                Some(system) => format!("nothing has been reported for {system}"),
                None if self.reading(Property::StatusKnown).is_some() => {
                    "nothing has been reported for its check".to_owned()
                }
                None => "nothing has been reported".to_owned(),
            },
            ReadyMade::Coverage(least) => {
                let known = self.number(Property::CoveragePercent);
                let known = known.map_or("0".to_owned(), |of| percent(of.numerator, 100 * of.denominator, 1));
                format!("status known for {known}% of the elapsed window, at least {least}% expected")
            }
            ReadyMade::MaxAge(most) => match self.number(Property::DataAgeSeconds) {
                Some(_) => format!("{}, older than {}", self.age(), write_millis(most)),
                None => format!("nothing reported yet; data at most {} old expected", write_millis(most)),
            },
            ReadyMade::Unknown => format!("status unknown, {}", self.age()),
        }
    }

    /// The status of a system, and for how long.
    fn statuses(&self) -> String {
        let status = self.text(Property::Status).unwrap_or("unknown");
        let held = self.number(Property::InStatusFor).map(whole);
        held.map_or(status.to_owned(), |held| format!("{status} for {}", short_time(held)))
    }

    fn spent(&self) -> String {
        let of = |property| precise_time(self.minutes(property));
        format!("spent {} of a {} budget", of(Property::ConsumedMinutes), of(Property::TotalMinutes))
    }

    /// The state, whether it is down, and the budget left.
    fn standing(&self, state: Option<&str>) -> String {
        let words = if self.0.is_over { "down at the close" } else { "down now" };
        let down = self.is(Property::HasOpenDowntime).then_some(words);
        let left = self.number(Property::RemainingPercent);
        let left = left.map(|of| format!("{}% of the budget left", percent(of.numerator, 100 * of.denominator, 0)));
        let parts: Vec<String> = state.into_iter().chain(down).map(str::to_owned).chain(left).collect();
        parts.join(", ")
    }

    /// Burn rates, each with its lookback.
    fn rates(&self) -> String {
        let rates = self.0.values.iter().filter_map(|(field, reading)| match (field.property, reading) {
            (Property::BurnRateOver(lookback), Reading::Number(of)) => {
                let burn = rate(Some(of.numerator as f64 / of.denominator as f64));
                Some(format!("{burn} over {}", LOOKBACKS[lookback].0))
            }
            _ => None,
        });
        format!("burn rate {}", rates.collect::<Vec<_>>().join(", "))
    }

    fn age(&self) -> String {
        self.number(Property::DataAgeSeconds).map_or("nothing reported yet".to_owned(), |age| {
            format!("last data {} ago", short_time(whole(Fraction { numerator: age.numerator * 1000, ..age })))
        })
    }

    /// Milliseconds; 0 if there is no number.
    fn minutes(&self, property: Property) -> i64 {
        let of = self.number(property);
        of.map_or(0, |of| whole(Fraction { numerator: of.numerator * i128::from(MINUTE_MS), ..of }))
    }

    fn is(&self, property: Property) -> bool {
        matches!(self.reading(property), Some(Reading::Boolean(true)))
    }

    fn text(&self, property: Property) -> Option<&str> {
        match self.reading(property) {
            Some(Reading::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn number(&self, property: Property) -> Option<Fraction> {
        match self.reading(property) {
            Some(Reading::Number(number)) => Some(*number),
            _ => None,
        }
    }

    fn reading(&self, property: Property) -> Option<&Reading> {
        self.0.values.iter().find(|(field, _)| field.property == property).map(|(_, reading)| reading)
    }
}

/// Floored.
fn whole(fraction: Fraction) -> i64 {
    i64::try_from(fraction.numerator.div_euclid(fraction.denominator)).unwrap_or(i64::MAX)
}
