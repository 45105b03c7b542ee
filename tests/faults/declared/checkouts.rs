//! Checkouts from strangers: repositories of every form are read correctly, and nothing in them is run, waited for or
//! trusted.

use std::fs;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use crate::harness::{OBJECTIVE, World, skip};

/// A manifest of one system.
fn system(name: &str) -> String {
    format!("apiVersion: slo/v1\nkind: System\nmetadata: {{ name: {name} }}\nspec: {{}}\n")
}

/// Git in a folder of the world, without any user's configuration.
fn command(world: &World, folder: &str, args: &[&str]) -> Command {
    let mut git = Command::new("git");
    git.env_clear().envs(std::env::vars_os().filter(|(name, _)| name == "PATH"));
    git.env("HOME", world.root()).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{role}_NAME"), "ada").env(format!("GIT_{role}_EMAIL"), "ada@example.com");
    }
    git.args(args).current_dir(world.path(folder));
    git
}

#[track_caller]
fn git(world: &World, folder: &str, args: &[&str]) -> String {
    let output = command(world, folder, args).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository `shop` with one manifest, made with these options; `None`, with a message, if Git does not know them.
fn repository(options: &[&str]) -> Option<World> {
    let world = World::new();
    fs::create_dir(world.path("shop")).unwrap();
    let made = command(&world, "shop", &[&["init", "-q", "-b", "main"], options].concat()).output();
    if !made.is_ok_and(|output| output.status.success()) {
        skip(&format!("no git that knows {options:?}"));
        return None;
    }
    world.write("shop/slo/a.yaml", system("shop"));
    commit(&world, "first");
    Some(world)
}

fn commit(world: &World, message: &str) -> String {
    git(world, "shop", &["add", "-A"]);
    git(world, "shop", &["commit", "-q", "--allow-empty", "-m", message]);
    git(world, "shop", &["rev-parse", "HEAD"])
}

/// The stored commit for manifests applied from a path, and the messages about it.
#[track_caller]
fn applied(world: &World, path: &str) -> (Option<String>, String) {
    let db = world.path("fresh.db");
    for end in ["", "-wal", "-shm"] {
        drop(fs::remove_file(world.path(&format!("fresh.db{end}"))));
    }
    let db = db.to_str().unwrap();
    let output = world.run(&["apply", path, "-q", "--db", db]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let log = world.run(&["log", "-o", "json", "--db", db]).json();
    (log["applies"][0]["commit"].as_str().map(str::to_owned), output.stderr)
}

/// Manifests match this commit or not, as `clean` says, without any message.
#[track_caller]
fn is_at(world: &World, path: &str, commit: &str, clean: bool) {
    let expected = if clean { commit.to_owned() } else { format!("{commit}-dirty") };
    assert_eq!(applied(world, path), (Some(expected), String::new()), "{path}");
}

#[test]
fn the_commit_is_found_however_references_and_objects_are_stored() {
    for options in [&[][..], &["--object-format=sha256"], &["--ref-format=reftable"]] {
        let Some(world) = repository(options) else { continue };
        let first = git(&world, "shop", &["rev-parse", "HEAD"]);
        is_at(&world, "shop/slo", &first, true);
        // Many versions of one tree are packed as deltas.
        for number in 0..40 {
            world.write(&format!("shop/slo/{number}.yaml"), system(&format!("system-{number}")));
        }
        let mut last = commit(&world, "more");
        for number in 0..10 {
            world.write("shop/slo/0.yaml", system(&format!("other-{number}")));
            last = commit(&world, "change");
        }
        is_at(&world, "shop", &last, true);
        git(&world, "shop", &["gc", "-q", "--aggressive"]);
        git(&world, "shop", &["pack-refs", "--all"]);
        is_at(&world, "shop", &last, true);
        git(&world, "shop", &["worktree", "add", "-q", "-b", "side", "../side", "HEAD~3"]);
        let side = git(&world, "side", &["rev-parse", "HEAD"]);
        is_at(&world, "side/slo", &side, true);
        git(&world, "shop", &["checkout", "-q", "--detach", &first]);
        is_at(&world, "shop/slo/a.yaml", &first, true);
        git(&world, ".", &["clone", "-q", "--shared", "shop", "borrower"]);
        is_at(&world, "borrower", &first, true);
        git(&world, "borrower", &["checkout", "-q", "--orphan", "new"]);
        assert_eq!(applied(&world, "borrower"), (None, String::new()), "before the first commit there is none");
    }
}

#[test]
fn what_was_applied_is_as_committed_or_marked() {
    let Some(world) = repository(&[]) else { return };
    let at = |path: &str| world.path(&format!("shop/{path}"));
    world.write("shop/slo/b.yaml", system("b"));
    world.write("shop/slo/deep/c.yml", system("c"));
    world.write("shop/slo/.hidden.yaml", "no: manifest\n");
    world.write("shop/slo/readme.md", "# read me\n");
    world.write("shop/elsewhere.yaml", system("elsewhere"));
    world.write("shop/.gitignore", "ignored.yaml\n");
    let head = commit(&world, "more");
    is_at(&world, "shop/slo", &head, true);
    let touched = |file: &str, text: Option<&str>, path: &str, clean: bool| {
        let before = fs::read(at(file)).ok();
        match text {
            Some(text) => drop(world.write(&format!("shop/{file}"), text)),
            None => fs::remove_file(at(file)).unwrap(),
        }
        is_at(&world, path, &head, clean);
        match before {
            Some(before) => fs::write(at(file), before).unwrap(),
            None => fs::remove_file(at(file)).unwrap(),
        }
    };
    // Only a changed, a deleted, a new or an ignored manifest among the given ones counts.
    touched("slo/b.yaml", Some(&(system("b") + "# changed\n")), "shop/slo", false);
    touched("slo/deep/c.yml", None, "shop/slo", false);
    touched("slo/new.yaml", Some(&system("new")), "shop/slo", false);
    touched("slo/ignored.yaml", Some(&system("ignored")), "shop/slo", false);
    touched("slo/b.yaml", Some(&(system("b") + "# changed\n")), "shop/slo/deep", true);
    touched("slo/b.yaml", Some(&(system("b") + "# changed\n")), "shop/slo/a.yaml", true);
    touched("elsewhere.yaml", None, "shop/slo", true);
    touched("slo/readme.md", Some("# changed\n"), "shop/slo", true);
    touched("slo/.hidden.yaml", None, "shop/slo", true);
    // Line ends that a checkout converted to those of Windows are no change; committed ones that are gone are a change.
    touched("slo/b.yaml", Some(&system("b").replace('\n', "\r\n")), "shop/slo", true);
    touched("slo/b.yaml", Some(&system("b").replacen('\n', "\r\n", 1)), "shop/slo", true);
    // Staged but uncommitted changes are not in the commit.
    world.write("shop/slo/b.yaml", system("b") + "# staged\n");
    git(&world, "shop", &["add", "-A"]);
    is_at(&world, "shop/slo", &head, false);
    git(&world, "shop", &["reset", "-q", "--hard"]);
    // Standard input is in no commit.
    let db = world.path("stdin.db");
    let output = world.feed(&["apply", "--set", "s", "shop/slo", "-", "--db", db.to_str().unwrap()], system("typed"));
    assert_eq!(output.code, 0, "{}", output.stderr);
    let log = world.run(&["log", "-o", "json", "--db", db.to_str().unwrap()]).json();
    assert_eq!(log["applies"][0]["commit"], format!("{head}-dirty"));
}

#[cfg(unix)]
#[test]
fn links_are_as_committed_when_they_and_what_they_lead_to_are() {
    use std::os::unix::fs::symlink;
    let Some(world) = repository(&[]) else { return };
    world.write("shop/slo/m.yaml", system("m"));
    world.write("shop/other.yaml", system("other"));
    world.write("elsewhere.yaml", system("elsewhere"));
    for (target, link) in [("m.yaml", "b.yaml"), ("m.yaml", "z.yaml"), ("../other.yaml", "o.yaml")] {
        symlink(target, world.path(&format!("shop/slo/{link}"))).unwrap();
    }
    let head = commit(&world, "links");
    is_at(&world, "shop/slo", &head, true);
    // The target changes although the link does not.
    world.write("shop/other.yaml", system("other") + "# changed\n");
    is_at(&world, "shop/slo", &head, false);
    world.write("shop/other.yaml", system("other"));
    for (target, link) in
        [("../../elsewhere.yaml", "b.yaml"), ("../other.yaml", "z.yaml"), ("../other.yaml", "new.yaml")]
    {
        let path = world.path(&format!("shop/slo/{link}"));
        let before = fs::read_link(&path);
        drop(fs::remove_file(&path));
        symlink(target, &path).unwrap();
        is_at(&world, "shop/slo", &head, false);
        fs::remove_file(&path).unwrap();
        if let Ok(before) = before {
            symlink(before, &path).unwrap();
        }
    }
    is_at(&world, "shop/slo", &head, true);
}

#[test]
fn a_submodule_is_another_repository() {
    let Some(world) = repository(&[]) else { return };
    let inner = git(&world, "shop", &["rev-parse", "HEAD"]);
    git(&world, ".", &["init", "-q", "outer"]);
    world.write("outer/slo/mine.yaml", system("mine"));
    let part = world.path("shop");
    let add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q", part.to_str().unwrap(), "slo/part"];
    git(&world, "outer", &add);
    git(&world, "outer", &["add", "-A"]);
    git(&world, "outer", &["commit", "-q", "-m", "with a part"]);
    let head = git(&world, "outer", &["rev-parse", "HEAD"]);
    is_at(&world, "outer/slo/mine.yaml", &head, true);
    is_at(&world, "outer/slo/part/slo", &inner, true);
    is_at(&world, "outer/slo", &head, false);
}

/// Files whose names Git sorts differently from a sorted list.
const FILES: [&str; 6] = ["a.yaml", "b.yaml", "x/c.yaml", "x/y/d.yml", "x-y/e.yaml", "x.yaml"];

/// A change to a repository between two checks.
#[derive(Clone, Debug)]
enum Step {
    Write(usize, u8),
    Remove(usize),
    Commit,
    Collect,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_usize..6, any::<u8>()).prop_map(|(file, text)| Step::Write(file, text % 3)),
        2 => (0_usize..6).prop_map(Step::Remove),
        3 => Just(Step::Commit),
        1 => Just(Step::Collect),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.div_ceil(32), ..ProptestConfig::default() })]

    /// The commit and its mark match Git, after any changes.
    #[test]
    fn commit_and_mark_are_what_git_says(steps in proptest::collection::vec(step(), 1..14)) {
        let Some(world) = repository(&[]) else { return Ok(()) };
        for step in steps {
            match step {
                Step::Write(file, text) => {
                    let text = format!("{}# {text}\n", system(&format!("system-{file}")));
                    world.write(&format!("shop/slo/{}", FILES[file]), text);
                }
                Step::Remove(file) => drop(fs::remove_file(world.path(&format!("shop/slo/{}", FILES[file])))),
                Step::Commit => drop(commit(&world, "step")),
                Step::Collect => drop(git(&world, "shop", &["gc", "-q"])),
            }
        }
        world.write("shop/slo/x/kept.yaml", system("kept"));
        let head = git(&world, "shop", &["rev-parse", "HEAD"]);
        for path in ["slo", "slo/x"] {
            let clean = git(&world, "shop", &["status", "--porcelain", "--untracked-files=all", path]).is_empty();
            is_at(&world, &format!("shop/{path}"), &head, clean);
        }
    }
}

