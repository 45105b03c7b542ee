//! Owns how a plan looks on a page, such as a comment on a pull request.

use super::{Outlook, budgets, sign, summary, title};
use crate::domain::plan::reconcile::change::{Change, Deed};
use crate::domain::value::name::Name;
use crate::domain::value::wording::one_line;
use crate::render::declare::problems::{ProblemLine, Validation, sheet as problem_sheet};
use crate::render::form::markdown;

/// The most lines of changes in a comment, and the most characters of each, in addition to the rest.
const MOST_LINES: usize = 300;
const MOST_CHARACTERS: usize = 120;
/// The most rows of budgets, and of problems.
const MOST_ROWS: usize = 60;

/// The plan as markdown: a summary, the budgets, then every change as a diff.
pub(crate) fn markdown(outlook: &Outlook) -> String {
    let plan = &outlook.plan;
    let verb = if outlook.done { "apply" } else { "plan" };
    let mut text = format!("**slo {verb}**: {}\n", markdown::text(&summary(plan, outlook.done)));
    let consequences = outlook.consequences.as_deref().unwrap_or_default();
    let shown = &consequences[..consequences.len().min(MOST_ROWS)];
    if let Some(sheet) = budgets::sheet(shown, outlook.as_of) {
        text.push_str(&format!("\n{}", sheet.markdown()));
    }
    if shown.len() < consequences.len() {
        let rest = consequences.len() - shown.len();
        text.push_str(&format!("\n… and {rest} more objectives; `slo plan -o json` has them all\n"));
    }
    let mut lines = Vec::new();
    for change in plan.changes() {
        push_lines(&mut lines, &change);
    }
    for orphan in plan.orphaned.iter().filter(|orphan| orphan.is_known) {
        let (deed, identity) = (Deed::Orphan, orphan.identity.clone());
        push_lines(&mut lines, &Change { deed, identity, old_name: None, fields: Vec::new() });
    }
    if !lines.is_empty() {
        let rest = lines.len().saturating_sub(MOST_LINES);
        lines.truncate(MOST_LINES);
        if rest > 0 {
            lines.push(format!("  … and {rest} more lines; `slo plan` shows them all"));
        }
        text.push_str(&format!("\n{}", markdown::block("diff", &lines.join("\n"))));
    }
    if !outlook.problems.is_empty() {
        text.push_str(&format!("\n{}", problems(&outlook.problems)));
    }
    text
}

/// Why there is no plan, as markdown.
pub(crate) fn refusal_markdown(set: &Name, list: &[ProblemLine]) -> String {
    format!(
        "**slo plan**: ✖ no plan for set {}: the manifests are not valid\n\n{}",
        markdown::text(set.as_str()),
        problems(list)
    )
}

fn problems(list: &[ProblemLine]) -> String {
    let shown = list[..list.len().min(MOST_ROWS)].to_vec();
    let validation =
        Validation { problems: shown, files: 0, documents: 0, shortened: false, valid: false, good: Vec::new() };
    let mut sheet = problem_sheet(&validation);
    // The number of documents is irrelevant beside a plan.
    sheet.footer.clear();
    if list.len() > MOST_ROWS {
        sheet.footer.push(format!("… and {} more; `slo validate` shows them all", list.len() - MOST_ROWS));
    }
    sheet.markdown()
}

/// A change as a diff: deletions after a minus, additions after a plus.
fn push_lines(lines: &mut Vec<String>, change: &Change) {
    let sign = match change.deed {
        // In a colored diff, this has the color of a warning.
        Deed::Orphan => "!",
        deed => sign(deed).0,
    };
    lines.push(format!("{sign} {}", title(change)));
    for field in &change.fields {
        for (sign, value) in [("-", &field.before), ("+", &field.after)] {
            let Some(value) = value else { continue };
            let line = one_line(&format!("{sign}     {}: {value}", field.path)).into_owned();
            let cut = line.char_indices().nth(MOST_CHARACTERS).map(|(at, _)| at);
            lines.push(cut.map_or_else(|| line.clone(), |at| format!("{}…", &line[..at])));
        }
    }
}
