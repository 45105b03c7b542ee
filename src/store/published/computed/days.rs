//! Owns the published days: days in a row that closed alike are one row, which the view `daily_snapshot` splits.

use anyhow::Result;
use rusqlite::params;
use rusqlite::types::Value;

use super::{Row, differing_column, place, read, rows, summed};
use crate::domain::budget::snapshot::{Likes, Snapshot};
use crate::domain::value::calendar::Date;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::store::database::open::Store;
use crate::store::id::ManifestId;
use crate::store::sealed::seals::publish_until;
use crate::store::soundness::{DamagedCache, Difference};

/// The most days of one row: the view counts to it.
const MOST_DAYS: u32 = 64;

/// Consecutive days with equal figures.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: Date,
    days: u32,
    figures: [Option<f64>; 4],
    /// The streak after the first of them, in days.
    streak: u32,
    /// Its growth per day: one or zero.
    step: u32,
}

impl Run {
    fn of(likes: &Likes) -> Self {
        let Likes { first: Snapshot { date, budget, streak, .. }, days, step } = likes;
        Self { first: *date, days: *days, figures: rows::figures(budget), streak: *streak, step: *step }
    }

    fn parse(row: &Row) -> Option<Self> {
        let [_, Value::Text(date), Value::Integer(days), figures @ .., Value::Integer(streak), Value::Integer(step), _] =
            row.as_slice()
        else {
            return None;
        };
        let figure = |index: usize| match figures.get(index) {
            Some(Value::Real(real)) => Some(Some(*real)),
            Some(Value::Null) => Some(None),
            _ => None,
        };
        Some(Self {
            first: Date::parse(date)?,
            days: u32::try_from(*days).ok().filter(|days| (1..=MOST_DAYS).contains(days))?,
            figures: [figure(0)?, figure(1)?, figure(2)?, figure(3)?],
            streak: u32::try_from(*streak).ok()?,
            step: u32::try_from(*step).ok().filter(|step| *step <= 1)?,
        })
    }

    fn row(&self, objective: &Name) -> Row {
        let mut row = vec![
            Value::Text(objective.as_str().to_owned()),
            Value::Text(self.first.to_string()),
            Value::Integer(self.days.into()),
        ];
        row.extend(self.figures.map(rows::real));
        row.extend([Value::Integer(self.streak.into()), Value::Integer(self.step.into())]);
        summed(row)
    }

    /// The date after the last one.
    fn next(&self) -> Date {
        self.first.plus(self.days.into())
    }

    /// Moves days from the start of the next run into this one, while they continue it.
    fn take(&mut self, next: &mut Self) {
        let alike = |one: Option<f64>, other: Option<f64>| one.map(f64::to_bits) == other.map(f64::to_bits);
        let same = self.figures.iter().zip(next.figures).all(|(one, other)| alike(*one, other));
        let step = next.streak.checked_sub(self.streak + self.step * (self.days - 1)).filter(|step| *step <= 1);
        let days = next.days.min(MOST_DAYS.saturating_sub(self.days));
        let Some(step) = step.filter(|_| same && days > 0 && self.next() == next.first) else { return };
        if self.days == 1 || self.step == step {
            // The next run may grow differently after its first day.
            let days = if next.days == 1 || next.step == step { days } else { 1 };
            self.step = step;
            self.days += days;
            next.leave_out(days);
        }
    }

    fn leave_out(&mut self, days: u32) {
        self.first = self.first.plus(days.into());
        self.streak += self.step * days;
        self.days -= days;
    }
}

/// Adds the next days.
fn append(runs: &mut Vec<Run>, mut next: Run) {
    if let Some(last) = runs.last_mut() {
        last.take(&mut next);
    }
    while next.days > 0 {
        let run = Run { days: next.days.min(MOST_DAYS), ..next };
        next.leave_out(run.days);
        runs.push(run);
    }
}

impl Store {
    /// Makes `days` all that is stored of an objective from a date on, and marks it as valid until a midnight, given
    /// until when it is marked so far.
    ///
    /// # Errors
    /// If the row that covers that date is damaged.
    pub(crate) fn publish_days(
        &self,
        (id, objective): (ManifestId, &Name),
        days: &[Likes],
        from: Date,
        (held, until): (Option<Instant>, Instant),
    ) -> Result<()> {
        if !days.is_empty() || self.has_days_since(objective, from)? {
            self.put_days(objective, days, from)?;
        }
        if held.is_some_and(|held| held != until) { publish_until(&self.connection, id, until) } else { Ok(()) }
    }

    fn put_days(&self, objective: &Name, days: &[Likes], from: Date) -> Result<()> {
        let mut wanted = Vec::new();
        let mut start = from;
        if let Some((mut before, is_intact)) = self.last_run(objective, &from.plus(-1).to_string())? {
            if !is_intact {
                return Err(DamagedCache(rows::SNAPSHOT_RUN.name).into());
            }
            start = before.first;
            before.days = before.days.min(from.since(before.first) as u32);
            wanted.push(before);
        }
        for likes in days {
            append(&mut wanted, Run::of(likes));
        }
        let bound = "objective_id = ?1 AND date >= ?2";
        let stored = self.stored(&rows::SNAPSHOT_RUN, bound, params![objective.as_str(), start.to_string()])?;
        self.align(&rows::SNAPSHOT_RUN, stored, wanted.iter().map(|run| run.row(objective)).collect())
    }

