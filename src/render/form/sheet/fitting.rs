//! Owns how a table is fitted to a terminal: columns disappear, texts wrap or go below their row, then names are shortened.

use std::borrow::Cow;
use std::collections::BTreeSet;

use unicode_width::UnicodeWidthStr;

use super::elision::{Shortened, shortened};
use super::{Column, Leaves, Narrows, Sheet};
use crate::render::form::lines::{broken, widest_word};

/// Spaces between two cells if there is room.
const WIDE_GAP: usize = 2;
/// The least width of a shortened name.
const SHORTEST_NAME: usize = 10;
/// Narrower texts do not go below their rows, because that would hardly help.
const LEAST_BELOW: usize = 16;
/// About the most lines of a wrapped text; if it needs more, it goes below its row.
const MOST_LINES: usize = 4;

/// How the columns of a sheet are drawn.
pub(super) struct Plan {
    pub(super) gap: usize,
    /// The width of each column; `None` if its cells are below their rows.
    pub(super) widths: Vec<Option<usize>>,
    /// The shortened names of each column; empty unless any are.
    pub(super) names: Vec<Shortened>,
}

impl Plan {
    fn new(gap: usize, widths: Vec<Option<usize>>) -> Self {
        Self { gap, widths, names: Vec::new() }
    }

    /// The text of a cell, maybe shortened.
    pub(super) fn shown<'t>(&'t self, column: usize, text: &'t str) -> &'t str {
        self.names.get(column).and_then(|names| names.get(text)).map_or(text, String::as_str)
    }
}

impl Sheet {
    /// The columns that fit the room, and how they are drawn.
    pub(super) fn laid_out(&self, room: usize) -> (Cow<'_, Self>, Plan) {
        let cells = self.cell_widths();
        let (sheet, plan) = self.fitted(&self.columns, &cells, room);
        let below = sheet.columns.iter().zip(&plan.widths).filter(|(_, width)| width.is_none());
        let below: Vec<&str> = below.map(|(column, _)| &*column.title).collect();
        if below.is_empty() {
            return (sheet, plan);
        }
        // Texts below their rows leave room for other columns.
        let mut columns = self.columns.clone();
        for column in &mut columns {
            column.is_below = column.narrows == Narrows::Wraps && below.contains(&&*column.title);
        }
        self.fitted(&columns, &cells, room)
    }

    /// Without the columns that do not fit, the least important ones first.
    fn fitted(&self, columns: &[Column], cells: &[usize], room: usize) -> (Cow<'_, Self>, Plan) {
        let mut kept: Vec<(usize, Column)> = columns.iter().cloned().enumerate().collect();
        let natural = |kept: &[(usize, Column)]| -> Vec<Option<usize>> {
            let width =
                |(index, column): &(usize, Column)| (!column.is_below).then(|| cells[*index].max(column.title.width()));
            kept.iter().map(width).collect()
        };
        while total(&natural(&kept), 1) > room {
            let leaving = |when: Leaves| kept.iter().rposition(|(_, column)| column.leaves == Some(when));
            let Some(place) = leaving(Leaves::First).or_else(|| leaving(Leaves::Last)) else { break };
            leave(&mut kept, place);
        }
        let natural = natural(&kept);
        let sheet = if kept.len() == columns.len() { Cow::Borrowed(self) } else { Cow::Owned(self.only(kept)) };
        let plan = sheet.plan(natural, room);
        (sheet, plan)
    }

    /// The width of the widest cell of each column.
    fn cell_widths(&self) -> Vec<usize> {
        let widest = |index: usize| self.rows.iter().map(|row| row[index].text.width()).max().unwrap_or(0);
        (0..self.columns.len()).map(widest).collect()
    }

    /// The widths of all columns beside each other, without any cuts.
    pub(super) fn natural(&self) -> Vec<Option<usize>> {
        let widths = self.columns.iter().zip(self.cell_widths());
        widths.map(|(column, width)| Some(width.max(column.title.width()))).collect()
    }

    /// How the columns that are left fit the room.
    fn plan(&self, natural: Vec<Option<usize>>, room: usize) -> Plan {
        if let Some(gap) = [WIDE_GAP, 1].into_iter().find(|gap| total(&natural, *gap) <= room) {
            return Plan::new(gap, natural);
        }
        let mut widths = natural.clone();
        let floors = self.floors(&natural);
        let is_wide = |index: &usize| natural[*index].is_some_and(|width| width >= LEAST_BELOW);
        let mut texts: Vec<usize> = self.places(Narrows::Wraps).filter(is_wide).collect();
        texts.sort_by_key(|index| floors[*index]);
        loop {
            if let Some(widths) = narrowed(&widths, &floors, room) {
                return Plan::new(1, self.tight(widths));
            }
            let Some(widest) = texts.pop() else { break };
            widths[widest] = None;
        }
        // If names cannot be shortened, every row begins with its whole name, and all else is below.
        self.with_short_names(&widths, room).unwrap_or_else(|| {
            let head = self.places(Narrows::Shortens).next().unwrap_or(0);
            Plan::new(1, natural.iter().enumerate().map(|(index, width)| width.filter(|_| index == head)).collect())
        })
    }

