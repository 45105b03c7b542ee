//! The files for packagers, CI and administrators: what they run works, and what they name exists. Small programs stand
//! in for what a test cannot reach (GitHub, GitLab, a network, an init system).

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::world::{MOMENT, World, binary, repository};

const TARGET: &str = "x86_64-unknown-linux-musl";

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

/// Puts a program on the path of the world.
fn stand_in(world: &World, name: &str, script: &str) {
    drop(world.bare("slo"));
    let path = world.path().join(".bin").join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    assert!(world.bare("chmod").arg("+x").arg(&path).status().unwrap().success());
}

fn sh(world: &World, script: &str) -> Command {
    let mut shell = world.bare("sh");
    shell.args(["-euc", script]).env("SLO_DB", world.path().join("demo/slo.db")).env("SLO_AS_OF", MOMENT);
    shell.env("RUNNER_TEMP", world.path()).env("GITHUB_STEP_SUMMARY", world.path().join("summary.md"));
    shell
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The steps of the action, by name, with their scripts.
fn steps() -> Vec<(String, String, Value)> {
    let action = yaml(&fs::read_to_string(repository("action.yml")).unwrap());
    let steps = action["runs"]["steps"].as_array().unwrap();
    let of = |step: &Value| {
        let run = step["run"].as_str().unwrap();
        let run = run.replace("$GITHUB_ACTION_PATH", repository("").to_str().unwrap());
        (step["name"].as_str().unwrap().to_owned(), run, step["env"].clone())
    };
    // Every input used by a step is declared by the action.
    for step in steps {
        for value in step["env"].as_object().unwrap().values().chain([&step["if"]]) {
            for input in value.as_str().unwrap_or_default().split("inputs.").skip(1) {
                let name = input.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
                assert!(action["inputs"][name].is_object(), "the action has no input {name}");
            }
        }
    }
    steps.iter().map(of).collect()
}

#[test]
fn a_release_is_packed_and_the_action_installs_it() {
    let world = World::empty();
    for file in
        [".github/workflows/package.sh", "Cargo.toml", "README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"]
    {
        let to = world.path().join("src").join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(repository(file), to).unwrap();
    }
    assert!(world.bare("cp").arg("-r").arg(repository("completions")).arg("src/").status().unwrap().success());
    let packed =
        sh(&world, &format!("bash src/.github/workflows/package.sh {TARGET}")).env("SLO_BINARY", binary()).output();
    let packed = packed.unwrap();
    assert!(packed.status.success(), "{}", text(&packed));

    // The release is where the action looks for it, with its checksum.
    let root = world.path().display().to_string();
    stand_in(
        &world,
        "curl",
        &format!("for word; do case $word in https://*) cp \"{root}/src/dist/${{word##*/}}\" . ;; esac; done"),
    );
    fs::rename(world.path().join(".bin/slo"), world.path().join("slo-of-the-test")).unwrap();
    let (name, setup, _) = steps().remove(0);
    assert_eq!(name, "Install slo");
    let install = || {
        let mut shell = sh(&world, &setup);
        shell.env("SLO_VERSION", env!("CARGO_PKG_VERSION")).env("SLO_REPOSITORY", "OWNER/slo");
        shell.env("RUNNER_OS", "Linux").env("RUNNER_ARCH", "X64").env("GITHUB_PATH", world.path().join("path"));
        shell.output().unwrap()
    };
    let installed = install();
    assert!(installed.status.success(), "{}", text(&installed));
    let folder = fs::read_to_string(world.path().join("path")).unwrap();
    let folder = Path::new(folder.trim());
    for file in ["slo", "man1/slo-status.1", "completions/_slo", "LICENSE-MIT", "README.md"] {
        assert!(folder.join(file).is_file(), "the archive has no {file}");
    }
    // Different content is refused.
    let archive = world.path().join(format!("src/dist/slo-v{}-{TARGET}.tar.gz", env!("CARGO_PKG_VERSION")));
    fs::write(&archive, "something else").unwrap();
    assert!(!install().status.success());
}

#[test]
fn the_action_plans_and_checks() {
    let world = World::new();
    stand_in(&world, "gh", "[ \"$1 $2\" = 'pr comment' ] && cp \"$5\" \"$HOME/comment.md\"");
    let steps = steps();
    let run = |name: &str, variables: &[(&str, &str)]| {
        let (_, script, env) = steps.iter().find(|(step, ..)| step == name).unwrap();
        let mut shell = sh(&world, script);
        for (key, value) in variables {
            assert!(env[key].is_string(), "{name} does not set {key}");
            shell.env(key, value);
        }
        shell.output().unwrap()
    };
    let objectives = world.path().join("demo/manifests/objectives.yaml");
    let before = fs::read_to_string(&objectives).unwrap();
    fs::write(&objectives, before.replacen("target: 99.9\n", "target: 99.5\n", 1)).unwrap();
    let plan = [("SLO_MANIFESTS", "demo/manifests"), ("SLO_ARGS", ""), ("PR", "7")];
    let planned = run("Plan", &plan);
    assert_eq!(planned.status.code(), Some(0), "{}", text(&planned));
    let comment = fs::read_to_string(world.path().join("comment.md")).unwrap();
    assert!(comment.contains("99.9 → 99.5"), "{comment}");
    assert_eq!(fs::read_to_string(world.path().join("summary.md")).unwrap(), comment);
    fs::write(&objectives, before.replacen("target: 99.9\n", "targt: 99.5\n", 1)).unwrap();
    assert_eq!(run("Plan", &plan).status.code(), Some(2), "invalid manifests fail");

    let failed = run("Check", &[("SLO_ARGS", "-l team=payments")]);
    assert_eq!(failed.status.code(), Some(1), "{}", text(&failed));
    assert!(text(&failed).contains("::error"), "{}", text(&failed));
    assert!(fs::read_to_string(world.path().join("summary.md")).unwrap().contains("checkout-availability"));
    assert_eq!(run("Check", &[("SLO_ARGS", "search-monthly")]).status.code(), Some(0));
    assert_eq!(run("Check", &[("SLO_ARGS", "none")]).status.code(), Some(2));
}

/// Runs scripts of a pipeline in a repository beside the demo; `ssh HOST …` runs the rest here, in a shell.
fn pipeline(world: &World, lines: &str) -> Output {
    stand_in(world, "ssh", &format!("shift; cd /; SLO_DB={}/demo/slo.db exec sh -c \"$*\"", world.path().display()));
    let manifests = world.path().join("work/slo");
    fs::create_dir_all(&manifests).unwrap();
    for file in ["systems.yaml", "objectives.yaml", "maintenance.yaml"] {
        fs::copy(world.path().join("demo/manifests").join(file), manifests.join(file)).unwrap();
    }
    let mut shell = sh(world, &format!("cd work\n{lines}"));
    shell.env("SLO_HOST", "monitor").env("GITHUB_REPOSITORY", "manifests").env_remove("SLO_DB");
    shell.output().unwrap()
}

#[test]
fn the_template_for_gitlab_runs() {
    let world = World::new();
    let made = world.slo(&["init", "--gitlab"]);
    assert!(made.status.success() && text(&made).contains("known_hosts"), "{}", text(&made));
    let template = fs::read_to_string(world.path().join("slo.gitlab-ci.yml")).unwrap();
    let template = yaml(&template);
    let lines = |list: &Value| -> String {
        list.as_array().unwrap().iter().flat_map(|line| [line.as_str().unwrap(), "\n"]).collect()
    };
    for (job, code, artifact) in [("slo plan", 0, "plan.md"), ("slo check", 1, "slo.xml")] {
        let variables = ["SLO_MANIFESTS=slo SLO_CHECK='--fail-on breaching'\n".to_owned()];
        let script =
            [&variables[0], &lines(&template[".slo"]["before_script"]), &*lines(&template[job]["script"])].concat();
        let script = script.replace("slo plan $SLO_MANIFESTS", "slo plan --set manifests $SLO_MANIFESTS");
        let script = script.replace("slo apply $SLO_MANIFESTS", "slo apply --set manifests $SLO_MANIFESTS");
        let output = pipeline(&world, &script);
        assert_eq!(output.status.code(), Some(code), "{job}: {}", text(&output));
        assert!(world.path().join("work").join(artifact).is_file(), "{job} leaves no {artifact}");
        assert!(template[job]["artifacts"].to_string().contains(artifact));
    }
}

#[test]
fn the_workflow_for_github_runs() {
    let world = World::new();
    let made = world.slo(&["init", "--github"]);
    assert!(made.status.success(), "{}", text(&made));
    let workflow = fs::read_to_string(world.path().join(".github/workflows/slo.yaml")).unwrap();
    let workflow = yaml(&workflow);
    let action = yaml(&fs::read_to_string(repository("action.yml")).unwrap());
    let mut script = String::new();
    for step in workflow["jobs"]["slo"]["steps"].as_array().unwrap() {
        match (step["run"].as_str(), step["name"].as_str()) {
            (Some(run), Some(name)) if name != "Prepare SSH" => script.push_str(&format!("{run}\n")),
            _ => {}
        }
        if step["uses"].as_str().is_some_and(|uses| uses.contains("/slo@v")) {
            for input in step["with"].as_object().unwrap().keys() {
                assert!(action["inputs"][input].is_object(), "the action has no input {input}");
            }
        }
    }
    // Everything that is planned is applied: in folders, with both endings, and without a line end at the end.
    let more = world.path().join("work/slo/more");
    fs::create_dir_all(&more).unwrap();
    let system = |name: &str| format!("apiVersion: slo/v1\nkind: System\nmetadata: {{ name: {name} }}\nspec: {{}}");
    fs::write(more.join("first.yaml"), system("first")).unwrap();
    fs::write(more.join("second.yml"), system("second")).unwrap();
    let checked = "export SLO_DB=$PWD/slo.db\nslo check search-monthly\nslo plan --set manifests slo";
    let output = pipeline(&world, &format!("{script}\n{checked}"));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("set manifests"), "what was merged is applied: {}", text(&output));
    // It is never overwritten.
    let again = world.slo(&["init", "--github"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again).contains("already exists"), "{}", text(&again));
}

