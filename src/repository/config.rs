//! Owns reading a repository's configuration: the URL of its remote, and how its objects and references are stored.
//!
//! Included files are not read, and nothing that it names is run.

use super::object::Format;

/// The values used here.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Config {
    /// The URL of the remote `origin`.
    pub(super) origin: Option<String>,
    pub(super) format: Format,
    /// Whether references are in tables instead of files.
    pub(super) reftable: bool,
}

impl Config {
    pub(super) fn parse(text: &str) -> Self {
        let mut config = Self::default();
        for Setting { section, subsection, key, value } in settings(text) {
            match (section.as_str(), subsection.as_deref(), key.as_str()) {
                ("remote", Some("origin"), "url") => config.origin = Some(value),
                ("extensions", None, "objectformat") if value.eq_ignore_ascii_case("sha256") => {
                    config.format = Format::Sha256;
                }
                ("extensions", None, "refstorage") => config.reftable = value.eq_ignore_ascii_case("reftable"),
                _ => {}
            }
        }
        config
    }
}

/// A variable; names of sections and variables are in lower case.
struct Setting {
    section: String,
    subsection: Option<String>,
    key: String,
    value: String,
}

/// All variables in order; invalid lines are skipped.
fn settings(text: &str) -> Vec<Setting> {
    let mut found = Vec::new();
    let (mut section, mut subsection) = (String::new(), None);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut rest = line.trim_start();
        if let Some((head, after)) = header(rest) {
            (section, subsection) = head;
            rest = after.trim_start();
        }
        let Some((key, start)) = rest.split_once('=').filter(|_| !rest.starts_with(['#', ';'])) else { continue };
        let key = key.trim().to_ascii_lowercase();
        let value = value(start, &mut lines);
        found.push(Setting { section: section.clone(), subsection: subsection.clone(), key, value });
    }
    found
}

/// The section that a line begins, and the rest of the line.
fn header(line: &str) -> Option<((String, Option<String>), &str)> {
    let inside = line.strip_prefix('[')?;
    let Some((name, quoted)) = inside.split_once('"').filter(|(name, _)| !name.contains(']')) else {
        let (name, rest) = inside.split_once(']')?;
        return Some(((name.trim().to_ascii_lowercase(), None), rest));
    };
    let mut subsection = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let rest = quoted[at + 1..].trim_start().strip_prefix(']')?;
                return Some(((name.trim().to_ascii_lowercase(), Some(subsection)), rest));
            }
            '\\' => subsection.extend(characters.next().map(|(_, character)| character)),
            _ => subsection.push(character),
        }
    }
    None
}

/// A value: without quotes and comments, with lines that end with a backslash joined.
fn value<'t>(start: &'t str, lines: &mut impl Iterator<Item = &'t str>) -> String {
    let mut value = String::new();
    // The length without trailing spaces.
    let mut kept = 0;
    let (mut line, mut quoted) = (start.trim_start(), false);
    loop {
        let mut continues = false;
        let mut characters = line.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => quoted = !quoted,
                '#' | ';' if !quoted => break,
                '\\' => match characters.next() {
                    None => continues = true,
                    Some('n') => value.push('\n'),
                    Some('t') => value.push('\t'),
                    Some('b') => value.push('\u{8}'),
                    Some(other) => value.push(other),
                },
                _ => value.push(character),
            }
            if quoted || !character.is_whitespace() {
                kept = value.len();
            }
        }
        match if continues { lines.next() } else { None } {
            Some(next) => line = next,
            None => break,
        }
    }
    value.truncate(kept);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_git_reads_them() {
        for (text, origin) in [
            ("[remote \"origin\"]\n\turl = git@host:a/b.git\n", Some("git@host:a/b.git")),
            ("[Remote \"origin\"] URL = \"x y\" ; c\n", Some("x y")),
            ("[remote \"origin\"]\nurl = a\\\n b # c\nurl2 = d\n", Some("a b")),
            ("[remote \"up\"]\nurl = a\n[remote \"origin\"]\nurl = b\nurl = c\n", Some("c")),
            ("[remote \"ori\\gin\"]\nurl=a", Some("a")),
            ("[remote \"Origin\"]\nurl=a\n[remote]\nurl=b\n", None),
            ("# [remote \"origin\"]\nurl=a\n", None),
            ("[include]\npath = other\n[remote \"origin\"\nurl = a\n", None),
        ] {
            assert_eq!(Config::parse(text).origin.as_deref(), origin, "{text}");
        }
        let text = "[core]\nrepositoryformatversion = 1\n[extensions]\nobjectFormat = sha256\nrefStorage = reftable\n";
        let config = Config::parse(text);
        assert_eq!((config.format, config.reftable), (Format::Sha256, true));
        assert_eq!(settings("[a]\nx = 1\\\n2\ny = 3\n").len(), 2);
    }
}
