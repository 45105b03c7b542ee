//! Owns the burn rates of `slo show`, and their meaning.

use super::{Portrait, beside};
use crate::domain::budget::balance::LOOKBACKS;
use crate::domain::budget::policy::{Burn, Urgency};
use crate::render::form::lines::flow;
use crate::render::form::number::rate;
use crate::render::form::sheet::paint;
use crate::render::{Canvas, Tone};

pub(super) fn burn(portrait: &Portrait, canvas: Canvas) -> Vec<String> {
    let report = &portrait.report;
    let burn_rates = report.burn_rates();
    let rates = LOOKBACKS.iter().zip(&burn_rates);
    let mut parts: Vec<String> = rates.map(|((name, _), burn)| format!("{name} {}", rate(burn.value()))).collect();
    parts.push(format!("window {}", rate(report.burn_rate.value())));
    let mut lines = flow(parts, " · ", beside(canvas));
    let nominal_ms = report.window_kind.nominal_ms();
    for (urgency, rule) in Urgency::ALL.into_iter().flat_map(|urgency| urgency.rules().map(|rule| (urgency, rule))) {
        let verdict = rule.judge(&burn_rates, nominal_ms);
        let tone = match verdict {
            Burn::Firing => Tone::Bad,
            Burn::Starting | Burn::Ending => Tone::Warning,
            Burn::Quiet => Tone::Good,
        };
        let [long, short] = [rule.long, rule.short].map(|index| rate(burn_rates[index].value()));
        // Short windows have limits far below 1.
        let factor = rule.short_factor(nominal_ms).to_f64();
        let limit = if factor < 1.0 {
            format!("{:.2}", (factor * 100.0).floor() / 100.0)
        } else {
            format!("{:.1}", (factor * 10.0).floor() / 10.0)
        };
        let (policy, over, under) = (urgency.as_str(), LOOKBACKS[rule.long].0, LOOKBACKS[rule.short].0);
        let meaning = match verdict {
            Burn::Firing => "both over".to_owned(),
            Burn::Starting => format!("{over} still under"),
            Burn::Ending => format!("{under} is back under"),
            Burn::Quiet => "both under".to_owned(),
        };
        lines.push(format!(
            "{policy:<6} {over:>3} {long:>5}, {under:>3} {short:>5}, limit {limit:>5}: {}, {meaning}",
            paint(verdict.as_str(), tone, canvas),
        ));
    }
    lines
}
