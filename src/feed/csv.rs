//! Owns CSV: distinguishing it from JSON Lines, its header, and the fields of a record.

use std::borrow::Cow;

use anyhow::Result;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use super::Format;
use super::fields::{Field, Fields, Sample, Value, excerpt, renaming};
use super::json;
use crate::domain::value::wording::and_list;
use crate::failure::Failure;

/// Possible delimiters of a header; the first of equals wins.
pub(super) const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];
/// A line with this many known names is taken as a header.
const LIKELY_HEADER: usize = 2;

/// Detects the format of an input from a line; `is_first` if no earlier line was examined. `None` if it looks like
/// neither format, or like JSON that continues on the next line.
///
/// # Errors
/// When it looks like an incomplete CSV header.
pub(super) fn tell(line: &[u8], is_first: bool) -> Result<Option<Format>> {
    if line.trim_ascii_start().first() == Some(&b'{') {
        let tells = if is_first { !json::goes_on(line) } else { json::is_whole(line) };
        return Ok(tells.then_some(Format::Jsonl));
    }
    if json::unquoted(line).is_some() {
        return Ok(Some(Format::Jsonl));
    }
    if Columns::guess(line).count_known() < LIKELY_HEADER {
        return Ok(None);
    }
    Columns::read(line).map(|_| Some(Format::Csv))
}

/// The titles of a line that looks like a table header: several columns, none empty or a number.
pub(super) fn titles(line: &[u8]) -> Option<Vec<String>> {
    let cut = |delimiter| Columns::with_delimiter(line, delimiter).titles;
    let titles = DELIMITERS.map(cut).into_iter().max_by_key(Vec::len)?;
    let is_title = |title: &String| !title.is_empty() && title.parse::<f64>().is_err() && !title.contains(['{', '}']);
    (titles.len() > LIKELY_HEADER && titles.iter().all(is_title)).then_some(titles)
}

/// The error for a header without all required fields, with the record that follows it, if known.
pub(super) fn incomplete_header(missing: &[Field], header: &[u8], record: Option<&[u8]>) -> anyhow::Error {
    let noun = if missing.len() == 1 { "column" } else { "columns" };
    let names = and_list(missing.iter().map(|field| field.as_str()));
    let describe = "describe it: `slo feed try FILE > feed.yaml` writes a feed to start from";
    let hint = match renaming(missing, &samples(header, record)) {
        Ok(Some(rename)) => format!("{rename} in the first line; or {describe}"),
        Ok(None) => format!(
            "name the columns that hold the time, the system and its status `ts`, `system` and `status` in the first line; \
             or {describe}"
        ),
        Err(strange) => format!("{describe}; {strange}"),
    };
    Failure::new(format!("the CSV header has no {noun} {names}: {}", excerpt(header)), hint)
}

/// The error for a header without all required fields, if it is one, with the record that follows it.
pub(super) fn with_record(header: &[u8], record: &[u8]) -> Option<anyhow::Error> {
    titles(header)?;
    let missing = Columns::guess(header).missing();
    (!missing.is_empty()).then(|| incomplete_header(&missing, header, Some(record)))
}

/// The titles of a header, each with its value in a record.
fn samples(header: &[u8], record: Option<&[u8]>) -> Vec<Sample> {
    let Some(titles) = titles(header) else { return Vec::new() };
    let mut cutters = DELIMITERS.map(Cutter::new);
    let cutter = cutters.iter_mut().find_map(|cutter| (cutter.cut(record?) == titles.len()).then_some(&*cutter));
    let value = |index| cutter.map(|cutter| String::from_utf8_lossy(cutter.field(index)).trim().to_owned());
    titles.into_iter().enumerate().map(|(index, title)| (title, value(index))).collect()
}

/// The field of each column.
pub(super) struct Columns {
    fields: Vec<Option<Field>>,
    titles: Vec<String>,
    cutter: Cutter,
    /// Whether every line is quoted entirely, as one field that contains all others.
    is_wrapped: bool,
}

impl Columns {
    /// Reads a header.
    ///
    /// # Errors
    /// When a required column is missing, or two columns hold one field.
    pub(super) fn read(header: &[u8]) -> Result<Self> {
        let columns = Self::guess(header);
        for (index, field) in columns.fields.iter().enumerate() {
            if field.is_some() && columns.fields[..index].contains(field) {
                let title = &columns.titles[index];
                return Err(Failure::new(
                    format!("the CSV header has a field twice: {title}"),
                    "keep one of the two columns",
                ));
            }
        }
        let missing = columns.missing();
        if missing.is_empty() { Ok(columns) } else { Err(incomplete_header(&missing, header, None)) }
    }

