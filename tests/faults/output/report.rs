//! `slo report --html FILE`: the file is the old one or the new one, never a part, and a failed write is reported.

use std::fs;
use std::process::Command;

use crate::harness::{Output, SLO, World, as_nobody};

const AT: [&str; 2] = ["--as-of", "2024-03-20"];

fn report(world: &World, file: &str) -> Output {
    world.run(&[&["report", "--html", file][..], &AT].concat())
}

/// The names of the files in a folder.
fn names(world: &World, folder: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(world.path(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_page_replaces_the_one_before_and_leaves_nothing_beside_it() {
    let world = World::lived_in();
    world.write("out/page.html", "the old one");
    let output = report(&world, "out/page.html");
    assert_eq!((output.code, &*output.text(), &*output.stderr), (0, "", "1 objective in out/page.html\n"));
    let text = fs::read_to_string(world.path("out/page.html")).unwrap();
    assert!(text.starts_with("<!doctype html>") && text.ends_with("</html>\n"), "{text}");
    assert_eq!(names(&world, "out"), ["page.html"]);
    // The same facts give the same page, in a file and on standard output.
    assert_eq!(report(&world, "-").text(), text);
    assert_eq!(report(&world, "out/page.html").code, 0);
    assert_eq!(fs::read_to_string(world.path("out/page.html")).unwrap(), text);
}

#[test]
fn what_cannot_be_written_is_told() {
    let world = World::lived_in();
    fs::create_dir(world.path("out")).unwrap();
    report(&world, "out").refuses("cannot write out: it is a folder");
    report(&world, "missing/page.html").refuses("cannot write missing/page.html: No such file");
    world.run(&["report", "--html", "-", "-o", "json"]).refuses("a report is a page");
    let nothing = world.run(&["report", "--html", "page.html", "no-such-objective"]);
    nothing.refuses("there is no objective");
    assert!(!world.path("page.html").exists());
}

#[cfg(unix)]
#[test]
fn links_go_on_leading_where_they_led_and_permissions_stay() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::lived_in();
    world.write("out/page.html", "the old one");
    fs::set_permissions(world.path("out/page.html"), fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("out/page.html", world.path("latest.html")).unwrap();
    assert_eq!(report(&world, "latest.html").code, 0);
    assert!(fs::symlink_metadata(world.path("latest.html")).unwrap().is_symlink());
    let known = fs::metadata(world.path("out/page.html")).unwrap();
    assert_eq!(known.permissions().mode() & 0o777, 0o640);
    assert!(known.len() > 1000);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_written_to_and_stays_a_pipe() {
    let world = World::lived_in();
    let script =
        "mkfifo pipe && { cat pipe > read & } && \"$0\" report --html pipe --as-of 2024-03-20 && wait && test -p pipe";
    let mut command = Command::new("sh");
    command.args(["-c", script, SLO]).env_clear().env("PATH", "/usr/bin:/bin").env("SLO_DB", world.place());
    let output = Output::of(&command.current_dir(world.root()).output().unwrap());
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(fs::read_to_string(world.path("read")).unwrap().ends_with("</html>\n"));
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_keeps_what_it_has() {
    let world = World::lived_in();
    world.write("out/page.html", "the old one");
    let Some(output) = as_nobody(&world, "\"$SLO\" report --html out/page.html --as-of 2024-03-20") else { return };
    if output.code == 2 {
        output.refuses("cannot write");
        assert_eq!(fs::read_to_string(world.path("out/page.html")).unwrap(), "the old one");
    }
    assert_eq!(names(&world, "out"), ["page.html"]);
}
