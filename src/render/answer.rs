//! Owns an answer before it is printed: a value, and how it looks to each kind of reader.

use std::io::Write;

use anyhow::{Result, anyhow};

use super::{Canvas, Document, Form, Sheet};

/// The reader of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reader {
    Programs,
    Terminals,
    Pages,
    Junit,
    Github,
    Mail,
}

impl Reader {
    const fn of(form: Form) -> Self {
        match form {
            Form::Table | Form::Wide => Self::Terminals,
            Form::Json | Form::Yaml | Form::Csv { .. } => Self::Programs,
            Form::Markdown => Self::Pages,
            Form::Junit => Self::Junit,
            Form::Github => Self::Github,
            Form::Html => Self::Mail,
        }
    }
}

/// How a value looks to some readers: it is written while it is made.
type Look<T> = Box<dyn FnOnce(&T, Form, Canvas, &mut dyn Write) -> Result<()>>;

/// A value that gets its looks one by one; the last one for a reader counts.
pub(crate) struct Looks<T> {
    value: T,
    looks: Vec<(&'static [Reader], Look<T>)>,
}

impl<T: 'static> Looks<T> {
    pub(crate) fn of(value: T) -> Self {
        Self { value, looks: Vec::with_capacity(3) }
    }

    fn with(
        mut self,
        readers: &'static [Reader],
        look: impl FnOnce(&T, Form, Canvas) -> Result<String> + 'static,
    ) -> Self {
        let look =
            |value: &T, form, canvas, out: &mut dyn Write| Ok(out.write_all(look(value, form, canvas)?.as_bytes())?);
        self.looks.push((readers, Box::new(look)));
        self
    }

    /// For programs. It is made only if needed.
    pub(crate) fn document(mut self, document: impl FnOnce(&T) -> Result<Document> + 'static) -> Self {
        let look = |value: &T, form, _, out: &mut dyn Write| document(value)?.write(form, out);
        self.looks.push((&[Reader::Programs], Box::new(look)));
        self
    }

    /// For people, in a terminal (maybe with wide columns) or on a page.
    pub(crate) fn sheet(self, sheet: impl FnOnce(&T, bool) -> Sheet + 'static) -> Self {
        self.try_sheet(move |value, wide| Ok(sheet(value, wide)))
    }

    /// The same for a sheet that may fail.
    pub(crate) fn try_sheet(self, sheet: impl FnOnce(&T, bool) -> Result<Sheet> + 'static) -> Self {
        self.with(&[Reader::Terminals, Reader::Pages], move |value, form, canvas| {
            let mut sheet = sheet(value, form == Form::Wide)?;
            sheet.overflows |= form == Form::Wide;
            Ok(if form == Form::Markdown { sheet.markdown() } else { sheet.table(canvas) })
        })
    }

    /// For people in a terminal: in full, however wide it is, or not.
    pub(crate) fn text(self, text: impl FnOnce(&T, bool, Canvas) -> String + 'static) -> Self {
        self.try_text(move |value, wide, canvas| Ok(text(value, wide, canvas)))
    }

    /// The same, if making it may fail.
    pub(crate) fn try_text(self, text: impl FnOnce(&T, bool, Canvas) -> Result<String> + 'static) -> Self {
        self.with(&[Reader::Terminals], move |value, form, canvas| {
            let wide = form == Form::Wide;
            text(value, wide, Canvas { width: canvas.width.filter(|_| !wide), ..canvas })
        })
    }

    /// For people, anywhere.
    pub(crate) fn words(self, words: impl FnOnce(&T) -> String + 'static) -> Self {
        self.with(&[Reader::Terminals, Reader::Pages], move |value, _, _| Ok(words(value)))
    }

    /// For people on a page.
    pub(crate) fn markdown(self, markdown: impl FnOnce(&T, Canvas) -> String + 'static) -> Self {
        self.try_markdown(move |value, canvas| Ok(markdown(value, canvas)))
    }

    /// The same, if making it may fail.
    pub(crate) fn try_markdown(self, markdown: impl FnOnce(&T, Canvas) -> Result<String> + 'static) -> Self {
        self.with(&[Reader::Pages], move |value, _, canvas| markdown(value, canvas))
    }

    pub(crate) fn junit(self, junit: impl FnOnce(&T) -> Result<String> + 'static) -> Self {
        self.with(&[Reader::Junit], move |value, _, _| junit(value))
    }

    pub(crate) fn github(self, annotations: impl FnOnce(&T) -> String + 'static) -> Self {
        self.with(&[Reader::Github], move |value, _, _| Ok(annotations(value)))
    }

    pub(crate) fn html(self, page: impl FnOnce(&T) -> String + 'static) -> Self {
        self.with(&[Reader::Mail], move |value, _, _| Ok(page(value)))
    }
}

/// Writes an answer in a form.
type Print = dyn FnOnce(Form, Canvas, &mut dyn Write) -> Result<()>;

/// An answer before it is printed.
pub(crate) struct Shown(Box<Print>);

impl Shown {
    /// A text that is the same in every form.
    pub(crate) fn text(text: String) -> Self {
        Self(Box::new(move |_, _, out| Ok(out.write_all(text.as_bytes())?)))
    }

    /// Writes the answer in a form.
    ///
    /// # Errors
    /// If it cannot be represented or written, or does not have this form.
    pub(crate) fn write(self, form: Form, canvas: Canvas, out: &mut dyn Write) -> Result<()> {
        (self.0)(form, canvas, out)
    }
}

impl<T: 'static> From<Looks<T>> for Shown {
    fn from(Looks { value, looks }: Looks<T>) -> Self {
        Self(Box::new(move |form, canvas, out| {
            let mut asked = looks.into_iter().rev().filter(|(readers, _)| readers.contains(&Reader::of(form)));
            let (_, look) = asked.next().ok_or_else(|| anyhow!("there is no such form of this answer"))?;
            // A page is read elsewhere, wherever it is printed.
            let canvas = if form == Form::Markdown { Canvas { width: None, color: false } } else { canvas };
            look(&value, form, canvas, out)
        }))
    }
}
