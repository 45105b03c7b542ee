//! Checks README.md and every page of docs/: outputs match the commands, and the commands on a page work.
//! `SLO_REWRITE=1` rewrites the outputs.

use std::fs;
use std::process::Stdio;

use crate::markdown::{pages, text};
use crate::world::{REWRITE, World, repository};

/// A part of a page that is the output of a command.
struct Block {
    /// Its source: a command, or the script before it.
    source: String,
    start: usize,
    end: usize,
}

/// A part of a page that is run, block by block, in one shell.
struct Run {
    /// Whether the demo is in the folder; otherwise it is empty.
    demo: bool,
    /// Each script, and the place of its output if that is directly below.
    scripts: Vec<(String, Option<(usize, usize)>)>,
}

/// The blocks under `<!-- output of: COMMAND -->`.
fn outputs(text: &str) -> Vec<Block> {
    let mark = "\n<!-- output of: ";
    let found = text.match_indices(mark).map(|(at, _)| {
        let rest = &text[at + mark.len()..];
        let source = rest[..rest.find(" -->").unwrap()].to_owned();
        let start = at + text[at..].find("```").unwrap();
        let start = start + text[start..].find('\n').unwrap() + 1;
        Block { source, start, end: start + text[start..].find("```").unwrap() }
    });
    found.collect()
}

/// The arguments of a command line; a text in single quotes is one.
fn arguments(line: &str) -> Vec<&str> {
    fn words((index, part): (usize, &str)) -> Vec<&str> {
        match index % 2 {
            0 => part.split_whitespace().collect(),
            _ => vec![part],
        }
    }
    line.split('\'').enumerate().flat_map(words).collect()
}

/// The parts between `<!-- run: empty -->` or `<!-- run: demo -->` and `<!-- end of run -->` or the end of the page.
fn runs(text: &str) -> Vec<Run> {
    let mark = "\n<!-- run: ";
    let stretch = |(at, _): (usize, &str)| {
        let end = text[at..].find("\n<!-- end of run -->").map_or(text.len(), |end| at + end);
        Run { demo: text[at + mark.len()..].starts_with("demo"), scripts: scripts(text, at, end) }
    };
    text.match_indices(mark).map(stretch).collect()
}

fn scripts(text: &str, mut at: usize, end: usize) -> Vec<(String, Option<(usize, usize)>)> {
    let mut scripts = Vec::new();
    while let Some(found) = text[at..end].find("```sh\n") {
        let start = at + found + 6;
        let stop = start + text[start..].find("\n```").unwrap() + 1;
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

/// The output of a part, block by block.
fn printed(run: &Run) -> Vec<(Block, String)> {
    let world = if run.demo { World::new() } else { World::empty() };
    let mut whole = String::new();
    for (index, (script, _)) in run.scripts.iter().enumerate() {
        whole.push_str(&format!("{script}\nprintf '<<<{index}>>>\\n'\n"));
    }
    fs::write(world.path().join("run.sh"), whole).unwrap();
    let folder = if run.demo { "demo" } else { "tour" };
    fs::create_dir_all(world.path().join(folder)).unwrap();
    let mut shell = world.bare("sh");
    shell.args(["-c", &format!("cd {folder} && exec sh ../run.sh 2>&1")]).stdin(Stdio::null());
    if run.demo {
        shell.env("SLO_DB", world.path().join("demo/slo.db")).env("SLO_AS_OF", crate::world::MOMENT);
    }
    let output = String::from_utf8(shell.output().unwrap().stdout).unwrap();
    let mut rest = output.as_str();
    let mut blocks = Vec::new();
    for (index, (script, expected)) in run.scripts.iter().enumerate() {
        let (shown, after) = rest.split_once(&format!("<<<{index}>>>\n")).unwrap_or_else(|| panic!("{script}: {rest}"));
        rest = after;
        let shown = shown.replace(&world.path().display().to_string(), "/tmp");
        match expected {
            Some((start, end)) => blocks.push((Block { source: script.clone(), start: *start, end: *end }, shown)),
            None => assert_eq!(shown, "", "{script}"),
        }
    }
    blocks
}

/// Compares the outputs on a page with the actual ones, or writes these.
fn settle(page: &str, mut blocks: Vec<(Block, String)>) {
    let mut text = text(page);
    blocks.retain(|(block, shown)| text[block.start..block.end] != **shown);
    if std::env::var_os(REWRITE).is_some() {
        blocks.sort_by_key(|(block, _)| std::cmp::Reverse(block.start));
        for (block, shown) in blocks {
            text.replace_range(block.start..block.end, &shown);
        }
        fs::write(repository(page), text).unwrap();
    } else if let Some((block, shown)) = blocks.first() {
        panic!("{page} shows for {}:\n{}\nit prints:\n{shown}", block.source, &text[block.start..block.end]);
    }
}

#[test]
fn outputs_are_what_the_commands_print() {
    let (mut alone, mut run) = (0, 0);
    for page in pages() {
        let text = text(&page);
        let mut blocks = Vec::new();
        let found = outputs(&text);
        let world = if found.is_empty() { World::empty() } else { World::new() };
        for block in found {
            let args: Vec<&str> = arguments(&block.source).into_iter().skip(1).collect();
            let output = world.slo(&args);
            let shown = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
            blocks.push((block, shown.replace(&world.path().display().to_string(), "/tmp")));
        }
        alone += blocks.len();
        for stretch in runs(&text) {
            run += stretch.scripts.len();
            blocks.extend(printed(&stretch));
        }
        settle(&page, blocks);
    }
    assert!(alone >= 7 && run >= 15, "the documents have lost their outputs: {alone}, {run}");
}

#[test]
fn worked_numbers_are_those_of_the_demo() {
    let text = text("docs/reference/numbers.md");
    let world = World::new();
    let mut checked = 0;
    let mut document = serde_json::Value::Null;
    for line in text.lines() {
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
        assert!(same, "{field}: the page says {value}, it is {found}");
        checked += 1;
    }
    assert!(checked >= 12, "only {checked} numbers were found");
}

#[test]
fn exit_codes_are_those_of_the_help() {
    let help = World::empty().stdout(&["--help"]);
    let text = text("docs/reference/environment.md");
    let section = &text[text.find("\n## Exit codes").expect("the section")..];
    let mut codes = 0;
    for line in help.lines().skip_while(|line| *line != "Exit codes:").skip(1).take_while(|line| !line.is_empty()) {
        let (code, meaning) = line.trim().split_once("  ").unwrap();
        let row = format!("| {code} | {meaning} |");
        assert!(section.contains(&row), "the page lacks: {row}");
        codes += 1;
    }
    assert_eq!(codes, 3);
}

#[test]
fn every_manifest_field_is_described() {
    let text: String = pages().iter().map(|page| text(page)).collect();
    for file in ["kind/system", "kind/objective", "kind/maintenance_window", "kind/condition", "kind/term", "envelope"]
    {
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
