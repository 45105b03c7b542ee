//! Owns how answers look: one value, printed as a table, JSON, YAML, CSV or markdown.

pub(crate) mod achievements;
mod answer;
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
mod maintenance;
pub(crate) mod manifest;
mod markdown;
mod markup;
pub(crate) mod metrics;
pub(crate) mod moment;
pub(crate) mod number;
pub(crate) mod page;
pub(crate) mod period;
pub(crate) mod plan;
pub(crate) mod probe;
pub(crate) mod problems;
mod reading;
pub(crate) mod review;
pub(crate) mod rewrite;
mod score;
mod sheet;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod streaks;
mod subject;
pub(crate) mod suggestion;
pub(crate) mod trend;
pub(crate) mod trial;

pub(crate) use answer::{Looks, Shown};
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
    Junit,
    Github,
    Html,
}

impl Form {
    pub(crate) const fn is_for_programs(self) -> bool {
        matches!(self, Self::Json | Self::Yaml | Self::Csv { .. })
    }
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