    /// Whether days from a date on are published.
    fn has_days_since(&self, objective: &Name, from: Date) -> Result<bool> {
        let sql = "SELECT date, days FROM snapshot_run WHERE objective_id = ?1 ORDER BY date DESC LIMIT 1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([objective.as_str()])?;
        let Some(row) = rows.next()? else { return Ok(false) };
        let first = Date::parse(row.get_ref(0)?.as_str()?).ok_or(DamagedCache(rows::SNAPSHOT_RUN.name))?;
        Ok(first.plus(row.get::<_, u32>(1)?.into()) > from)
    }

    /// The last run of an objective that begins no later than a date, and whether its row is intact.
    fn last_run(&self, objective: &Name, date: &str) -> Result<Option<(Run, bool)>> {
        let table = &rows::SNAPSHOT_RUN;
        let sql = format!(
            "SELECT {} FROM {} WHERE objective_id = ?1 AND date <= ?2 ORDER BY date DESC LIMIT 1",
            table.all(),
            table.name
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([objective.as_str(), date])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let row = read(table, row)?;
        let run = Run::parse(&row).ok_or(DamagedCache(table.name))?;
        Ok(Some((run, run.row(objective) == row)))
    }

    /// How the days of an objective differ from `days`: all of them or, with `until`, only those before that date.
    pub(crate) fn unpublished_days(
        &self,
        objective: &Name,
        days: &[Snapshot],
        until: Option<Date>,
    ) -> Result<Vec<Difference>> {
        let table = &rows::DAILY_SNAPSHOT;
        let until = until.map_or("9999-12-31".to_owned(), |until| until.to_string());
        let sql = format!(
            "SELECT {} FROM {} WHERE objective_id = ?1 AND date < ?2 ORDER BY date",
            table.columns.join(", "),
            table.name
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut stored = statement.query([objective.as_str(), &until])?;
        let mut wanted = days.iter().map(rows::day).take_while(|day| is_before(day, &until)).peekable();
        let mut differences = Vec::new();
        while let Some(row) = stored.next()? {
            let row = (0..table.columns.len()).map(|index| row.get(index)).collect::<rusqlite::Result<Row>>()?;
            while let Some(missing) = wanted.next_if(|wanted| table.compare(wanted, &row).is_lt()) {
                differences.push(Difference(format!("{} is missing", place(table, &missing))));
            }
            match wanted.next_if(|wanted| table.compare(wanted, &row).is_eq()) {
                Some(wanted) => differences.extend(differing_column(table, &row, &wanted)),
                None => differences.push(Difference(format!("{} should not be there", place(table, &row)))),
            }
        }
        differences.extend(wanted.map(|missing| Difference(format!("{} is missing", place(table, &missing)))));
        Ok(differences)
    }

    /// Deletes the days of a deleted objective.
    pub(crate) fn withdraw_days(&self, objective: &str) -> Result<()> {
        self.connection.execute("DELETE FROM snapshot_run WHERE objective_id = ?1", [objective])?;
        Ok(())
    }
}

/// Whether a day's row is of an earlier date.
fn is_before(row: &Row, date: &str) -> bool {
    matches!(&row[1], Value::Text(of) if of.as_str() < date)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn days(runs: &[Run]) -> Vec<(i64, Option<f64>, u32)> {
        let each = |run: &Run| {
            let run = *run;
            (0..run.days).map(move |day| {
                (run.first.plus(day.into()).since(Date::from_number(0)), run.figures[0], run.streak + run.step * day)
            })
        };
        runs.iter().flat_map(each).collect()
    }

    proptest! {
        #[test]
        fn joined_runs_tell_the_same_days(
            steps in prop::collection::vec((0..2_i64, prop_oneof![1..3_u32, 60..140_u32], 0..2_u8, 0..2_u32, 0..3_u32), 0..20),
        ) {
            let (mut joined, mut apart) = (Vec::new(), Vec::new());
            let (mut date, mut streak) = (Date::from_number(20_000), 0_u32);
            for (gap, days, figure, step, start) in steps {
                date = date.plus(gap / 2 + gap % 2 * i64::from(start == 2));
                streak = if start == 0 { 0 } else { streak + step };
                let run = Run { first: date, days, figures: [Some(figure.into()), None, Some(1.0), None], streak, step };
                apart.push(run);
                append(&mut joined, run);
                date = run.next();
                streak += step * (days - 1);
            }
            prop_assert_eq!(days(&joined), days(&apart));
            prop_assert!(joined.iter().all(|run| (1..=MOST_DAYS).contains(&run.days) && run.step <= 1));
        }
    }
}
