//! Owns downtime events: parts of an outage, each a maximal span with one attribution, source, weight and accounting.

use std::rc::Rc;

use crate::domain::health::transition::Source;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;

/// How downtime is accounted for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Accounting {
    Charged,
    /// By the maintenance windows in force, by name.
    Excluded(Vec<Name>),
    /// Outside the schedule.
    NotCounted,
    /// The outage is shorter than the objective's minimum.
    TooShort,
    /// Recorded, but corrected to not down: by the corrections in force, by name.
    Corrected(Vec<Name>),
}

impl Accounting {
    /// As printed for programs.
    pub(crate) const WORDS: [&str; 5] = ["charged", "excluded", "not-counted", "too-short", "corrected"];

    pub(crate) const fn as_str(&self) -> &'static str {
        Self::WORDS[self.place()]
    }

    /// Its index among the words.
    pub(crate) const fn place(&self) -> usize {
        match self {
            Self::Charged => 0,
            Self::Excluded(_) => 1,
            Self::NotCounted => 2,
            Self::TooShort => 3,
            Self::Corrected(_) => 4,
        }
    }

    /// The maintenance windows or corrections that explain it.
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
    /// `None` while it is ongoing.
    pub(crate) end: Option<Instant>,
    /// The upstream that caused it; `None`: the system itself.
    pub(crate) upstream: Option<Name>,
    pub(crate) source: Source,
    /// Microseconds of downtime in each millisecond.
    pub(crate) weight: i64,
    pub(crate) accounting: Accounting,
    /// The newest note on the outage by its end, if looked up.
    pub(crate) note: Option<Rc<str>>,
}

impl Event {
    /// From its start to its end or, while it is ongoing, to `as_of`.
    pub(crate) fn span(&self, as_of: Instant) -> Span {
        Span::new(self.start, self.end.unwrap_or(as_of))
    }

    /// Whether part of it lies in `range`.
    pub(crate) fn touches(&self, range: Span) -> bool {
        self.start < range.end && self.end.is_none_or(|end| end > range.start)
    }

    /// Its cause, or what would be its cause if it were charged: `upstream` or `self`; `None` for corrected downtime.
    pub(crate) fn attribution(&self) -> Option<&'static str> {
        let did_happen = !matches!(self.accounting, Accounting::Corrected(_));
        did_happen.then_some(if self.upstream.is_some() { "upstream" } else { "self" })
    }

    /// The system that caused it.
    pub(crate) fn cause(&self) -> &Name {
        self.upstream.as_ref().unwrap_or(&self.system)
    }
}
