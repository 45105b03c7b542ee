//! Owns the chapter of one objective: its figures, its forecast, and its charts.

use super::overview::meter;
use super::shown::Shown;
use super::{Detail, achievements, burndown, counted, days, events, sign, timeline};
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::budget::achievement::Unlocked;
use crate::domain::budget::balance::{ONE_HOUR, SCALED_MS, State};
use crate::domain::budget::chapter::Chapter;
use crate::domain::value::instant::Instant;
use crate::domain::value::window::Window;
use crate::render::form::markup::Markup;
use crate::render::form::moment::zoned;
use crate::render::form::number::{percent, rate, short_down, short_time};
use crate::render::look::status::{available, budget_left, remaining_percent};
use crate::render::part::forecast::{next_period, overspending};

pub(super) fn write(page: &mut Markup, chapter: &Chapter, shown: &Shown, achieved: &[&Unlocked], detail: Detail) {
    let report = &chapter.report;
    let (name, state) = (report.objective.as_str(), report.state);
    let as_of = report.budget.elapsed.end;
    page.open(
        "section",
        &[
            ("class", &format_args!("card objective s-{}", state.as_str())),
            ("id", &format_args!("o-{name}")),
            ("data-objective", &name),
            ("aria-labelledby", &format_args!("h-{name}")),
        ],
    );
    page.own("\n<div class=\"head\">");
    page.element("h2", &[("id", &format_args!("h-{name}"))], name);
    page.own("<span class=\"chip\">");
    sign(page, state);
    shown.write(page, "span", "state", state.as_str());
    page.own("</span>");
    super::down(page, report, shown, "");
    super::maintenance(page, report, shown, "");
    page.own("<a class=\"up-link\" href=\"#overview\">Overview</a></div>\n");
    if let Some(title) = &chapter.title {
        page.element("p", &[("class", &"title"), ("dir", &"auto")], title);
        page.end_line();
    }
    about(page, chapter, shown);
    if state == State::NoData {
        page.element("p", &[("class", &"quiet")], format_args!("{} has not reported anything yet.", report.system));
        page.own("\n</section>\n");
        return;
    }
    forecast(page, chapter, shown, as_of);
    facts(page, chapter, shown);
    if detail == Detail::Brief {
        page.own("<details class=\"charts\"><summary>Charts, days and events</summary>\n");
    }
    burndown::write(page, chapter, as_of);
    page.own("<div class=\"pair\">\n");
    days::write(page, chapter, shown, detail);
    page.own("<div>\n");
    timeline::write(page, chapter, shown, detail, as_of);
    events::write(page, chapter, detail, as_of);
    page.own("</div>\n</div>\n");
    achievements::write(page, &report.system, achieved);
    if detail == Detail::Brief {
        page.own("</details>\n");
    }
    page.own("</section>\n");
}

/// The promise: target, system, window, and what counts.
fn about(page: &mut Markup, chapter: &Chapter, shown: &Shown) {
    let report = &chapter.report;
    page.own("<p class=\"about\">");
    shown.write(page, "b", "target", format_args!("{}%", report.budget.target.percent()));
    page.own(" of ");
    shown.write(page, "b", "systemId", &report.system);
    if let Some(check) = &report.healthcheck {
        page.own(", check ");
        shown.write(page, "b", "healthcheck", check);
    }
    match report.window_kind {
        Window::Rolling { days, .. } => {
            page.own(" over ");
            shown.write(page, "span", "windowDays", format_args!("{days} rolling days"));
        }
        Window::Calendar { unit, .. } => {
            page.own(" over the calendar ");
            shown.write(page, "span", "window.calendar", unit.as_str());
        }
    }
    page.own(" in ");
    shown.write(page, "span", "window.timezone", report.window_kind.calendar().zone.name());
    page.own(". ");
    let mode = match (report.budget.exclusion, chapter.maintenance_excuses) {
        (DependencyExclusion::Strict, false) => "All downtime counts.",
        (DependencyExclusion::Strict, true) => "All downtime counts, except during maintenance.",
        (DependencyExclusion::SelfOnly, false) => "Downtime caused by an upstream does not count.",
        (DependencyExclusion::SelfOnly, true) => {
            "Downtime caused by an upstream, or during maintenance, does not count."
        }
    };
    shown.write(page, "span", "dependencyExclusion", mode);
    for (key, value) in report.labels.iter() {
        page.own(" ");
        page.element("span", &[("class", &"label")], format_args!("{key}={value}"));
    }
    page.own("</p>\n");
}

