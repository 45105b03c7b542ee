//! `slo man`: every command has a page, which matches its help.

use std::fs;

use crate::commands::groups;
use crate::world::World;

#[test]
fn every_command_has_a_page() {
    let world = World::empty();
    assert_eq!(world.slo(&["man", "--dir", "man1"]).status.code(), Some(0));
    let mut pages: Vec<String> = fs::read_dir(world.path().join("man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    for page in &pages {
        let words: Vec<&str> = page.trim_end_matches(".1").splitn(3, '-').skip(1).collect();
        let args: Vec<&str> = ["man"].into_iter().chain(words.iter().copied()).collect();
        let text = world.stdout(&args);
        assert_eq!(text, fs::read_to_string(world.path().join("man1").join(page)).unwrap(), "{page}");
        for part in [".TH ", ".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", "GLOBAL OPTIONS", "SEE ALSO"] {
            assert!(text.contains(part), "{page} lacks {part}");
        }
        let help = world.stdout(&words.iter().copied().chain(["-h"]).collect::<Vec<_>>());
        for option in help.lines().filter_map(|line| line.trim_start().strip_prefix("--")) {
            let name = option.split([' ', '=', '[']).next().unwrap();
            assert!(text.contains(&name.replace('-', "\\-")), "{page} lacks --{name}");
        }
    }
    let groups = groups(&world.stdout(&["-h"]));
    let named: Vec<&String> = groups.iter().flat_map(|(_, commands)| commands).collect();
    assert!(named.len() >= 27, "{named:?}");
    for command in named {
        assert!(pages.contains(&format!("slo-{command}.1")), "{command} has no page among {pages:?}");
    }
}

#[test]
fn the_main_page_tells_exit_codes_environment_and_files() {
    let world = World::empty();
    let text = world.stdout(&["man"]);
    for part in
        ["EXIT STATUS", "ENVIRONMENT", "SLO_DB", "SLO_AS_OF", "NO_COLOR", "FILES", "EXAMPLES", "slo\\-db\\-verify"]
    {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn a_page_that_does_not_exist_is_an_error_that_says_where_they_are_listed() {
    let world = World::empty();
    let refused = world.slo(&["man", "db", "nonsense"]);
    assert_eq!(refused.status.code(), Some(2));
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(
        text.contains("unknown command \"nonsense\"") && text.contains("`slo db --help` lists the commands"),
        "{text}"
    );
}
