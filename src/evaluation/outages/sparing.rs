//! Owns finding uncharged downtime next to charged downtime, with the names of what excuses it.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;

use super::windows::{Windows, windows};
use crate::domain::account::chronicle::Chronicle;
use crate::domain::account::correction::DeclaredCorrection;
use crate::domain::account::member::Member;
use crate::domain::account::model::Model;
use crate::domain::account::outage::Outage;
use crate::domain::account::outage::uncharged::{Named, corrected, uncharged, uncorrected, unexcused};
use crate::domain::account::outage::walk::{Pace, Walk};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::{END, Span, union};
use crate::evaluation::{Evaluation, Load};
use crate::store::Store;

/// The uncharged parts of the outages of objectives.
pub(in crate::evaluation) struct Sparing<'s> {
    /// Systems as recorded, without corrections.
    recorded: Evaluation<'s>,
    windows: HashMap<Name, Windows>,
    declared: HashMap<Name, Vec<DeclaredCorrection>>,
}

/// One objective within a range.
pub(in crate::evaluation) struct Spared {
    unexcused: (Model, Walk),
    /// If it has corrections.
    recorded: Option<(Model, Walk)>,
    corrections: Vec<Named>,
}

impl<'s> Sparing<'s> {
    /// Prepares for this number of objectives, those of these systems or any.
    pub(in crate::evaluation) fn open(
        store: &'s Store,
        count: usize,
        systems: Option<&BTreeSet<&Name>>,
        as_of: Instant,
    ) -> Result<Self> {
        let recorded = Evaluation::open(store, count, as_of)?;
        Ok(Self { recorded, windows: windows(store, systems)?, declared: corrections(store)? })
    }

    /// Begins with an objective within a range.
    pub(in crate::evaluation) fn begin(&mut self, model: &Model, range: Span) -> Result<Spared> {
        let mut corrections = Vec::new();
        named(&model.system, model.objective.healthcheck.as_ref(), &self.declared, &mut corrections);
        let mut recorded = None;
        if !corrections.is_empty() {
            self.recorded.resolver.member(&model.system.name)?;
            recorded = Some((uncorrected(model), Walk::over(range)));
        }
        Ok(Spared { unexcused: (unexcused(model), Walk::over(range)), recorded, corrections })
    }

    /// Adds the uncharged parts to the outages of an objective that begin before `end` and were not returned before,
    /// and the recorded outages that did not happen.
    pub(in crate::evaluation) fn add(
        &mut self,
        spared: &mut Spared,
        found: &mut Vec<Outage>,
        (end, pace): (Instant, &Pace),
        chronicle: &mut Chronicle<Load<'s>>,
    ) -> Result<()> {
        let as_of = self.recorded.as_of;
        let Spared { unexcused: (unexcused, walk), recorded, corrections } = spared;
        let windows = self.windows.get(&unexcused.system.name);
        let active = |span| windows.map_or_else(Vec::new, |windows| windows.touching(span));
        let all = walk.until(end, &unexcused.clone(), pace, chronicle)?;
        // Excuses do not affect what is down, so the outages are the same.
        for (outage, all) in found.iter_mut().zip(&all) {
            outage.events.extend(uncharged(outage, all, as_of, active));
            outage.events.sort_by_key(|event| event.start);
        }
        let Some((recorded, walk)) = recorded else { return Ok(()) };
        for mut outage in walk.until(end, &recorded.clone(), pace, &mut self.recorded.chronicle)? {
            let whole = Span::new(outage.start, outage.end.unwrap_or(as_of.plus(1)));
            let mut down = Vec::new();
            let mut start = whole.start;
            for end in pace.ends(whole.start, whole.end) {
                let pieces = chronicle.pieces(unexcused, Span::new(start, end))?;
                // Downtime up to `as_of` is ongoing.
                let until = |span: Span| if span.end > as_of { END } else { span.end };
                let pieces = pieces.into_iter().filter(|piece| piece.down);
                down.extend(pieces.map(|piece| Span::new(piece.span.start, until(piece.span))));
                start = end;
            }
            outage.events = corrected(&outage, &union(down), as_of, corrections);
            if !outage.events.is_empty() {
                found.push(outage);
            }
        }
        Ok(())
    }
}

fn corrections(store: &Store) -> Result<HashMap<Name, Vec<DeclaredCorrection>>> {
    let mut corrections: HashMap<Name, Vec<DeclaredCorrection>> = HashMap::new();
    for declared in store.corrections()? {
        corrections.entry(declared.system.clone()).or_default().push(declared);
    }
    Ok(corrections)
}

/// The corrections of a system, or of one of its checks, and of its members.
fn named(
    system: &Member,
    check: Option<&Name>,
    declared: &HashMap<Name, Vec<DeclaredCorrection>>,
    found: &mut Vec<Named>,
) {
    let of_it = declared.get(&system.name).into_iter().flatten();
    let concerning = of_it.filter(|declared| declared.correction.target.reaches(check));
    found.extend(concerning.map(|it| (it.metadata.name.clone(), vec![it.correction.span()])));
    for member in system.composition.iter().flat_map(|composition| &composition.members) {
        named(member, None, declared, found);
    }
}