    /// The columns that narrow in a way.
    fn places(&self, how: Narrows) -> impl Iterator<Item = usize> {
        self.columns.iter().enumerate().filter(move |(_, column)| column.narrows == how).map(|(index, _)| index)
    }

    /// The least width of each column as long as no name is shortened.
    fn floors(&self, natural: &[Option<usize>]) -> Vec<usize> {
        let floor = |(index, width): (usize, &Option<usize>)| {
            let width = width.unwrap_or(0);
            if self.columns[index].narrows != Narrows::Wraps {
                return width;
            }
            let words = self.rows.iter().map(|row| widest_word(&row[index].text));
            let least = words.chain([self.columns[index].title.width(), width.div_ceil(MOST_LINES)]).max();
            least.unwrap_or(0).min(width)
        };
        natural.iter().enumerate().map(floor).collect()
    }

    /// Wrapped columns as narrow as their lines.
    fn tight(&self, mut widths: Vec<Option<usize>>) -> Vec<Option<usize>> {
        for index in self.places(Narrows::Wraps) {
            widths[index] = widths[index].map(|width| {
                let lines = self.rows.iter().flat_map(|row| broken(&row[index].text, width, 0));
                let longest = lines.map(|line| line.width()).max().unwrap_or(0);
                longest.max(self.columns[index].title.width())
            });
        }
        widths
    }

    /// Takes the missing width from names, unless that would make two of them look the same.
    fn with_short_names(&self, widths: &[Option<usize>], room: usize) -> Option<Plan> {
        let columns: Vec<usize> = self.places(Narrows::Shortens).collect();
        let names = |index: usize| -> BTreeSet<&str> { self.rows.iter().map(|row| row[index].text.as_str()).collect() };
        let mut floors: Vec<usize> = widths.iter().map(|width| width.unwrap_or(0)).collect();
        for index in &columns {
            let least = SHORTEST_NAME.max(self.columns[*index].title.width());
            floors[*index] = floors[*index].min(least);
        }
        loop {
            let mut plan = Plan::new(1, narrowed(widths, &floors, room)?);
            plan.names = vec![Shortened::new(); self.columns.len()];
            let mut all = true;
            for index in &columns {
                let (width, natural) = (plan.widths[*index]?, widths[*index]?);
                let names = names(*index);
                if let Some(short) = shortened(&names, width) {
                    plan.names[*index] = short;
                } else {
                    let steps = std::iter::successors(Some(1), |step| Some(step * 2));
                    let mut wider = steps.map(|step| width + step).take_while(|width| *width < natural);
                    floors[*index] = wider.find(|width| shortened(&names, *width).is_some()).unwrap_or(natural);
                    all = false;
                }
            }
            if all {
                plan.widths = self.as_shown(&plan);
                return Some(plan);
            }
        }
    }

    /// Columns of shortened names as narrow as these.
    fn as_shown(&self, plan: &Plan) -> Vec<Option<usize>> {
        let mut widths = plan.widths.clone();
        for index in self.places(Narrows::Shortens) {
            let names = self.rows.iter().map(|row| plan.shown(index, &row[index].text).width());
            widths[index] = names.chain([self.columns[index].title.width()]).max();
        }
        widths
    }
}

/// Takes a column out; the next one, if it has no title, gets the one of the column.
pub(super) fn leave(columns: &mut Vec<(usize, Column)>, place: usize) {
    let (_, Column { title, .. }) = columns.remove(place);
    if let Some((_, next)) = columns.get_mut(place).filter(|(_, next)| next.title.is_empty()) {
        next.title = title;
    }
}

/// Takes the missing width from the columns that are wider than their floors, always from the widest; `None` if that is not
/// enough.
fn narrowed(widths: &[Option<usize>], floors: &[usize], room: usize) -> Option<Vec<Option<usize>>> {
    let mut widths = widths.to_vec();
    for _ in room..total(&widths, 1) {
        let wide =
            widths.iter_mut().zip(floors).filter_map(|(width, floor)| width.as_mut().filter(|width| **width > *floor));
        *wide.max_by_key(|width| **width)? -= 1;
    }
    Some(widths)
}

/// The total width of the columns beside each other, with `gap` between each two.
pub(super) fn total(widths: &[Option<usize>], gap: usize) -> usize {
    let count = widths.iter().flatten().count();
    widths.iter().flatten().sum::<usize>() + gap * count.saturating_sub(1)
}
