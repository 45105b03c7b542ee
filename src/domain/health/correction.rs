//! Owns step 4, corrections: for a span, the true status of streams or of a system, or that they are ignored.

use super::transition::{Source, Status};
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::{BEGINNING, END, Span};

/// A status, or ignoring, in place of what was recorded.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Correction {
    pub(crate) start: Option<Instant>,
    pub(crate) end: Option<Instant>,
    pub(crate) target: Target,
    pub(crate) status: Corrected,
}

/// The streams of a system that a correction names; with none of the three, its effective status.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub(crate) struct Target {
    pub(crate) check: Option<Name>,
    pub(crate) source: Option<Source>,
    pub(crate) location: Option<Name>,
}

/// The effect of a correction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Corrected {
    As(Status),
    /// The streams are left out, as if they had never reported.
    Ignored,
}

impl Corrected {
    pub(crate) const ALL: [Self; 5] = [
        Self::As(Status::Healthy),
        Self::As(Status::Degraded),
        Self::As(Status::Unhealthy),
        Self::As(Status::Unknown),
        Self::Ignored,
    ];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::As(status) => status.as_str(),
            Self::Ignored => "ignored",
        }
    }

    const fn status(self) -> Option<Status> {
        match self {
            Self::As(status) => Some(status),
            Self::Ignored => None,
        }
    }
}

impl Target {
    /// Whether it is the effective status.
    pub(crate) const fn is_system(&self) -> bool {
        self.check.is_none() && self.source.is_none() && self.location.is_none()
    }

    /// Whether it affects the status of the system or, with `check`, of an objective on that check.
    pub(crate) fn concerns(&self, check: Option<&Name>) -> bool {
        check.is_none_or(|check| {
            !self.is_system()
                && (self.source == Some(Source::Incident) || self.check.as_ref().is_none_or(|named| named == check))
        })
    }

    /// Whether it may name a stream that an objective on the check uses. Incidents may have a check too, and always
    /// count.
    pub(crate) fn reaches(&self, check: Option<&Name>) -> bool {
        self.concerns(check) || (self.source.is_none() && self.check.is_some())
    }

    /// Whether it names a stream.
    pub(crate) fn names(&self, source: Source, check: Option<&Name>, location: Option<&Name>) -> bool {
        self.source.is_none_or(|named| named == source)
            && self.check.as_ref().is_none_or(|named| check == Some(named))
            && self.location.as_ref().is_none_or(|named| location == Some(named))
    }

    /// Whether it names every stream that another one names, or both are the effective status.
    fn includes(&self, other: &Self) -> bool {
        fn fits<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.is_none() || one == other
        }
        self.is_system() == other.is_system()
            && fits(self.check.as_ref(), other.check.as_ref())
            && fits(self.source.as_ref(), other.source.as_ref())
            && fits(self.location.as_ref(), other.location.as_ref())
    }

    /// Whether both may name the same stream, or both concern the effective status.
    fn meets(&self, other: &Self) -> bool {
        fn fits<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.is_none() || other.is_none() || one == other
        }
        self.is_system() == other.is_system()
            && fits(self.check.as_ref(), other.check.as_ref())
            && fits(self.source.as_ref(), other.source.as_ref())
            && fits(self.location.as_ref(), other.location.as_ref())
    }
}

impl Correction {
    /// The corrected time.
    pub(crate) fn span(&self) -> Span {
        Span::new(self.start.unwrap_or(BEGINNING), self.end.unwrap_or(END))
    }

    /// Whether it applies at an instant.
    pub(crate) fn holds_at(&self, at: Instant) -> bool {
        self.span().contains(at)
    }

    /// Whether it has the status of another one for the same streams and all of the same time.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.status == other.status
            && self.span().intersect(other.span()) == other.span()
            && self.target.includes(&other.target)
    }

    /// Whether it differs from another one for the same streams at the same time.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        self.status != other.status
            && !self.span().intersect(other.span()).is_empty()
            && self.target.meets(&other.target)
    }
}

/// The corrections of one system, without contradictions.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Corrections {
    all: Vec<Correction>,
    /// Names decide no number, but events show them.
    names: Vec<Name>,
}

/// A span and what replaces the recorded status in it.
pub(super) type Instead<T> = (Span, T);

impl Corrections {
    pub(crate) fn new(mut named: Vec<(Correction, Name)>) -> Self {
        named.sort();
        let (mut all, names): (Vec<_>, Vec<_>) = named.into_iter().unzip();
        all.dedup();
        Self { all, names }
    }

    /// The replacements for a stream.
    pub(super) fn of_stream(
        &self,
        source: Source,
        check: Option<&Name>,
        location: Option<&Name>,
    ) -> Vec<Instead<Option<Status>>> {
        let named =
            self.all.iter().filter(|known| !known.target.is_system() && known.target.names(source, check, location));
        joined(named.map(|known| (known.span(), known.status.status())))
    }

    /// The replacements for the effective status, from the first transition on, until the system is retired.
    pub(super) fn of_system(&self, first: Instant, retired_at: Option<Instant>) -> Vec<Instead<Option<Status>>> {
        let within = Span::new(first, retired_at.unwrap_or(END).max(first));
        let of_it = self.all.iter().filter(|known| known.target.is_system());
        let said = of_it.map(|known| (known.span().intersect(within), known.status.status()));
        joined(said.filter(|(span, _)| !span.is_empty()))
    }

    /// The corrected time of a system or, with `check`, of an objective on that check.
    pub(crate) fn spans(&self, check: Option<&Name>) -> Vec<Span> {
        let spans = self.all.iter().filter(|known| known.target.concerns(check)).map(|known| (known.span(), ()));
        joined(spans).into_iter().map(|(span, ())| span).collect()
    }
}