/// Runs the commands of a crontab or of units, as cron and systemd would, with the world's database.
fn commands_run(world: &World, commands: &[String]) {
    assert!(commands.len() >= 3, "{commands:?}");
    for command in commands {
        let output = sh(world, command).env_remove("SLO_AS_OF").output().unwrap();
        assert!(output.status.success(), "{command}: {}", text(&output));
    }
}

#[test]
fn the_lines_for_cron_run() {
    let world = World::new();
    stand_in(&world, "curl", "exit 0");
    let made = world.slo(&["init", "--cron"]);
    assert!(made.status.success(), "{}", text(&made));
    let crontab = fs::read_to_string(world.path().join("slo.crontab")).unwrap();
    assert!(crontab.contains(&format!("SLO_DB={}", world.path().join("demo/slo.db").display())), "{crontab}");
    let lines = crontab.lines().filter(|line| line.starts_with(|c: char| c == '*' || c.is_ascii_digit()));
    // Five time fields; a percent sign is escaped in a crontab.
    let command = |line: &str| {
        let mut rest = line;
        for _ in 0..5 {
            rest = rest.split_once(' ').unwrap().1.trim_start();
        }
        rest.replace("\\%", "%")
    };
    commands_run(&world, &lines.map(command).collect::<Vec<_>>());
}