/// The forecast if nothing else happens.
fn forecast(page: &mut Markup, chapter: &Chapter, shown: &Shown, as_of: Instant) {
    let report = &chapter.report;
    let forecast = &report.forecast;
    let (recovers, full) = if report.has_open_downtime() {
        ("If no status changes, it is within budget again ", "If no status changes, the budget is fully restored ")
    } else {
        ("If it stays up, it is within budget again ", "If it stays up, the budget is fully restored ")
    };
    let told = [
        ("forecast.exhaustedAt", forecast.exhausted_at, "If it stays down, the budget is spent "),
        ("forecast.recoversAt", forecast.recovers_at, recovers),
        ("forecast.fullAt", forecast.full_at, full),
        ("window.end", next_period(report), "A new period, with a full budget, begins "),
    ];
    let told: Vec<_> = told.into_iter().filter_map(|(field, at, words)| Some((field, at?, words))).collect();
    let overspending = overspending(report);
    if told.is_empty() && overspending.is_none() {
        return;
    }
    page.own("<p class=\"forecast\">");
    if let Some(words) = overspending {
        page.own("<span>If it stays down, ");
        page.own(words);
        page.own(".</span> ");
    }
    for (field, at, words) in told {
        page.own("<span>");
        page.own(words);
        shown.write(page, "b", field, zoned(at));
        page.words(format_args!(", in {}.", short_time(at.since(as_of))));
        page.own("</span> ");
    }
    page.own("</p>\n");
}

/// The figures: each with its name, its value, and the value it is compared with.
fn facts(page: &mut Markup, chapter: &Chapter, shown: &Shown) {
    let report = &chapter.report;
    let budget = &report.budget;
    let whole = |scaled: i128| short_time((scaled / SCALED_MS) as i64);
    page.own("<dl class=\"facts\">\n");
    fact(page, "Available", |page| {
        let value = available(budget, budget.consumed_us());
        shown.write(page, "b", "currentAvailability", format_args!("{value}%"));
        page.own("<small>");
        if budget.exclusion == DependencyExclusion::SelfOnly {
            page.own("with upstreams ");
            let value = available(budget, budget.tally.strict_us());
            shown.write(page, "span", "strictAvailability", format_args!("{value}%"));
        } else {
            page.words(format_args!("target {}%", budget.target.percent()));
        }
        page.own("</small>");
    });
    fact(page, "Budget left", |page| {
        let (share, time) = budget_left(budget);
        shown.write(page, "b", "budgetRemainingPercent", format_args!("{share}%"));
        meter(page, remaining_percent(budget));
        page.own("<small>");
        if let Some(over) = time.strip_prefix('-') {
            shown.write(page, "span", "errorBudgetOverspentMinutes", format_args!("−{over}"));
        } else {
            shown.write(page, "span", "errorBudgetRemainingMinutes", time);
        }
        page.own(" of ");
        shown.write(page, "span", "errorBudgetTotalMinutes", whole(budget.total()));
        page.own("</small>");
    });
    fact(page, "Consumed", |page| {
        shown.write(page, "b", "errorBudgetConsumedMinutes", short_down(budget.consumed_us()));
        page.own("<small>of ");
        let strict = short_down(budget.tally.strict_us());
        shown.write(page, "span", "errorBudgetConsumedStrictMinutes", format_args!("{strict} downtime"));
        if budget.tally.too_short_us > 0 {
            page.own(", besides ");
            let short = short_down(budget.tally.too_short_us);
            shown.write(page, "span", "tooShortMinutes", format_args!("{short} too short"));
        }
        page.own("</small>");
    });
    fact(page, "Burn rate", |page| {
        shown.write(page, "b", "burnRate", rate(report.burn_rate.value()));
        page.own("<small>last hour ");
        shown.write(page, "span", "burnRates.1h", rate(report.burn_rates()[ONE_HOUR].value()));
        page.own("</small>");
    });
    fact(page, "Streak", |page| {
        shown.write(page, "b", "currentStreak", counted(report.streak.current as usize, "day"));
        page.own("<small>best ");
        shown.write(page, "span", "bestStreak", counted(report.streak.best as usize, "day"));
        page.own("</small>");
    });
    fact(page, "Status known", |page| {
        let known = percent(i128::from(budget.known_ms()), i128::from(budget.elapsed.millis()), 1);
        shown.write(page, "b", "coveragePercent", format_args!("{known}%"));
        page.own("<small>not counted ");
        shown.write(page, "span", "notCountedMinutes", short_time(budget.tally.not_counted_ms));
        if report.corrected_ms > 0 {
            page.own(", corrected ");
            shown.write(page, "span", "correctedMinutes", short_time(report.corrected_ms));
        }
        page.own("</small>");
    });
    page.own("</dl>\n");
}

fn fact(page: &mut Markup, name: &'static str, value: impl FnOnce(&mut Markup)) {
    page.own("<div><dt>");
    page.own(name);
    page.own("</dt><dd>");
    value(page);
    page.own("</dd></div>\n");
}
