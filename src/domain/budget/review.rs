//! Owns the review of a period: objectives in total, by group and alone, and their outages.

use std::collections::{BTreeMap, BTreeSet};

use super::grouping::GroupBy;
use super::level::{Interruptions, Level, LevelDay, Summary};
use crate::domain::account::outage::shared::Shared;
use crate::domain::account::outage::{Event, Outage};
use crate::domain::health::transition::Source;
use crate::domain::value::calendar::Date;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::period::Frame;
use crate::domain::value::span::Span;

/// The results of objectives over a period.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Review {
    pub(crate) frame: Frame,
    pub(crate) by: Option<GroupBy>,
    pub(crate) as_of: Instant,
    pub(crate) total: Section,
    /// One for each group, worst first; none without grouping.
    pub(crate) sections: Vec<Section>,
    /// Those that missed their target first.
    pub(crate) entries: Vec<Entry>,
    /// Of all objectives, oldest first.
    pub(crate) outages: Vec<Interruption>,
}

/// Several objectives in total.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Section {
    /// `None`: all objectives, or those without the label.
    pub(crate) name: Option<String>,
    /// Indices of the review's entries.
    pub(crate) entries: Vec<usize>,
    /// Indices of the review's outages.
    pub(crate) outages: Vec<usize>,
    pub(crate) summary: Summary,
    /// Of the period before.
    pub(crate) before: Summary,
    /// The days of all of them, summed, oldest first.
    pub(crate) days: Vec<LevelDay>,
}

/// One objective.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Entry {
    pub(crate) level: Level,
    pub(crate) interruptions: Interruptions,
    /// The period before.
    pub(crate) before: Level,
    pub(crate) interruptions_before: Interruptions,
}

/// One outage of a system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Interruption {
    pub(crate) system: Name,
    /// The objectives that saw it, sorted.
    pub(crate) objectives: Vec<Name>,
    pub(crate) start: Instant,
    /// `None` while it is ongoing.
    pub(crate) end: Option<Instant>,
    /// Charged downtime within the period, in microseconds.
    pub(crate) charged_us: i64,
    /// Time within the period that maintenance excuses for one of the objectives and that none charges, in milliseconds.
    pub(crate) excluded_ms: i64,
    /// Whether it counts as an outage of this period: it begins in it and has charged time.
    pub(crate) counted: bool,
    /// Whether it is too short to count.
    pub(crate) too_short: bool,
    /// Whether it began before the period.
    pub(crate) began_before: bool,
    /// Its causes, the system itself first.
    pub(crate) causes: Vec<Option<Name>>,
    pub(crate) sources: Vec<Source>,
    pub(crate) circumstances: Circumstances,
}

/// What is known about an outage besides its times.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Circumstances {
    /// The last note of a fact other than `healthy` during it.
    pub(crate) note: Option<String>,
    /// The maintenance windows of the system in force during some of it, excused or not; by name.
    pub(crate) maintenance: Vec<Name>,
    /// For how long any of these was in force during it, in milliseconds.
    pub(crate) planned_ms: i64,
}

impl Interruption {
    /// An outage within the period that `within` gives for each objective.
    pub(crate) fn of(
        outage: &Shared<'_>,
        circumstances: Circumstances,
        as_of: Instant,
        within: impl Fn(&Outage) -> Span,
    ) -> Self {
        let events = || outage.seen.iter().flat_map(|seen| &seen.events);
        let range = within(outage.seen[0]);
        let objectives: BTreeSet<&Name> = outage.seen.iter().map(|seen| &seen.objective).collect();
        let causes: BTreeSet<Option<&Name>> = events().map(|event: &Event| event.upstream.as_ref()).collect();
        let from = |source: Source| events().any(|event| event.source == source);
        Self {
            system: outage.system.clone(),
            objectives: objectives.into_iter().cloned().collect(),
            start: outage.start,
            end: outage.end,
            charged_us: outage.charged_us(as_of, &within),
            excluded_ms: outage.excluded_ms(as_of, &within),
            counted: range.start <= outage.start && events().next().is_some(),
            too_short: events().next().is_none() && outage.seen.iter().any(|seen| seen.too_short),
            began_before: outage.start < range.start,
            causes: causes.into_iter().map(Option::<&Name>::cloned).collect(),
            sources: [Source::Healthcheck, Source::Incident].into_iter().filter(|source| from(*source)).collect(),
            circumstances,
        }
    }

