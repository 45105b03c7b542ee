//! Owns reading the arguments of `time(…)`.

use std::ops::Range;

use chrono::Weekday;

use super::Term;
use super::error::ExpressionError;
use super::expression::Reader;
use super::token::What;
use crate::domain::value::hours::{Fault, Hours, parse_time, parse_weekday, parse_zone};
use crate::domain::value::wording::{did_you_mean, quote};

const ARGUMENTS: [&str; 4] = ["after", "before", "weekday", "timezone"];

impl Reader {
    /// `time(after: "22:00", before: "06:00", weekday: [Sat, Sun], timezone: "Europe/Berlin")`.
    pub(super) fn hours(&mut self) -> Result<Term, ExpressionError> {
        let start = self.take().at.start;
        self.take();
        let (mut after, mut before, mut weekdays, mut zone) = (None, None, None, None);
        loop {
            if self.sign() == Some(")") {
                break;
            }
            let name_at = self.peek().at.clone();
            let Some(name) = self.word().map(str::to_owned) else {
                return Err(self.unexpected("after:, before:, weekday: or timezone:"));
            };
            let Some(argument) = ARGUMENTS.into_iter().find(|argument| *argument == name) else {
                return Err(self.fault(format!("time has no {}", quote(&name)), did_you_mean(&name, ARGUMENTS)));
            };
            self.take();
            if !self.accept(":") {
                return Err(self.unexpected(":"));
            }
            let twice =
                || Err(ExpressionError::new(&name_at, format!("{argument} is written twice"), "keep one of them"));
            match argument {
                "after" if after.is_some() => return twice(),
                "before" if before.is_some() => return twice(),
                "weekday" if weekdays.is_some() => return twice(),
                "timezone" if zone.is_some() => return twice(),
                "after" => after = Some(self.quoted("a time of day in quotes, such as \"22:00\",", parse_time)?),
                "before" => before = Some(self.quoted("a time of day in quotes, such as \"06:00\",", parse_time)?),
                "weekday" => weekdays = Some(self.weekdays()?),
                _ => zone = Some(self.quoted("a time zone in quotes, such as \"Europe/Berlin\",", parse_zone)?),
            }
            if !self.accept(",") && self.sign() != Some(")") {
                return Err(self.unexpected(", or )"));
            }
        }
        let end = self.take().at.end;
        let zone = zone.unwrap_or(chrono_tz::UTC);
        let hours = Hours::new(after, before, weekdays.unwrap_or_default(), zone);
        hours.map(Term::Time).map_err(|fault| at(&(start..end), fault))
    }

    fn quoted<T>(&mut self, what: &str, read: impl Fn(&str) -> Result<T, Fault>) -> Result<T, ExpressionError> {
        let What::Text(text) = &self.peek().what else { return Err(self.unexpected(what)) };
        let found = read(text).map_err(|fault| at(&self.peek().at, fault))?;
        self.take();
        Ok(found)
    }

    fn weekdays(&mut self) -> Result<Vec<Weekday>, ExpressionError> {
        if !self.accept("[") {
            return Ok(vec![self.weekday()?]);
        }
        let mut days = Vec::new();
        loop {
            days.push(self.weekday()?);
            if self.accept("]") {
                return Ok(days);
            }
            if !self.accept(",") {
                return Err(self.unexpected(", or ]"));
            }
        }
    }

    fn weekday(&mut self) -> Result<Weekday, ExpressionError> {
        let text = match &self.peek().what {
            What::Text(text) => text.as_str(),
            _ => self.word().ok_or_else(|| self.unexpected("a day of the week such as Sat"))?,
        };
        let day = parse_weekday(text).map_err(|fault| at(&self.peek().at, fault))?;
        self.take();
        Ok(day)
    }
}

fn at(at: &Range<usize>, (message, remedy): Fault) -> ExpressionError {
    ExpressionError::new(at, message, remedy)
}
