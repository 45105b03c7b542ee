//! Owns the days of an objective: a strip with a column for each, and a table of the numbers.

use crate::domain::account::weights::FULL;
use crate::domain::budget::balance::SCALED_MS;
use crate::render::form::number::{percent, short_down, short_time};
use std::fmt::Display;

use super::Detail;
use super::axis::{WIDTH, coordinate};
use super::shown::Shown;
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::budget::burndown::consumed_at;
use crate::domain::budget::chapter::{Chapter, DayAccount};
use crate::domain::budget::day::Verdict;
use crate::domain::value::calendar::Date;
use crate::domain::value::target::WHOLE;
use crate::render::form::markup::Markup;

/// The height of the drawing, and the least height of a day with downtime, in units.
const HEIGHT: f64 = 60.0;
const LEAST: f64 = 9.0;
/// The share of a day's width that its column takes.
const FILLED: f64 = 0.72;

/// The kind of a day.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unknown,
    Up,
    /// Downtime within what the target allows per day.
    Some,
    /// More than that.
    Bad,
}

/// A day with its totals under the objective's exclusions.
struct Column<'a> {
    day: &'a DayAccount,
    date: Date,
    /// In microseconds.
    down: i64,
    /// In milliseconds.
    length: i64,
    kind: Kind,
}

impl<'a> Column<'a> {
    fn of(day: &'a DayAccount, date: Date, exclusion: DependencyExclusion, error_share: i64) -> Self {
        let length = day.span.millis() - day.tally.not_counted_ms;
        let down = day.tally.consumed_us(exclusion);
        let over = i128::from(down) * i128::from(WHOLE) > i128::from(error_share) * i128::from(length * FULL);
        let kind = match () {
            () if day.tally.unknown_ms == day.span.millis() => Kind::Unknown,
            () if down == 0 => Kind::Up,
            () if over => Kind::Bad,
            () => Kind::Some,
        };
        Self { day, date, down, length, kind }
    }

    fn available(&self) -> String {
        let length = i128::from(self.length * FULL);
        if length == 0 { "–".to_owned() } else { format!("{}%", percent(length - i128::from(self.down), length, 2)) }
    }
}

/// Writes the strip, and the table with every day for programs and screen readers.
pub(super) fn write(page: &mut Markup, chapter: &Chapter, shown: &Shown, detail: Detail) {
    let budget = &chapter.report.budget;
    let share = budget.target.error_share();
    let dated = chapter.days.iter().map(|day| (day, chapter.calendar.date(day.span.start)));
    let columns: Vec<Column<'_>> = dated.map(|(day, date)| Column::of(day, date, budget.exclusion, share)).collect();
    page.own("<figure class=\"days\">\n<figcaption><h3>Days</h3><small class=\"key\">");
    for (class, words) in [("up", "up"), ("some", "some downtime"), ("bad", "below target"), ("none", "unknown")] {
        page.own("<span>");
        page.element("span", &[("class", &format_args!("mark {class}")), ("aria-hidden", &"true")], "");
        page.words(words);
        page.own("</span>");
    }
    page.own("</small></figcaption>\n");
    strip(page, chapter, &columns, detail);
    page.own("<div class=\"x\" aria-hidden=\"true\">");
    page.element("span", &[], chapter.first.short());
    page.element("span", &[], columns.last().map_or_else(String::new, |column| column.date.short()));
    page.own("</div>\n");
    streak(page, chapter, shown);
    page.own("<details><summary>Days in numbers</summary>\n");
    table(page, chapter, &columns, detail);
    page.own("</details>\n</figure>\n");
}