    /// The required fields without a column.
    fn missing(&self) -> Vec<Field> {
        Field::REQUIRED.into_iter().filter(|field| !self.fields.contains(&Some(*field))).collect()
    }

    /// The columns, using the delimiter that gives the most known ones.
    fn guess(header: &[u8]) -> Self {
        let [first, others @ ..] = DELIMITERS.map(|delimiter| Self::with_delimiter(header, delimiter));
        let better = |best: Self, other: Self| if other.count_known() > best.count_known() { other } else { best };
        others.into_iter().fold(first, better)
    }

    fn count_known(&self) -> usize {
        self.fields.iter().flatten().count()
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.cutter.delimiter()
    }

    fn with_delimiter(header: &[u8], delimiter: u8) -> Self {
        let (fields, titles) = (Vec::new(), Vec::new());
        let mut columns = Self { fields, titles, cutter: Cutter::new(delimiter), is_wrapped: false };
        let mut count = columns.cutter.cut(header);
        if count == 1 && header.starts_with(b"\"") {
            columns.is_wrapped = true;
            count = columns.cutter.cut_within();
        }
        for index in 0..count {
            let title = String::from_utf8_lossy(columns.cutter.field(index)).trim().to_owned();
            columns.fields.push(Field::named(title.as_bytes()));
            columns.titles.push(title);
        }
        columns
    }

    /// Names of unknown columns.
    pub(super) fn ignored(&self) -> impl Iterator<Item = &str> {
        let pairs = self.titles.iter().zip(&self.fields);
        pairs.filter(|(title, field)| field.is_none() && !title.is_empty()).map(|(title, _)| title.as_str())
    }

    /// The fields of a record.
    ///
    /// # Errors
    /// With the reason when it cannot be split.
    pub(super) fn split(&mut self, record: &[u8], fields: &mut Fields<'_>) -> Result<(), String> {
        let mut count = self.cutter.cut(record);
        if self.is_wrapped && count == 1 {
            count = self.cutter.cut_within();
        }
        let expected = self.fields.len();
        if count != expected {
            return Err(uneven(count, expected));
        }
        for (index, field) in self.fields.iter().enumerate() {
            let Some(field) = field else { continue };
            let value = self.cutter.field(index);
            let value = if *field == Field::Note { value } else { value.trim_ascii() };
            fields.set(*field, Some(Value::Text(Cow::Owned(value.to_vec()))));
        }
        Ok(())
    }
}

/// Why a record with this many fields is rejected.
pub(super) fn uneven(count: usize, expected: usize) -> String {
    let noun = if count == 1 { "field" } else { "fields" };
    format!("{count} {noun}, expected {expected} as in the header")
}

/// Splits records into fields.
pub(super) struct Cutter {
    delimiter: u8,
    parser: Reader,
    output: Vec<u8>,
    ends: Vec<usize>,
}

impl Cutter {
    pub(super) fn new(delimiter: u8) -> Self {
        // A lone carriage return ends no record: what follows it would be lost.
        let parser = ReaderBuilder::new().delimiter(delimiter).terminator(Terminator::Any(b'\n')).build();
        Self { delimiter, parser, output: Vec::new(), ends: Vec::new() }
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Splits a record into fields; returns their number.
    pub(super) fn cut(&mut self, record: &[u8]) -> usize {
        self.parser.reset();
        // No field is longer than the record, and each has at least one byte.
        self.output.resize(record.len() + 1, 0);
        self.ends.resize(record.len() + 2, 0);
        let (mut rest, mut written, mut count) = (record, 0, 0);
        loop {
            let (result, read, wrote, ended) =
                self.parser.read_record(rest, &mut self.output[written..], &mut self.ends[count..]);
            rest = &rest[read..];
            written += wrote;
            count += ended;
            match result {
                // Calling again with no input tells the parser that the record is complete.
                ReadRecordResult::InputEmpty => {}
                // The output has room for any record, so it is never full.
                ReadRecordResult::Record
                | ReadRecordResult::End
                | ReadRecordResult::OutputFull
                | ReadRecordResult::OutputEndsFull => return count,
            }
        }
    }

    /// Splits the first field of the last record into fields of its own; returns their number.
    fn cut_within(&mut self) -> usize {
        let inner = self.field(0).to_vec();
        self.cut(&inner)
    }

    /// A field of the last record.
    pub(super) fn field(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.output[start..self.ends[index]]
    }
}
