//! Owns GitHub's workflow commands, which show findings beside the lines of a pull request.

use crate::domain::value::wording::in_lines;

/// A message, with its place in a file if it has one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Annotation<'a> {
    /// `error`, `warning` or `notice`.
    pub(crate) level: &'static str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    pub(crate) column: Option<u32>,
    pub(crate) title: Option<&'a str>,
    pub(crate) message: &'a str,
}

/// One annotation as the line that GitHub reads from a step's output.
pub(crate) fn line(annotation: &Annotation<'_>) -> String {
    let Annotation { level, file, line, column, title, message } = annotation;
    let place = [
        file.map(|file| format!("file={}", property(file))),
        line.map(|line| format!("line={line}")),
        column.map(|column| format!("col={column}")),
        title.map(|title| format!("title={}", property(title))),
    ];
    let place: Vec<String> = place.into_iter().flatten().collect();
    let space = if place.is_empty() { "" } else { " " };
    format!("::{level}{space}{}::{}\n", place.join(","), data(message))
}

/// The text after the command, on one line; hidden characters are spelled out.
fn data(text: &str) -> String {
    in_lines(&text.replace('%', "%25").replace('\r', "%0D")).replace('\n', "%0A")
}

/// The value of a property, where commas and colons are separators, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_its_line_or_property() {
        let annotation = Annotation {
            level: "error",
            file: Some("a,b:c%.yaml"),
            line: Some(4),
            column: Some(11),
            title: Some("SLO x:y"),
            message: "100% down\n::error::fake\r\u{1b}[2J\u{202e}",
        };
        assert_eq!(
            line(&annotation),
            "::error file=a%2Cb%3Ac%25.yaml,line=4,col=11,title=SLO x%3Ay::100%25 down%0A::error::fake%0D\\u{1b}[2J\\u{202e}\n"
        );
        let bare =
            Annotation { level: "notice", file: None, line: None, column: None, title: None, message: "a: b, c" };
        assert_eq!(line(&bare), "::notice::a: b, c\n");
    }
}