/// The same spans without overlaps, given by start; of two that overlap and differ, the first wins.
fn joined<T: PartialEq>(spans: impl Iterator<Item = Instead<T>>) -> Vec<Instead<T>> {
    let mut found: Vec<Instead<T>> = Vec::new();
    for (span, said) in spans {
        match found.last_mut() {
            Some((last, known)) if last.end >= span.start && *known == said => last.end = last.end.max(span.end),
            Some((last, _)) if last.end >= span.end => {}
            last => {
                let start = last.map_or(span.start, |(last, _)| last.end.max(span.start));
                found.push((Span::new(start, span.end), said));
            }
        }
    }
    found
}

/// The statuses over time, oldest first and at most up to `through`, with replacements over some spans. Nothing is
/// replaced before the first change.
pub(super) fn overlay<T: Copy>(
    changes: &[(Instant, T)],
    instead: &[Instead<T>],
    through: Instant,
) -> Vec<(Instant, T)> {
    let Some((begins, _)) = changes.first().copied() else { return Vec::new() };
    let edges = instead.iter().flat_map(|(span, _)| [span.start.max(begins), span.end]);
    let edges = edges.filter(|at| begins <= *at && *at <= through && *at < END);
    let mut moments: Vec<Instant> = changes.iter().map(|(at, _)| *at).chain(edges).collect();
    moments.sort_unstable();
    moments.dedup();
    let (mut known, mut next) = (0, 0);
    let said = moments.into_iter().map(|at| {
        while changes.get(known + 1).is_some_and(|(later, _)| *later <= at) {
            known += 1;
        }
        while instead.get(next).is_some_and(|(span, _)| span.end <= at) {
            next += 1;
        }
        let corrected = instead.get(next).filter(|(span, _)| span.start <= at);
        (at, corrected.map_or(changes[known].1, |(_, said)| *said))
    });
    said.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Instant {
        Instant::from_millis(millis)
    }

    fn span(start: i64, end: i64) -> Span {
        Span::new(at(start), at(end))
    }

    #[test]
    fn what_is_said_instead_begins_and_ends_to_the_millisecond() {
        use Status::{Healthy, Unhealthy};
        let recorded = [(at(10), Some(Healthy)), (at(20), Some(Unhealthy)), (at(40), Some(Healthy))];
        let instead = [(span(0, 15), None), (span(25, 40), Some(Healthy))];
        let expected =
            [(10, None), (15, Some(Healthy)), (20, Some(Unhealthy)), (25, Some(Healthy)), (40, Some(Healthy))];
        let expected: Vec<_> = expected.iter().map(|(millis, said)| (at(*millis), *said)).collect();
        assert_eq!(overlay(&recorded, &instead, END), expected);
        assert_eq!(overlay(&recorded, &[(Span::new(BEGINNING, END), None)], END)[0], (at(10), None));
        assert_eq!(overlay::<Option<Status>>(&[], &instead, END), []);
    }

    #[test]
    fn corrections_that_agree_are_one() {
        let said = [(span(0, 10), 1), (span(5, 20), 1), (span(8, 9), 1), (span(15, 30), 2), (span(30, 40), 2)];
        assert_eq!(joined(said.into_iter()), [(span(0, 20), 1), (span(20, 40), 2)]);
    }

    #[test]
    fn only_what_says_the_same_of_all_of_it_covers() {
        let of = |check: Option<&str>, end: i64| Correction {
            start: Some(at(0)),
            end: Some(at(end)),
            target: Target { check: check.map(|name| Name::parse(name).unwrap()), source: None, location: None },
            status: Corrected::As(Status::Healthy),
        };
        let http = of(Some("http"), 10);
        assert!(http.covers(&of(Some("http"), 9)) && http.covers(&http));
        assert!(Correction { end: None, ..http.clone() }.covers(&http));
        assert!(!http.covers(&of(Some("http"), 11)), "longer");
        assert!(!http.covers(&of(Some("tcp"), 9)), "another check");
        assert!(!of(None, 10).covers(&http) && !http.covers(&of(None, 9)), "the effective status is something else");
        assert!(!http.covers(&Correction { status: Corrected::Ignored, ..of(Some("http"), 9) }), "another status");
        let mut incidents = of(None, 10);
        incidents.target.source = Some(Source::Incident);
        let of_check = Target { check: http.target.check.clone(), ..incidents.target.clone() };
        assert!(incidents.covers(&Correction { target: of_check, ..http }), "every check");
    }

    #[test]
    fn only_what_may_name_the_same_stream_contradicts() {
        let name = |text: &str| Some(Name::parse(text).unwrap());
        let of = |check: Option<Name>, location: Option<Name>, status| Correction {
            start: Some(at(0)),
            end: Some(at(10)),
            target: Target { check, source: None, location },
            status,
        };
        let healthy = Corrected::As(Status::Healthy);
        let http = of(name("http"), None, healthy);
        assert!(http.contradicts(&of(None, name("eu"), Corrected::Ignored)));
        assert!(!http.contradicts(&of(None, name("eu"), healthy)), "they agree");
        assert!(!http.contradicts(&of(name("tcp"), None, Corrected::Ignored)), "another check");
        assert!(!http.contradicts(&of(None, None, Corrected::Ignored)), "the effective status is something else");
        assert!(!http.contradicts(&Correction {
            start: Some(at(10)),
            end: None,
            ..of(name("http"), None, Corrected::Ignored)
        }));
        assert!(http.contradicts(&Correction {
            start: Some(at(9)),
            end: None,
            ..of(name("http"), None, Corrected::Ignored)
        }));
    }
}
