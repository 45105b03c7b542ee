//! Owns how answers look: one value, printed as a table, JSON, YAML, CSV or markdown.

mod answer;
pub(crate) mod decide;
pub(crate) mod declare;
pub(crate) mod form;
pub(crate) mod look;
pub(crate) mod maintain;
pub(crate) mod part;
pub(crate) mod publish;
pub(crate) mod record;

pub(crate) use answer::{Looks, Shown};
pub(crate) use form::document::Document;
pub(crate) use form::sheet::{Cell, Sheet, Tone};

/// The form in which an answer is printed.
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

/// The capabilities of the output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Canvas {
    /// Columns of the terminal; `None` if it is not one.
    pub(crate) width: Option<u16>,
    pub(crate) color: bool,
}
