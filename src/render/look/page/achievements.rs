//! Owns the achievements of a system in the chapters of its objectives.

use crate::domain::budget::achievement::Unlocked;
use crate::domain::value::name::Name;
use crate::render::form::markup::Markup;

/// Writes the achievements of a system, oldest first; nothing if there are none.
pub(super) fn write(page: &mut Markup, system: &Name, unlocked: &[&Unlocked]) {
    if unlocked.is_empty() {
        return;
    }
    page.own("<div class=\"won\">\n");
    page.element("h3", &[], format_args!("Achievements of {system}"));
    page.own("\n<ul>\n");
    for one in unlocked {
        let name = one.achievement.as_str();
        page.open("li", &[("data-achievement", &name), ("data-unlocked", &one.unlocked_at)]);
        page.element("b", &[], name.replace('_', " "));
        page.words(format_args!(" {}", one.achievement.meaning()));
        page.element("small", &[], one.unlocked_at.to_chrono().format("%Y-%m-%d"));
        page.close("li");
        page.end_line();
    }
    page.own("</ul>\n</div>\n");
}
