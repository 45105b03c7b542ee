//! README.md: its outputs are what the commands print, its tour runs, and its worked numbers are those of the demo.
//! `SLO_REWRITE=1` rewrites the outputs.

use std::fs;
use std::process::Stdio;

use crate::world::{REWRITE, World, repository};

/// Where a block's expected text stands in the README.
struct Block {
    /// What leads to it: a command, or the script before it.
    source: String,
    start: usize,
    end: usize,
}

fn readme() -> String {
    fs::read_to_string(repository("README.md")).unwrap()
}

/// The blocks under `<!-- output of: COMMAND -->`.
fn outputs(text: &str) -> Vec<Block> {
    let mark = "<!-- output of: ";
    let found = text.match_indices(mark).map(|(at, _)| {
        let rest = &text[at + mark.len()..];
        let source = rest[..rest.find(" -->").unwrap()].to_owned();
        let start = at + text[at..].find("```").unwrap();
        let start = start + text[start..].find('\n').unwrap() + 1;
        Block { source, start, end: start + text[start..].find("```").unwrap() }
    });
    found.collect()
}

/// The words of a command line; what stands between single quotes is one.
fn arguments(line: &str) -> Vec<&str> {
    fn words((index, part): (usize, &str)) -> Vec<&str> {
        match index % 2 {
            0 => part.split_whitespace().collect(),
            _ => vec![part],
        }
    }
    line.split('\'').enumerate().flat_map(words).collect()
}

/// The scripts of the tour, each with the block of what it prints, if there is one right below.
fn tour(text: &str) -> Vec<(String, Option<(usize, usize)>)> {
    let begin = text.find("\n## A ten-minute tour").expect("the tour");
    let end = begin + 1 + text[begin + 1..].find("\n## ").expect("an end of the tour");
    let mut scripts = Vec::new();
    let mut at = begin;
    while let Some(found) = text[at..end].find("```sh\n") {
        let start = at + found + 6;
        let stop = start + text[start..].find("```").unwrap();
        at = stop + 4;
        let after = text[at..].trim_start_matches('\n');
        let expected = after.strip_prefix("```text\n").map(|rest| {
            let start = text.len() - rest.len();
            (start, start + text[start..].find("```").unwrap())
        });
        at = expected.map_or(at, |(_, end)| end + 4);
        scripts.push((text[start..stop].to_owned(), expected));
    }
    scripts
}

/// Compares texts with what they should be, or puts those into the README.
fn settle(blocks: &[(usize, usize, String, String)]) {
    let mut text = readme();
    let differing: Vec<_> = blocks.iter().filter(|(start, end, _, shown)| text[*start..*end] != **shown).collect();
    if std::env::var_os(REWRITE).is_some() {
        let mut sorted: Vec<_> = differing;
        sorted.sort_by_key(|(start, ..)| std::cmp::Reverse(*start));
        for (start, end, _, shown) in sorted {
            text.replace_range(*start..*end, shown);
        }
        fs::write(repository("README.md"), text).unwrap();
        return;
    }
    if let Some((start, end, source, shown)) = differing.first() {
        panic!("README shows for {source}:\n{}\nit prints:\n{shown}", &text[*start..*end]);
    }
}

fn check_all() {
    let text = readme();
    let world = World::new();
    let folder = world.path().display().to_string();
    let mut blocks = Vec::new();
    for block in outputs(&text) {
        let args: Vec<&str> = arguments(&block.source).into_iter().skip(1).collect();
        let output = world.slo(&args);
        let shown = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        blocks.push((block.start, block.end, block.source, shown.replace(&folder, "/tmp")));
    }
    assert!(blocks.len() >= 3, "README has lost its outputs");
    blocks.extend(toured(&text));
    settle(&blocks);
}

#[test]
fn outputs_and_the_tour_are_what_the_commands_print() {
    check_all();
}

/// Runs the tour in one shell.
fn toured(text: &str) -> Vec<(usize, usize, String, String)> {
    let world = World::empty();
    let scripts = tour(text);
    assert!(scripts.len() >= 5, "README has lost its tour");
    let mut whole = String::new();
    for (index, (script, _)) in scripts.iter().enumerate() {
        whole.push_str(&format!("{script}\nprintf '<<<{index}>>>\\n'\n"));
    }
    fs::write(world.path().join("tour.sh"), whole).unwrap();
    fs::create_dir(world.path().join("tour")).unwrap();
    let mut shell = world.bare("sh");
    shell.args(["-c", "cd tour && exec sh ../tour.sh 2>&1"]).stdin(Stdio::null());
    let output = String::from_utf8(shell.output().unwrap().stdout).unwrap();
    let mut rest = output.as_str();
    let mut blocks = Vec::new();
    for (index, (script, expected)) in scripts.iter().enumerate() {
        let (shown, after) = rest.split_once(&format!("<<<{index}>>>\n")).unwrap_or_else(|| panic!("{script}: {rest}"));
        rest = after;
        let shown = shown.replace(&world.path().display().to_string(), "/tmp");
        match expected {
            Some((start, end)) => blocks.push((*start, *end, script.clone(), shown)),
            None => assert_eq!(shown, "", "{script}"),
        }
    }
    blocks
}