/// The programs named by the repository that have run.
fn ran(world: &World) -> Vec<String> {
    let names = fs::read_dir(world.root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("ran-")).collect()
}

#[cfg(unix)]
#[test]
fn nothing_that_a_repository_names_is_run() {
    let Some(world) = repository(&[]) else { return };
    let run = |name: &str| format!("touch {}/ran-{name}; cat", world.root().display());
    let hooks = world.path("shop/.git/hooks");
    for hook in ["post-index-change", "reference-transaction", "post-checkout", "fsmonitor-watchman"] {
        world.write(&format!("shop/.git/hooks/{hook}"), format!("#!/bin/sh\n{}\n", run(hook)));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(hooks.join(hook), mode).unwrap();
    }
    world.write("shop/.git/info/attributes", "*.yaml filter=evil diff=evil merge=evil\n");
    for (key, name) in [
        ("filter.evil.clean", "clean"),
        ("filter.evil.smudge", "smudge"),
        ("filter.evil.process", "process"),
        ("diff.evil.command", "diff"),
        ("diff.evil.textconv", "textconv"),
        ("diff.external", "external"),
        ("core.fsmonitor", "fsmonitor"),
        ("core.sshCommand", "ssh"),
        ("core.pager", "pager"),
        ("core.alternateRefsCommand", "alternates"),
        ("credential.helper", "credential"),
        ("uploadpack.packObjectsHook", "pack"),
        ("alias.status", "alias"),
    ] {
        git(&world, "shop", &["config", key, &run(name)]);
    }
    git(&world, "shop", &["config", "include.path", world.path("included").to_str().unwrap()]);
    world.write("included", format!("[core]\nfsmonitor = \"{}\"\n", run("included")));
    // As after unpacking an archive, no time matches the index.
    let touched = Command::new("touch").args(["-d", "2001-01-01"]).arg(world.path("shop/slo/a.yaml")).status().unwrap();
    assert!(touched.success());
    let head = fs::read_to_string(world.path("shop/.git/refs/heads/main")).unwrap().trim().to_owned();
    is_at(&world, "shop/slo", &head, true);
    assert_eq!(world.run(&["plan", "shop/slo"]).code, 1);
    assert_eq!(world.run(&["validate", "shop/slo"]).code, 0);
    assert_eq!(ran(&world), Vec::<String>::new());
}

