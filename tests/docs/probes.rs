//! docs/probes.md: its commands, run in one shell, print what it shows. `SLO_REWRITE=1` rewrites that.

use std::fs;
use std::process::Stdio;

use crate::world::{REWRITE, World, repository};

#[test]
fn the_commands_print_what_is_shown() {
    let path = repository("docs/probes.md");
    let text = fs::read_to_string(&path).unwrap();
    let world = World::empty();
    let mut rewritten = String::new();
    let mut rest = text.as_str();
    let mut shown = 0;
    while let Some((before, after)) = rest.split_once("```sh\n") {
        let (script, after) = after.split_once("```\n").unwrap();
        let (_, after) = after.strip_prefix("```text\n").expect("an output").split_once("```\n").unwrap();
        let output = world.bare("sh").args(["-c", script]).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let printed = String::from_utf8(output.stdout).unwrap();
        rewritten.push_str(&format!("{before}```sh\n{script}```\n```text\n{printed}```\n"));
        (rest, shown) = (after, shown + 1);
    }
    rewritten.push_str(rest);
    assert!(shown >= 3, "the page has lost its commands");
    if std::env::var_os(REWRITE).is_some() {
        fs::write(&path, &rewritten).unwrap();
    }
    assert_eq!(rewritten, fs::read_to_string(&path).unwrap());
}
