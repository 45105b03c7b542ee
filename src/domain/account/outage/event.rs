//! Owns downtime events: parts of an outage, each a maximal stretch with one attribution, source, weight and accounting.

use std::rc::Rc;

use crate::domain::health::transition::Source;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;

/// What becomes of downtime.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Accounting {
    Charged,
    /// By maintenance: the windows of the system that are in force, by name.
    Excluded(Vec<Name>),
    /// It lies outside of the schedule.
    NotCounted,
    /// Its outage is shorter than the objective's minimum.
    TooShort,
    /// It was recorded, and did not happen: the corrections that are in force, by name.
    Corrected(Vec<Name>),
}

impl Accounting {
    /// In the words of programs.
    pub(crate) const WORDS: [&str; 5] = ["charged", "excluded", "not-counted", "too-short", "corrected"];

    pub(crate) const fn as_str(&self) -> &'static str {
        Self::WORDS[self.place()]
    }

    /// Its place among the words.
    pub(crate) const fn place(&self) -> usize {
        match self {
            Self::Charged => 0,
            Self::Excluded(_) => 1,
            Self::NotCounted => 2,
            Self::TooShort => 3,
            Self::Corrected(_) => 4,
        }
    }

    /// The maintenance windows or corrections that it is because of.
    pub(crate) fn because(&self) -> &[Name] {
        match self {
            Self::Excluded(names) | Self::Corrected(names) => names,
            Self::Charged | Self::NotCounted | Self::TooShort => &[],
        }
    }
}

/// One downtime event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Event {
    pub(crate) objective: Name,
    pub(crate) system: Name,
    pub(crate) start: Instant,
    /// `None` while it lasts.
    pub(crate) end: Option<Instant>,
    /// The upstream it belongs to; `None`: the system itself.
    pub(crate) upstream: Option<Name>,
    pub(crate) source: Source,
    /// Microseconds of downtime in each millisecond.
    pub(crate) weight: i64,
    pub(crate) accounting: Accounting,
    /// What was said last of the outage by its end, where that was looked up.
    pub(crate) note: Option<Rc<str>>,
}

impl Event {
    /// From its start to its end or, while it lasts, to `as_of`.
    pub(crate) fn span(&self, as_of: Instant) -> Span {
        Span::new(self.start, self.end.unwrap_or(as_of))
    }

    /// Whether some of it lies in `range`.
    pub(crate) fn touches(&self, range: Span) -> bool {
        self.start < range.end && self.end.is_none_or(|end| end > range.start)
    }

    /// To whom it belongs, or would if it were charged: `upstream` or `self`; what did not happen, to nobody.
    pub(crate) fn attribution(&self) -> Option<&'static str> {
        let did_happen = !matches!(self.accounting, Accounting::Corrected(_));
        did_happen.then_some(if self.upstream.is_some() { "upstream" } else { "self" })
    }

    /// The system whose outage it is.
    pub(crate) fn cause(&self) -> &Name {
        self.upstream.as_ref().unwrap_or(&self.system)
    }
}
