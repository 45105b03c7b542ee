//! Owns the reports of objectives that conditions use, and periods at their close.

use std::rc::Rc;

use anyhow::Result;

use super::{Conditions, Known};
use crate::domain::budget::assess::Assessment;
use crate::domain::budget::day::Ledger;
use crate::domain::budget::report::ObjectiveReport;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::period::Frame;
use crate::store::Stored;

impl Conditions<'_> {
    /// Evaluates a period instead of each objective's window; one that ends at the instant of this evaluation is
    /// evaluated at its close.
    pub(crate) fn over(self, frame: Option<Frame>) -> Self {
        Self { frame, ..self }
    }

    /// Adds an objective, and returns its report as of this evaluation.
    pub(crate) fn report(&mut self, stored: Stored) -> Result<Rc<ObjectiveReport>> {
        let name = stored.objective.metadata.name.clone();
        self.admit(stored)?;
        self.drawn(&name)
    }

    /// The report of an objective as of this evaluation.
    pub(super) fn drawn(&mut self, name: &Name) -> Result<Rc<ObjectiveReport>> {
        if let (.., Some(report)) = self.known(name)? {
            return Ok(report);
        }
        let (is_closing, model) = (self.is_closing(name)?, self.model(name)?);
        let sealed = self.sealed(name)?;
        let assessment = Assessment::open(&model, sealed, self.evaluation.as_of, &mut self.evaluation.chronicle)?;
        let assessment = if is_closing { assessment.at_close() } else { assessment };
        let report = Rc::new(ObjectiveReport::draw(&assessment, &mut self.evaluation.chronicle)?);
        if let Some(known) = self.objectives.get_mut(name) {
            known.report = Some(Rc::clone(&report));
        }
        Ok(report)
    }

    /// The sealed days of an objective.
    pub(super) fn sealed(&mut self, name: &Name) -> Result<Option<Ledger>> {
        let (_, model, _) = self.known(name)?;
        let Known { id, declared, .. } = self.objectives[name];
        self.evaluation.sealed((id, declared), &model)
    }

    /// Whether a period of an objective ends at the instant of this evaluation, which then belongs to it.
    pub(super) fn is_closing(&mut self, name: &Name) -> Result<bool> {
        Ok(self.end_of_period(name)? == Some(self.evaluation.as_of))
    }

    /// When the period of an objective ends, if a period is evaluated.
    pub(super) fn end_of_period(&mut self, name: &Name) -> Result<Option<Instant>> {
        let Some(frame) = self.frame else { return Ok(None) };
        self.known(name)?;
        Ok(Some(frame.span(self.objectives[name].declared).end))
    }
}