#[test]
fn the_units_for_systemd_run() {
    let world = World::new();
    stand_in(&world, "curl", "exit 0");
    let mut commands = Vec::new();
    for entry in fs::read_dir(repository("contrib/systemd")).unwrap() {
        let path = entry.unwrap().path();
        let unit = fs::read_to_string(&path).unwrap();
        if path.extension().is_some_and(|end| end == "timer") {
            assert!(path.with_extension("service").is_file() && unit.contains("WantedBy=timers.target"), "{path:?}");
            continue;
        }
        let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        let line =
            line.replace("/usr/bin/slo", "slo").replace("/var/lib/slo", world.path().join("demo").to_str().unwrap());
        let line = line.replace("%i", "shop").replace("$PROBE", "curl -fsS https://shop.example.com/health");
        // systemd's special characters, doubled to escape them.
        commands.push(line.replace("$$", "$").replace("%%", "%"));
    }
    commands_run(&world, &commands);
    assert!(
        fs::read_dir(world.path().join("demo"))
            .unwrap()
            .any(|entry| { entry.unwrap().file_name().to_str().is_some_and(|name| name.starts_with("backup-")) })
    );
}

#[test]
fn the_hook_for_pre_commit_validates() {
    let hooks = yaml(&fs::read_to_string(repository(".pre-commit-hooks.yaml")).unwrap());
    let entry = hooks[0]["entry"].as_str().unwrap();
    let world = World::new();
    let validated = sh(&world, &format!("{entry} demo/manifests/systems.yaml demo/manifests/objectives.yaml")).output();
    assert!(validated.as_ref().unwrap().status.success(), "{}", text(&validated.unwrap()));
}

#[test]
fn packages_take_files_that_are_there() {
    let manifest = fs::read_to_string(repository("Cargo.toml")).unwrap();
    let mut assets = 0;
    for line in manifest.lines() {
        let source = line.trim().strip_prefix("[\"").or_else(|| line.trim().strip_prefix("{ source = \""));
        let Some(source) = source.and_then(|line| line.split('"').next()) else { continue };
        if source.starts_with("target/") {
            continue;
        }
        let source = source.trim_end_matches("/*");
        assert!(repository(source).exists(), "a package takes {source}");
        assets += 1;
    }
    assert!(assets >= 10, "{assets}");
}