    /// From its start to its end or, while it is ongoing, to `as_of`.
    pub(crate) fn span(&self, as_of: Instant) -> Span {
        Span::new(self.start, self.end.unwrap_or(as_of))
    }

    /// Whether it happened under maintenance, excused or not.
    pub(crate) fn is_planned(&self) -> bool {
        !self.circumstances.maintenance.is_empty()
    }
}

impl Section {
    fn of(
        name: Option<String>,
        places: Vec<usize>,
        entries: &[Entry],
        outages: &[Interruption],
        as_of: Instant,
    ) -> Self {
        let levels: Vec<&Level> = places.iter().map(|place| &entries[*place].level).collect();
        let before: Vec<&Level> = places.iter().map(|place| &entries[*place].before).collect();
        let members: BTreeSet<&Name> = levels.iter().map(|level| &level.report.objective).collect();
        let seen = |outage: &Interruption| outage.objectives.iter().any(|objective| members.contains(objective));
        let outages = (0..outages.len()).filter(|place| seen(&outages[*place])).collect();
        let (summary, before) = (Summary::of(&levels, as_of), Summary::of(&before, as_of));
        Self { name, entries: places, outages, summary, before, days: added(&levels) }
    }
}

/// The days of objectives, summed by date.
fn added(levels: &[&Level]) -> Vec<LevelDay> {
    let mut days: BTreeMap<Date, LevelDay> = BTreeMap::new();
    for day in levels.iter().flat_map(|level| &level.days) {
        let sum = days.entry(day.date).or_insert(LevelDay {
            elapsed_ms: 0,
            length_ms: 0,
            known_ms: 0,
            consumed_us: 0,
            ..*day
        });
        sum.elapsed_ms += day.elapsed_ms;
        sum.length_ms += day.length_ms;
        sum.known_ms += day.known_ms;
        sum.consumed_us += day.consumed_us;
    }
    days.into_values().collect()
}

impl Review {
    /// Computes a review from the levels of objectives in a period and in the one before, in the same order, and all
    /// outages of the period, oldest first.
    pub(crate) fn draw(
        frame: Frame,
        by: Option<GroupBy>,
        levels: Vec<Level>,
        before: Vec<Level>,
        outages: Vec<Interruption>,
        as_of: Instant,
    ) -> Self {
        let entry = |(level, before): (Level, Level)| Entry {
            interruptions: Interruptions::of(&[&level], as_of),
            interruptions_before: Interruptions::of(&[&before], as_of),
            level,
            before,
        };
        let mut entries: Vec<Entry> = levels.into_iter().zip(before).map(entry).collect();
        entries.sort_by(|a, b| {
            let (a, b) = (&a.level, &b.level);
            let remaining = a.report.budget.compare_remaining(&b.report.budget);
            a.outcome().cmp(&b.outcome()).then(remaining).then_with(|| a.report.objective.cmp(&b.report.objective))
        });
        let mut groups: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
        for (place, entry) in entries.iter().enumerate() {
            if let Some(by) = &by {
                groups.entry(by.of(&entry.level.report).map(ToOwned::to_owned)).or_default().push(place);
            }
        }
        let section = |(name, places)| Section::of(name, places, &entries, &outages, as_of);
        let mut sections: Vec<Section> = groups.into_iter().map(section).collect();
        // By their worst objectives.
        sections.sort_by_key(|section| section.entries[0]);
        let total = Section::of(None, (0..entries.len()).collect(), &entries, &outages, as_of);
        Self { frame, by, as_of, total, sections, entries, outages }
    }

    /// Whether the period is over for all objectives.
    pub(crate) fn is_complete(&self) -> bool {
        self.entries.iter().all(|entry| entry.level.period().end <= self.as_of)
    }
}
