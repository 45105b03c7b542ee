//! Owns how answers look: one value, printed as a table, JSON, YAML, CSV or markdown.

pub(crate) mod achievements;
pub(crate) mod backtest;
pub(crate) mod badge;
pub(crate) mod check;
pub(crate) mod ci;
pub(crate) mod compute;
pub(crate) mod condition;
pub(crate) mod db;
pub(crate) mod demo;
pub(crate) mod digest;
mod document;
mod down;
pub(crate) mod downtime;
mod forecast;
pub(crate) mod github;
pub(crate) mod health;
pub(crate) mod history;
mod icon;
pub(crate) mod ingest;
pub(crate) mod init;
pub(crate) mod journal;
pub(crate) mod junit;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod manifest;
mod markdown;
mod markup;
pub(crate) mod number;
pub(crate) mod page;
pub(crate) mod plan;
pub(crate) mod problems;
mod reading;
mod score;
mod sheet;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod streaks;
pub(crate) mod suggestion;
pub(crate) mod trend;

use anyhow::Result;

pub(crate) use document::Document;
pub(crate) use sheet::{Cell, Sheet, Tone};

/// How an answer is to be printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Table,
    Wide,
    Json,
    Yaml,
    /// `safe`: no cell is one that a spreadsheet would run.
    Csv {
        safe: bool,
    },
    Markdown,
}

/// The columns of the terminal on standard output, if it is one.
pub(crate) fn terminal_width() -> Option<u16> {
    comfy_table::Table::new().width()
}

/// What the output can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Canvas {
    /// Columns of the terminal; `None` when it is not one.
    pub(crate) width: Option<u16>,
    pub(crate) color: bool,
}

/// Prints an answer: people get `sheet` (`wide` where asked for), programs get `document`.
///
/// # Errors
/// When the document cannot be written as asked.
pub(crate) fn print(
    form: Form,
    canvas: Canvas,
    document: &Document,
    sheet: impl FnOnce(bool) -> Sheet,
) -> Result<String> {
    match form {
        Form::Table => Ok(sheet(false).table(canvas)),
        Form::Wide => Ok(sheet(true).table(canvas)),
        Form::Markdown => Ok(sheet(false).markdown()),
        Form::Json => document.json(),
        Form::Yaml => document.yaml(),
        Form::Csv { safe } => document.csv(safe),
    }
}
