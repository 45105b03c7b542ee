//! Owns the meaning of a command's exit: a system's status and the note with it.

use super::transition::Status;
use crate::domain::value::duration::format_millis;
use crate::domain::value::wording::is_hidden;

/// The most characters of a note.
const LONGEST_NOTE: usize = 240;

/// How a command ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// It exited with this code.
    Exit(i32),
    /// By a signal that `slo` did not send, by name.
    Killed(String),
    /// It timed out after this many milliseconds.
    Late(i64),
    /// It was not started, for this reason.
    NotStarted(String),
}

/// The meaning of an end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    /// The reason, if it is not healthy.
    pub(crate) note: Option<String>,
}

impl Outcome {
    /// Evaluates an end by its exit code; with `plugin`, by the conventions of monitoring plugins. The note is the
    /// first nonblank line of `outputs`, else how the command ended.
    pub(crate) fn of(end: &End, plugin: bool, outputs: [&[u8]; 2]) -> Self {
        let status = status(end, plugin);
        if status == Status::Healthy {
            return Self { status, note: None };
        }
        let said = outputs.into_iter().find_map(|output| first_line(output, plugin));
        let note = match (end, said) {
            (End::Exit(_), Some(said)) => said,
            (End::Exit(code), None) => format!("exit code {code}"),
            (End::Killed(signal), None) => format!("ended by {signal}"),
            (End::Killed(signal), Some(said)) => format!("ended by {signal}: {said}"),
            (End::Late(millis), None) => format!("no result within {}", format_millis(*millis)),
            (End::Late(millis), Some(said)) => format!("no result within {}: {said}", format_millis(*millis)),
            (End::NotStarted(why), _) => format!("cannot be run: {why}"),
        };
        Self { status, note: Some(cut(&note)) }
    }
}

fn status(end: &End, plugin: bool) -> Status {
    match end {
        End::Exit(0) => Status::Healthy,
        End::Exit(1) if plugin => Status::Degraded,
        End::Exit(2) if plugin => Status::Unhealthy,
        // A plugin with any other end found nothing out.
        End::Exit(_) | End::Killed(_) if plugin => Status::Unknown,
        End::Exit(_) | End::Killed(_) | End::Late(_) => Status::Unhealthy,
        End::NotStarted(_) => Status::Unknown,
    }
}

/// The first nonblank line of an output, without text for terminals or machines: escape sequences, hidden characters
/// and, for a plugin, the performance data after `|`.
fn first_line(output: &[u8], plugin: bool) -> Option<String> {
    let text = String::from_utf8_lossy(output);
    text.split(['\n', '\r']).find_map(|line| {
        let line = if plugin { line.split('|').next().unwrap_or_default() } else { line };
        let plain = without_escapes(line);
        let words: Vec<&str> = plain.split(|c: char| c.is_whitespace() || is_hidden(c)).collect();
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        (!words.is_empty()).then(|| cut(&words.join(" ")))
    })
}

/// A text without control sequences, such as those for colors.
fn without_escapes(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' && rest.next_if_eq(&'[').is_some() {
            rest.by_ref().find(|c| ('@'..='~').contains(c));
        } else {
            plain.push(c);
        }
    }
    plain
}

fn cut(text: &str) -> String {
    if text.chars().nth(LONGEST_NOTE).is_none() {
        return text.to_owned();
    }
    text.chars().take(LONGEST_NOTE - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(end: &End, plugin: bool, output: &str) -> (Status, Option<String>) {
        let Outcome { status, note } = Outcome::of(end, plugin, [output.as_bytes(), b""]);
        (status, note)
    }

    #[test]
    fn exit_codes_say_what_they_are_asked_to() {
        use Status::{Degraded, Healthy, Unhealthy, Unknown};
        for (end, plain, plugin) in [
            (End::Exit(0), Healthy, Healthy),
            (End::Exit(1), Unhealthy, Degraded),
            (End::Exit(2), Unhealthy, Unhealthy),
            (End::Exit(3), Unhealthy, Unknown),
            (End::Exit(4), Unhealthy, Unknown),
            (End::Exit(127), Unhealthy, Unknown),
            (End::Killed("signal 9".to_owned()), Unhealthy, Unknown),
            (End::Late(10_000), Unhealthy, Unhealthy),
            (End::NotStarted("no such file".to_owned()), Unknown, Unknown),
        ] {
            assert_eq!(result(&end, false, "").0, plain, "{end:?}");
            assert_eq!(result(&end, true, "").0, plugin, "{end:?}");
        }
    }

    #[test]
    fn the_note_is_the_first_line_that_says_anything() {
        let note = |end: End, output: &str| result(&end, false, output).1.unwrap_or_default();
        assert_eq!(result(&End::Exit(0), false, "all good"), (Status::Healthy, None));
        assert_eq!(note(End::Exit(7), ""), "exit code 7");
        assert_eq!(note(End::Exit(7), " \n\r\n  HTTP   503 \nmore"), "HTTP 503");
        assert_eq!(note(End::Exit(1), "\u{1b}[1;31mred\u{1b}[0m\u{7}\u{202e} alert"), "red alert");
        assert_eq!(note(End::Exit(1), "half an escape \u{1b}[31"), "half an escape");
        assert_eq!(note(End::Late(10_000), ""), "no result within 10s");
        assert_eq!(note(End::Late(1_500), "connecting"), "no result within 1s 500ms: connecting");
        assert_eq!(note(End::Killed("signal 11".to_owned()), ""), "ended by signal 11");
        assert_eq!(note(End::NotStarted("no such file".to_owned()), ""), "cannot be run: no such file");
        let both = Outcome::of(&End::Exit(22), false, [b"\n", b"curl: (22) 503"]);
        assert_eq!(both.note.as_deref(), Some("curl: (22) 503"));
    }

    #[test]
    fn a_plugin_s_figures_are_left_out() {
        let (status, note) = result(&End::Exit(1), true, "DISK WARNING - 9% free | /=91%;80;95\nmore");
        assert_eq!((status, note.as_deref()), (Status::Degraded, Some("DISK WARNING - 9% free")));
        assert_eq!(result(&End::Exit(2), true, "|/=91%").1.as_deref(), Some("exit code 2"));
    }

    proptest::proptest! {
        #[test]
        fn a_note_is_one_short_harmless_line(bytes: Vec<u8>, text: String, long in "\\PC{0,400}") {
            for output in [&bytes[..], text.as_bytes(), long.as_bytes()] {
                for end in [End::Exit(1), End::Late(1), End::Killed("signal 9".to_owned())] {
                    let note = Outcome::of(&end, false, [output, b""]).note.unwrap_or_default();
                    proptest::prop_assert!((1..=LONGEST_NOTE).contains(&note.chars().count()));
                    proptest::prop_assert!(!note.contains(is_hidden) && note.trim() == note);
                }
            }
        }
    }
}
