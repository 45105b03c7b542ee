//! The list of commands in docs/reference/commands.md matches the rows in the commands' files and the groups of the
//! help.

use std::fs;

use crate::markdown::text;
use crate::world::{REWRITE, World, repository};

const PAGE: &str = "docs/reference/commands.md";

/// The groups of the help, each with its commands.
pub(crate) fn groups(help: &str) -> Vec<(String, Vec<String>)> {
    let mut groups = Vec::new();
    for line in help.lines().skip_while(|line| !line.starts_with("Usage:")).skip(1) {
        if let Some(group) = line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            groups.push((group.to_owned(), Vec::new()));
        } else if let (Some(command), Some((_, commands))) = (line.split_whitespace().next(), groups.last_mut()) {
            commands.push(command.to_owned());
        }
    }
    let options = groups.iter().position(|(group, _)| group == "Options").expect("the options");
    groups.truncate(options);
    groups
}

/// The rows of the commands, from the top of their files.
fn rows() -> Vec<String> {
    let (mut files, mut folders) = (Vec::new(), vec![repository("src/commands")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort_by_key(|file| file.to_string_lossy().into_owned());
    let mut rows = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs")) {
        let text = fs::read_to_string(file).unwrap();
        let head = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect::<Vec<_>>();
        let paragraphs = head.split(|line| line.is_empty()).map(|lines| lines.join(" "));
        rows.extend(paragraphs.filter(|paragraph| paragraph.starts_with("| `slo ")));
    }
    rows
}

#[test]
fn the_list_of_commands_is_what_they_say_of_themselves() {
    let rows = rows();
    let mut list = String::new();
    for (group, commands) in groups(&World::empty().stdout(&["--help"])) {
        list.push_str(&format!("## {group}\n\n| command | what it does | exit code 1 means |\n| --- | --- | --- |\n"));
        for command in commands {
            let named = |row: &&String| row["| `slo ".len()..].split([' ', '`']).next() == Some(&*command);
            let own: Vec<&str> = rows.iter().filter(named).flat_map(|row| [row, "\n"]).collect();
            // Some commands share a row.
            assert!(rows.iter().any(|row| row.contains(&format!("`slo {command}"))), "slo {command} has no row");
            list.push_str(&own.concat());
        }
        list.push('\n');
    }
    let page = text(PAGE);
    let begin = "<!-- begin: commands -->\n";
    let start = page.find(begin).unwrap() + begin.len();
    let end = start + page[start..].find("<!-- end -->").unwrap();
    if std::env::var_os(REWRITE).is_some() {
        fs::write(repository(PAGE), format!("{}{list}{}", &page[..start], &page[end..])).unwrap();
    } else {
        assert_eq!(page[start..end], list, "{PAGE}");
    }
}

#[test]
fn readme_names_every_command_in_its_group() {
    let readme = text("README.md");
    for (group, commands) in groups(&World::empty().stdout(&["--help"])) {
        let row = readme.lines().find(|line| line.starts_with(&format!("| **{group}**"))).expect(&group);
        let named: Vec<&str> = row.split("`slo ").skip(1).filter_map(|part| part.split('`').next()).collect();
        assert_eq!(named, commands, "README's row {group}");
    }
}
