//! Owns the tables of an input: the columns that a feed needs, and their values in a record.

use std::borrow::Cow;
use std::rc::Rc;

use super::kind::{Kind, Slots, is_file_name};
use crate::domain::health::feed::Field;
use crate::domain::value::wording::and_list;
use crate::feed::csv::{Cutter, DELIMITERS, uneven};
use crate::feed::fields::excerpt;
use crate::feed::records::without_return;
use crate::feed::shape::is_separator;

/// The tables of an input, one after the other.
pub(super) struct Tables {
    /// What separates columns, if the feed says so.
    delimiter: Option<u8>,
    current: Option<Table>,
    /// The line that names the columns of the current one, as it is.
    header: Option<Rc<[u8]>>,
}

impl Tables {
    pub(super) const fn new(delimiter: Option<u8>) -> Self {
        Self { delimiter, current: None, header: None }
    }

    pub(super) const fn current(&mut self) -> Option<&mut Table> {
        self.current.as_mut()
    }

    pub(super) fn header(&self) -> Option<Rc<[u8]>> {
        self.header.clone()
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.current.as_ref().map_or(self.delimiter.unwrap_or(b','), |table| table.cutter.delimiter())
    }

    /// Begins the first table, unless this line only tells spreadsheets the delimiter.
    ///
    /// # Errors
    /// See [`Table::read`].
    pub(super) fn begin(&mut self, raw: &[u8], kind: &Kind, gathers: bool) -> Result<(), String> {
        let line = without_return(raw);
        if !is_separator(line) {
            self.current = Some(Table::read(line, self.delimiter, kind, gathers)?);
            self.header = Some(raw.into());
        }
        Ok(())
    }

    /// Begins another table if a line that is not a record is a header; returns whether it is.
    pub(super) fn turn(&mut self, raw: &[u8], kind: &Kind, gathers: bool) -> bool {
        let line = without_return(raw);
        if self.header.as_deref().map(without_return) == Some(line) {
            return true;
        }
        // The name of a single column may also be a value.
        let found = Table::read(line, self.delimiter, kind, gathers).ok().filter(|table| table.known() > 1);
        let Some(table) = found else { return false };
        (self.current, self.header) = (Some(table), Some(raw.into()));
        true
    }
}

/// The columns of one table.
pub(super) struct Table {
    cutter: Cutter,
    titles: usize,
    /// The column of each required value; `None` if it is missing.
    columns: Vec<Option<usize>>,
    /// Which required values keep surrounding blanks.
    is_note: Vec<bool>,
    /// A required value with several columns.
    repeated: Option<String>,
}

impl Table {
    /// Reads a header, with this delimiter or the one that gives the most required columns.
    ///
    /// # Errors
    /// With the reason when a column of a required field is missing, or there twice; with `gathers` an incident needs no
    /// system.
    pub(super) fn read(header: &[u8], delimiter: Option<u8>, kind: &Kind, gathers: bool) -> Result<Self, String> {
        let all = delimiter.map_or(DELIMITERS.to_vec(), |only| vec![only]);
        let tables = all.into_iter().map(|delimiter| Self::cut(header, delimiter, kind));
        let best = tables.reduce(|best, other| if other.known() > best.known() { other } else { best });
        let Some(table) = best else { return Err("it has no columns".to_owned()) };
        let is_there = |slot: usize| table.columns[slot].is_some() || is_file_name(&kind.wants[slot]);
        // Optional fields may lack all their columns, and so may fields with several origins.
        let may_lack = |field: Field| match field {
            Field::Note | Field::Objective | Field::Impact => true,
            Field::System => gathers,
            _ => kind.has_choice(field),
        };
        let needed = |field: Field| kind.needs(field) && !(gathers && field == Field::System) || !may_lack(field);
        let lacks = |field: &Field| kind.has(*field) && !kind.can_have(*field, &is_there) && needed(*field);
        let mut missing: Vec<&str> =
            Field::ALL.iter().filter(|field| lacks(field)).flat_map(|field| kind.named(*field)).collect();
        missing.dedup();
        if missing.is_empty() {
            return match &table.repeated {
                Some(title) => Err(format!("it has two columns {title}: {}", excerpt(header))),
                None => Ok(table),
            };
        }
        let noun = if missing.len() == 1 { "column" } else { "columns" };
        Err(format!("it has no {noun} {}: {}", and_list(missing), excerpt(header)))
    }

    fn cut(header: &[u8], delimiter: u8, kind: &Kind) -> Self {
        let mut cutter = Cutter::new(delimiter);
        let titles = cutter.cut(header);
        let title = |index: usize| String::from_utf8_lossy(cutter.field(index)).trim().to_owned();
        let all: Vec<String> = (0..titles).map(title).collect();
        let places = |is: &dyn Fn(&String) -> bool| -> Vec<usize> {
            all.iter().enumerate().filter(|(_, title)| is(title)).map(|(index, _)| index).collect()
        };
        let found = |want: &String| {
            let exact = places(&|title| title == want);
            if exact.is_empty() { places(&|title| title.eq_ignore_ascii_case(want)) } else { exact }
        };
        let found: Vec<Vec<usize>> = kind.wants.iter().map(found).collect();
        let repeated = kind.wants.iter().zip(&found).find(|(_, places)| places.len() > 1).map(|(want, _)| want.clone());
        let columns = found.iter().map(|places| places.first().copied()).collect();
        let notes: Vec<&str> = kind.named(Field::Note).collect();
        let is_note = kind.wants.iter().map(|want| notes.contains(&want.as_str())).collect();
        Self { cutter, titles, columns, is_note, repeated }
    }

    /// The number of required columns that it has.
    fn known(&self) -> usize {
        self.columns.iter().flatten().count()
    }

    /// The required values of a record.
    ///
    /// # Errors
    /// When it has more or fewer fields than the header.
    pub(super) fn slots<'r>(&'r mut self, record: &[u8], kind: &Kind, file: &'r str) -> Result<Slots<'r>, String> {
        let count = self.cutter.cut(record);
        if count != self.titles {
            return Err(uneven(count, self.titles));
        }
        let value = |(slot, column): (usize, &Option<usize>)| match column {
            Some(index) => {
                let value = self.cutter.field(*index);
                Some(Cow::Borrowed(if self.is_note[slot] { value } else { value.trim_ascii() }))
            }
            None => is_file_name(&kind.wants[slot]).then_some(Cow::Borrowed(file.as_bytes())),
        };
        Ok(self.columns.iter().enumerate().map(value).collect())
    }
}
