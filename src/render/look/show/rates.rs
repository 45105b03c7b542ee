//! Owns the burn rates of `slo show`, and their meaning.

use super::Portrait;
use crate::domain::budget::balance::LOOKBACKS;
use crate::domain::budget::policy::{Burn, POLICY};
use crate::render::form::number::rate;
use crate::render::form::sheet::paint;
use crate::render::{Canvas, Tone};

pub(super) fn burn(portrait: &Portrait, canvas: Canvas) -> Vec<String> {
    let report = &portrait.report;
    let burn_rates = report.burn_rates();
    let rates = LOOKBACKS.iter().zip(&burn_rates);
    let mut parts: Vec<String> = rates.map(|((name, _), burn)| format!("{name} {}", rate(burn.value()))).collect();
    parts.push(format!("window {}", rate(report.burn_rate.value())));
    let mut lines = vec![parts.join(" · ")];
    let nominal_ms = report.window_kind.nominal_ms();
    for rule in POLICY {
        let verdict = rule.judge(&burn_rates, nominal_ms);
        let tone = match verdict {
            Burn::Critical => Tone::Bad,
            Burn::Increasing | Burn::Recovering => Tone::Warning,
            Burn::Acceptable => Tone::Good,
        };
        let [long, short] = [rule.long, rule.short].map(|index| rate(burn_rates[index].value()));
        let limit = format!("{:.1}", (rule.short_factor(nominal_ms).to_f64() * 10.0).floor() / 10.0);
        let (over, under) = (LOOKBACKS[rule.long].0, LOOKBACKS[rule.short].0);
        let meaning = match verdict {
            Burn::Critical => "both over the limit".to_owned(),
            Burn::Increasing => format!("only {under} over"),
            Burn::Recovering => format!("only {over} over"),
            Burn::Acceptable => "both under".to_owned(),
        };
        lines.push(format!(
            "{over:>3} {long:>5}, {under:>3} {short:>5}, limit {limit:>5}: {}, {meaning}",
            paint(verdict.as_str(), tone, canvas),
        ));
    }
    lines
}
