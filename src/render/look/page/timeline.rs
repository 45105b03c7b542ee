//! Owns the timeline of downtime: a lane per cause, and one for what maintenance excused.

use crate::render::form::number::{short_down, short_time};
use std::collections::BTreeMap;

use super::Detail;
use super::axis::{WIDTH, coordinate, place, write as write_axis};
use super::shown::Shown;
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::budget::chapter::Chapter;
use crate::domain::value::instant::Instant;
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::render::form::markup::Markup;
use crate::render::form::moment::{range, zoned};

/// The height of a lane in units.
const HEIGHT: f64 = 1.0;
/// The narrowest visible mark, and the narrowest gap, in units.
const NARROWEST: f64 = 4.0;
const GAP: f64 = 1.5;
/// The most lanes of causes; those with the least downtime share the last one.
const fn most(detail: Detail) -> usize {
    match detail {
        Detail::Full => 6,
        Detail::Brief => 3,
    }
}

/// Writes the lanes of an objective that has data.
pub(super) fn write(page: &mut Markup, chapter: &Chapter, shown: &Shown, detail: Detail, as_of: Instant) {
    let report = &chapter.report;
    page.own("<figure class=\"timeline\">\n<figcaption><h3>Downtime in the window</h3></figcaption>\n");
    if report.attribution.is_empty() && chapter.excluded.is_empty() {
        page.own("<p class=\"quiet\">None.</p>\n</figure>\n");
        return;
    }
    let mut spans: BTreeMap<Option<&Name>, Vec<Span>> = BTreeMap::new();
    for event in chapter.events() {
        spans.entry(event.upstream.as_ref()).or_default().push(event.span(as_of).intersect(report.budget.elapsed));
    }
    let mut lanes = Lanes { page, window: report.budget.window, detail };
    let free = report.budget.exclusion == DependencyExclusion::SelfOnly;
    for (index, (cause, micros)) in report.attribution.iter().take(most(detail)).enumerate() {
        let (class, whose) = match cause {
            None => ("own", "the system itself".to_owned()),
            Some(name) if free => ("upstream free", format!("{name}, upstream: spends no budget")),
            Some(name) => ("upstream", format!("{name}, upstream")),
        };
        let field = format!("attribution.{index}.minutes");
        let spans = spans.remove(&cause.as_ref()).unwrap_or_default();
        lanes.write(class, &whose, &spans, |page| shown.write(page, "b", &field, short_down(*micros)));
    }
    let rest: i64 = report.attribution.iter().skip(most(detail)).map(|(_, micros)| micros).sum();
    if rest > 0 {
        let mut others: Vec<Span> = spans.into_values().flatten().collect();
        others.sort_unstable();
        let whose = super::counted(report.attribution.len() - most(detail), "other");
        lanes.write("upstream", &whose, &others, |page| page.element("b", &[], short_down(rest)));
    }
    if !chapter.excluded.is_empty() {
        let micros = report.budget.tally.excluded_us;
        lanes.write("excluded", "excused by maintenance", &chapter.excluded, |page| {
            shown.write(page, "b", "excludedMinutes", short_down(micros));
        });
    }
    write_axis(page, report.budget.window, report.window_kind, as_of);
    page.own("</figure>\n");
}

struct Lanes<'p> {
    page: &'p mut Markup,
    window: Span,
    detail: Detail,
}

/// A mark in a lane, in units, and its meaning.
struct Mark {
    from: f64,
    to: f64,
    span: Span,
    count: usize,
}

impl Lanes<'_> {
    fn write(&mut self, class: &'static str, whose: &str, spans: &[Span], time: impl FnOnce(&mut Markup)) {
        let words = format!("{whose}: down {}", super::counted(spans.len(), "time"));
        self.page.own("<p class=\"lane\"><span>");
        self.page.open("span", &[("class", &format_args!("mark {class}")), ("aria-hidden", &"true")]);
        self.page.close("span");
        self.page.words(whose);
        self.page.own("</span>");
        time(self.page);
        self.page.own("</p>\n");
        self.page.open(
            "svg",
            &[
                ("viewBox", &format_args!("0 0 {WIDTH} {HEIGHT}")),
                ("preserveAspectRatio", &"none"),
                ("role", &"img"),
                ("aria-label", &words),
            ],
        );
        self.page.empty("path", &[("class", &"track"), ("d", &format_args!("M0 0h{WIDTH}v{HEIGHT}h-{WIDTH}z"))]);
        let mut all = String::new();
        for mark in self.marks(spans) {
            let path =
                format!("M{} 0H{}V{HEIGHT}H{}z", coordinate(mark.from), coordinate(mark.to), coordinate(mark.from));
            if self.detail == Detail::Brief {
                all.push_str(&path);
                continue;
            }
            let title = match mark.count {
                1 => format!("{}, {}", zoned(mark.span.start), short_time(mark.span.millis())),
                count => format!("{count} times from {}", range(mark.span)),
            };
            self.page.open("path", &[("class", &class), ("d", &path)]);
            self.page.element("title", &[], title);
            self.page.close("path");
        }
        if !all.is_empty() {
            self.page.empty("path", &[("class", &class), ("d", &all)]);
        }
        self.page.own("</svg>\n");
    }

    /// Distinguishable marks, in order; those that are closer together are joined.
    fn marks(&self, spans: &[Span]) -> Vec<Mark> {
        let mut marks: Vec<Mark> = Vec::new();
        for span in spans {
            let (from, to) = (place(span.start, self.window), place(span.end, self.window));
            let from = from.min(WIDTH - NARROWEST);
            let to = to.max(from + NARROWEST);
            match marks.last_mut() {
                Some(last) if from - last.to < GAP => {
                    last.to = last.to.max(to);
                    last.span.end = last.span.end.max(span.end);
                    last.count += 1;
                }
                _ => marks.push(Mark { from, to, span: *span, count: 1 }),
            }
        }
        marks
    }
}