#[test]
fn a_missing_object_is_not_fetched_and_what_cannot_be_compared_is_marked() {
    let Some(world) = repository(&[]) else { return };
    let head = git(&world, "shop", &["rev-parse", "HEAD"]);
    let tree = git(&world, "shop", &["rev-parse", "HEAD^{tree}"]);
    let url = format!("ext::sh -c touch% {}/ran-fetch", world.root().display());
    for (key, value) in [
        ("core.repositoryformatversion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("protocol.ext.allow", "always"),
        ("remote.origin.url", &url),
    ] {
        git(&world, "shop", &["config", key, value]);
    }
    let object = format!("shop/.git/objects/{}/{}", &tree[..2], &tree[2..]);
    let whole = fs::read(world.path(&object)).unwrap();
    let marked = |what: &str| {
        let (commit, said) = applied(&world, "shop/slo");
        assert_eq!(commit, Some(format!("{head}-dirty")));
        let told = format!(
            "warning: cannot compare the manifests with commit {head}, so it is marked dirty: tree {tree}: {what}"
        );
        assert!(said.contains(&told), "{said}");
    };
    fs::remove_file(world.path(&object)).unwrap();
    marked("it is missing");
    for damaged in [&whole[..whole.len() / 2], b"", b"x"] {
        world.write(&object, damaged);
        marked("it is damaged");
    }
    // Another object under its name.
    let commit = format!("shop/.git/objects/{}/{}", &head[..2], &head[2..]);
    let other = git(&world, "shop", &["hash-object", "-w", "slo/a.yaml"]);
    let blob = fs::read(world.path(&format!("shop/.git/objects/{}/{}", &other[..2], &other[2..]))).unwrap();
    world.write(&object, blob);
    marked("it is a blob");
    world.write(&object, fs::read(world.path(&commit)).unwrap());
    marked("it is a commit");
    assert_eq!(ran(&world), Vec::<String>::new());
}

#[test]
fn a_head_that_leads_nowhere_or_out_is_told() {
    let Some(world) = repository(&[]) else { return };
    world.write("secret", "0123456789012345678901234567890123456789\n");
    for (head, what) in [
        ("ref: ../../secret\n", "HEAD refers to something that is not a reference"),
        ("ref: refs/../../../secret\n", "HEAD refers to something that is not a reference"),
        ("ref: /etc/passwd\n", "HEAD refers to something that is not a reference"),
        ("ref: HEAD\n", "HEAD leads in a circle"),
        ("ref: refs/heads/loop\n", "HEAD leads in a circle"),
        ("nonsense\n", "HEAD names no commit"),
        ("", "HEAD names no commit"),
    ] {
        world.write("shop/.git/refs/heads/loop", "ref: refs/heads/loop\n");
        world.write("shop/.git/HEAD", head);
        let (commit, said) = applied(&world, "shop/slo");
        assert_eq!(commit, None, "{head}");
        assert!(said.contains(what), "{head}: {said}");
    }
    let absent = "0123456789012345678901234567890123456789";
    world.write("shop/.git/HEAD", absent);
    let (commit, said) = applied(&world, "shop/slo");
    assert_eq!(commit, Some(format!("{absent}-dirty")));
    assert!(said.contains(&format!("commit {absent}: it is missing")), "{said}");
}

#[cfg(unix)]
fn pipe(path: &Path) {
    drop(fs::remove_file(path));
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_in_the_place_of_files_are_neither_waited_for_nor_read() {
    use std::os::unix::fs::symlink;
    let world = World::new();
    world.write("p/m/a.yaml", system("shop"));
    let planned = |what: &str| {
        let output = world.run(&["plan", "p/m", "--db", "none.db"]);
        assert_eq!(output.code, 1, "{}", output.stderr);
        assert!(output.text().contains("1 to create in set m"), "{}", output.text());
        let told = output.stderr.contains("warning: not used as a repository: ") && output.stderr.contains(what);
        assert!(told || what.is_empty(), "{}", output.stderr);
    };
    pipe(&world.path("p/.git"));
    planned("p/.git is not a regular file");
    fs::remove_file(world.path("p/.git")).unwrap();
    symlink("/dev/zero", world.path("p/.git")).unwrap();
    planned("p/.git is not a regular file");
    fs::remove_file(world.path("p/.git")).unwrap();
    world.write("p/.git", "gitdir: ".to_owned() + &"x".repeat(100_000));
    planned("p/.git is larger than");
    fs::remove_file(world.path("p/.git")).unwrap();
    for file in ["HEAD", "config", "commondir"] {
        world.write("p/.git/HEAD", "ref: refs/heads/main\n");
        pipe(&world.path(&format!("p/.git/{file}")));
        planned(&format!("p/.git/{file} is not a regular file"));
        fs::remove_file(world.path(&format!("p/.git/{file}"))).unwrap();
    }
    world.write("p/.git/HEAD", "ref: refs/heads/main\n");
    fs::create_dir_all(world.path("p/.git/refs/heads")).unwrap();
    fs::create_dir_all(world.path("p/.git/objects/info")).unwrap();
    fs::create_dir_all(world.path("p/.git/objects/pack")).unwrap();
    fs::create_dir_all(world.path("p/.git/objects/01")).unwrap();
    let id = "0123456789012345678901234567890123456789";
    for (file, has_commit) in [
        ("refs/heads/main", false),
        ("packed-refs", false),
        ("objects/info/alternates", true),
        ("objects/pack/pack-1.idx", true),
        ("objects/01/23456789012345678901234567890123456789", true),
    ] {
        if has_commit {
            world.write("p/.git/refs/heads/main", id);
        }
        pipe(&world.path(&format!("p/.git/{file}")));
        let (commit, said) = applied(&world, "p/m");
        assert_eq!(commit, has_commit.then(|| format!("{id}-dirty")), "{file}");
        assert!(said.contains(&format!("p/.git/{file} is not a regular file")), "{file}: {said}");
        fs::remove_file(world.path(&format!("p/.git/{file}"))).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn what_somebody_else_put_into_a_folder_is_not_its_repository() {
    let world = World::new();
    world.write("common/m/a.yaml", system("shop"));
    world.write("common/.git/HEAD", "ref: refs/heads/main\n");
    world.write("common/.git/config", "[remote \"origin\"]\nurl = git@host:evil/set.git\n");
    let planned = || world.run(&["plan", "common/m", "--db", "none.db"]);
    assert!(planned().text().contains("in set evil/set"));
    if std::os::unix::fs::chown(world.path("common/.git/config"), Some(4711), None).is_err() {
        return skip("only root gives files away");
    }
    for file in ["common/.git/config", "common/.git/HEAD", "common/.git"] {
        std::os::unix::fs::chown(world.path(file), Some(4711), None).unwrap();
        let output = planned();
        assert!(output.text().contains("in set m"), "{}", output.text());
        let told = format!("{file} belongs to another user than the folder of its repository");
        assert!(output.stderr.contains(&told), "{}", output.stderr);
        std::os::unix::fs::chown(world.path(file), Some(0), None).unwrap();
    }
    // It is equally valid if all of it belongs to another user, or to root.
    std::os::unix::fs::chown(world.path("common"), Some(4711), None).unwrap();
    assert!(planned().text().contains("in set evil/set"));
}

#[test]
fn hostile_packs_and_objects_cost_little() {
    let Some(world) = repository(&[]) else { return };
    world.write("shop/slo/b.yaml", OBJECTIVE);
    let head = commit(&world, "more");
    git(&world, "shop", &["gc", "-q"]);
    let folder = world.path("shop/.git/objects/pack");
    let names = || fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let of = |end: &str| names().find(|path| path.extension().is_some_and(|found| found == end)).unwrap();
    for end in ["idx", "pack"] {
        let path = of(end);
        let whole = fs::read(&path).unwrap();
        let mut mode = fs::metadata(&path).unwrap().permissions();
        #[expect(clippy::permissions_set_readonly_false, reason = "a file of this test")]
        mode.set_readonly(false);
        fs::set_permissions(&path, mode).unwrap();
        let mut damaged: Vec<Vec<u8>> = vec![Vec::new(), whole[..whole.len() / 3].to_owned()];
        for at in (0..whole.len()).step_by(whole.len() / 24) {
            let mut flipped = whole.clone();
            flipped[at] ^= 0xff;
            damaged.push(flipped);
        }
        for bytes in damaged {
            fs::write(&path, bytes).unwrap();
            let (commit, said) = applied(&world, "shop/slo");
            // A changed byte is either noticed or irrelevant.
            assert!(
                commit == Some(head.clone()) || (commit == Some(format!("{head}-dirty")) && !said.is_empty()),
                "{said}"
            );
        }
        fs::write(&path, whole).unwrap();
    }
    is_at(&world, "shop/slo", &head, true);
}