fn strip(page: &mut Markup, chapter: &Chapter, columns: &[Column<'_>], detail: Detail) {
    let of = |kind: Kind| columns.iter().filter(|column| column.kind == kind).count();
    let words = format!(
        "{}: {} without downtime, {} with some, {} below target, {} unknown.",
        super::counted(columns.len(), "day"),
        of(Kind::Up),
        of(Kind::Some),
        of(Kind::Bad),
        of(Kind::Unknown),
    );
    page.open(
        "svg",
        &[
            ("viewBox", &format_args!("0 0 {WIDTH} {HEIGHT}")),
            ("preserveAspectRatio", &"none"),
            ("role", &"img"),
            ("aria-label", &words),
        ],
    );
    let last = columns.last().map_or(chapter.first, |column| column.date);
    let slots = last.since(chapter.first) + 1;
    let step = WIDTH / slots as f64;
    let width = step * FILLED;
    let x = |date: Date| date.since(chapter.first) as f64 * step + (step - width) / 2.0;
    let block = |x: f64, top: f64, bottom: f64| {
        format!(
            "M{} {}h{}V{}h-{}z",
            coordinate(x),
            coordinate(top),
            coordinate(width),
            coordinate(bottom),
            coordinate(width)
        )
    };
    let mut path = |class: &'static str, path: &str, title: Option<String>| {
        if path.is_empty() {
            return;
        }
        page.open("path", &[("class", &class), ("d", &path)]);
        if let Some(title) = title {
            page.element("title", &[], title);
        }
        page.close("path");
    };
    let known = |column: &&Column<'_>| column.kind != Kind::Unknown;
    let up: String = columns.iter().filter(known).map(|column| block(x(column.date), 0.0, HEIGHT)).collect();
    path("up", &up, None);
    let before = (0..slots)
        .map(|days| chapter.first.plus(days))
        .filter(|date| columns.first().is_none_or(|first| *date < first.date));
    let unknown = columns.iter().filter(|column| column.kind == Kind::Unknown).map(|column| column.date);
    let hollow: String = before.chain(unknown).map(|day| block(x(day), 4.0, HEIGHT - 4.0)).collect();
    path("none", &hollow, None);
    // A column represents an entire day: its height is the share of the day that was down.
    let share = |column: &Column<'_>| column.down as f64 / (column.length.max(1) * FULL) as f64;
    let mut plain = [String::new(), String::new()];
    for column in columns.iter().filter(|column| matches!(column.kind, Kind::Some | Kind::Bad)) {
        let bad = column.kind == Kind::Bad;
        let height = (share(column) * HEIGHT).max(LEAST);
        let drawn = block(x(column.date), HEIGHT - height, HEIGHT);
        if detail == Detail::Full {
            let title = format!("{}: {} available, {} down", column.date, column.available(), short_down(column.down));
            path(if bad { "bad" } else { "some" }, &drawn, Some(title));
        } else {
            plain[usize::from(bad)].push_str(&drawn);
        }
    }
    path("some", &plain[0], None);
    path("bad", &plain[1], None);
    page.own("</svg>\n");
}

fn streak(page: &mut Markup, chapter: &Chapter, shown: &Shown) {
    let streak = &chapter.report.streak;
    page.own("<p class=\"streak\">");
    shown.write(page, "b", "currentStreak", super::counted(streak.current as usize, "day"));
    page.own(" in a row within budget");
    if let Some(start) = streak.start {
        page.own(", since ");
        shown.write(page, "span", "streakStart", chapter.calendar.date(start.plus(-1)));
    }
    match streak.best_end {
        Some(end) => {
            page.own("; the best streak was ");
            shown.write(page, "span", "bestStreak", super::counted(streak.best as usize, "day"));
            page.own(" and ended ");
            shown.write(page, "span", "bestStreakEnd", chapter.calendar.date(end.plus(-1)));
        }
        None if streak.best > 0 => {
            page.own("; ");
            shown.write(page, "span", "bestStreak", "the best so far");
        }
        None => {}
    }
    page.own("</p>\n");
}

fn table(page: &mut Markup, chapter: &Chapter, columns: &[Column<'_>], detail: Detail) {
    let budget = &chapter.report.budget;
    page.own(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Days in numbers\"><table><thead><tr><th scope=\"col\">Day</th>\
         <th scope=\"col\">Available</th><th scope=\"col\">Down</th>\
         <th scope=\"col\">Window’s budget left</th><th scope=\"col\">Streak</th></tr></thead>\n<tbody>\n",
    );
    for column in columns.iter().rev() {
        let end = column.day.span.end;
        let within = budget.window.start < end;
        let consumed = consumed_at(&chapter.burn_down, end);
        let (date, down_ms) = (column.date, millis(column.down));
        let exact: [(&'static str, &dyn Display); 2] = [("data-day", &date), ("data-down-ms", &down_ms)];
        page.open("tr", if detail == Detail::Full { &exact } else { &[] });
        page.element("th", &[("scope", &"row")], date);
        page.element("td", &[], column.available());
        page.element("td", &[], short_down(column.down));
        let exact: [(&'static str, &dyn Display); 1] = [("data-consumed-ms", &millis(consumed))];
        match (within, detail) {
            (false, _) => page.element("td", &[], "–"),
            (true, Detail::Full) => page.element("td", &exact, left(budget.total(), consumed)),
            (true, Detail::Brief) => page.element("td", &[], left(budget.total(), consumed)),
        }
        let streak = match column.day.verdict {
            // A date that the zone skips is not a day.
            None | Some(Verdict::Skipped) => "not over yet".to_owned(),
            Some(Verdict::Broken) => "✖ broken".to_owned(),
            Some(Verdict::Held) => format!("– {} d, held while down", column.day.streak),
            Some(Verdict::Kept) => format!("✔ {} d", column.day.streak),
        };
        page.element("td", &[], streak);
        page.close("tr");
        page.end_line();
    }
    page.own("</tbody></table></div>\n");
}

/// Microseconds as milliseconds, for programs.
fn millis(micros: i64) -> f64 {
    micros as f64 / FULL as f64
}

/// The rest of a budget of `total` microseconds times [`WHOLE`].
fn left(total: i128, consumed_us: i64) -> String {
    let rest = total - i128::from(consumed_us) * i128::from(WHOLE);
    let time = |scaled: i128| short_time((scaled / SCALED_MS) as i64);
    if rest < 0 { format!("−{}", time(-rest)) } else { time(rest) }
}