#[test]
fn worked_numbers_are_those_of_the_demo() {
    let text = readme();
    let begin = text.find("\n## How each number is computed").expect("the section");
    let section = &text[begin..begin + 1 + text[begin + 1..].find("\n## ").unwrap()];
    let world = World::new();
    let mut checked = 0;
    let mut document = serde_json::Value::Null;
    for line in section.lines() {
        if let Some(name) = line.strip_prefix("Numbers of `") {
            let name = name.split('`').next().unwrap();
            let shown: serde_json::Value =
                serde_json::from_str(&world.stdout(&["status", name, "-o", "json"])).unwrap();
            document = shown["objectives"][0].clone();
        }
        let Some(row) = line.strip_prefix("| `") else { continue };
        let cells: Vec<&str> = row.split(" | ").collect();
        let field = cells[0].split('`').next().unwrap();
        let value = cells.last().unwrap().trim_end_matches(" |").trim_matches('`');
        let step = |value: &'_ serde_json::Value, part: &str| match part.parse::<usize>() {
            Ok(index) => value[index].clone(),
            Err(_) => value[part].clone(),
        };
        let found = field.split('.').fold(document.clone(), |value, part| step(&value, part));
        let same = match (found.as_f64(), value.parse::<f64>()) {
            (Some(found), Ok(shown)) => {
                let decimals = value.split_once('.').map_or(0, |(_, digits)| digits.len() as i32);
                (found - shown).abs() < 10f64.powi(-decimals)
            }
            _ => found.to_string().trim_matches('"') == value,
        };
        assert!(same, "{field}: README says {value}, it is {found}");
        checked += 1;
    }
    assert!(checked >= 12, "only {checked} numbers were found");
}

#[test]
fn exit_codes_are_those_of_the_help() {
    let help = World::empty().stdout(&["--help"]);
    let text = readme();
    let section = &text[text.find("\n## Exit codes").expect("the section")..];
    let mut codes = 0;
    for line in help.lines().skip_while(|line| *line != "Exit codes:").skip(1).take_while(|line| !line.is_empty()) {
        let (code, meaning) = line.trim().split_once("  ").unwrap();
        let row = format!("| {code} | {meaning} |");
        assert!(section.contains(&row), "README lacks: {row}");
        codes += 1;
    }
    assert_eq!(codes, 3);
}

#[test]
fn every_command_and_every_manifest_field_is_described() {
    let text = readme();
    let help = World::empty().stdout(&["--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for command in commands.filter(|line| !line.starts_with("   ")).map(|line| line.split_whitespace().next().unwrap())
    {
        assert!(text.contains(&format!("slo {command}")), "README does not mention slo {command}");
    }
    for file in ["system", "objective", "maintenance_window", "condition", "term", "envelope"] {
        let source = fs::read_to_string(repository("src/manifest").join(format!("{file}.rs"))).unwrap();
        let lists = source.match_indices("&[\"").map(|(at, _)| &source[at + 2..]).chain(source.split("= [\n").skip(1));
        for list in lists {
            let list = &list[..list.find(']').unwrap()];
            for field in list.split('"').skip(1).step_by(2).filter(|field| field.chars().all(char::is_alphabetic)) {
                assert!(
                    text.contains(&format!("`{field}`")) || text.contains(&format!("`{field}[]`")),
                    "{file}: {field}"
                );
            }
        }
    }
}

/// The rows of the table of commands, as they stand at the top of the commands' files.
fn rows_of_commands() -> Vec<String> {
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
fn the_table_of_commands_is_what_they_say_of_themselves() {
    let text = readme();
    let help = World::empty().stdout(&["--help"]);
    // In the order of the help.
    let place = |row: &String| {
        let name = row["| `slo ".len()..].split([' ', '`']).next().unwrap();
        help.find(&format!("\n  {name} ")).unwrap_or_else(|| panic!("there is no command {name}"))
    };
    let mut rows = rows_of_commands();
    rows.sort_by_key(place);
    assert!(rows.len() >= 30, "{rows:?}");
    let shown: Vec<&str> = text.lines().filter(|line| line.starts_with("| `slo ")).collect();
    if std::env::var_os(REWRITE).is_some() && shown != rows {
        fs::write(repository("README.md"), text.replace(&shown.join("\n"), &rows.join("\n"))).unwrap();
    } else {
        assert_eq!(shown, rows);
    }
}

#[test]
fn links_within_the_repository_lead_somewhere() {
    for file in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/backtest.md",
        "docs/conditions.md",
        "docs/objectives.md",
        "docs/segment-format.md",
        "docs/tables.md",
    ] {
        let text = fs::read_to_string(repository(file)).unwrap();
        for (at, _) in text.match_indices("](") {
            let target = &text[at + 2..at + 2 + text[at + 2..].find(')').unwrap()];
            if target.starts_with("http") || target.starts_with('#') {
                continue;
            }
            let path = target.split('#').next().unwrap();
            let folder = repository(file).parent().unwrap().to_owned();
            assert!(folder.join(path).exists(), "{file} links to {target}");
        }
    }
}
