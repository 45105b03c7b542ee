//! Several repositories on one database: the owner of an object, orphans, and the log.

use serde_json::{Value, json};

use crate::harness::{OBJECTIVE, World};

fn objective(name: &str) -> String {
    OBJECTIVE.replace("shop-availability", name)
}

fn json(world: &World, args: &[&str]) -> Value {
    let output = world.run(&[args, &["-o", "json"]].concat());
    assert!(output.code <= 1, "{}", output.stderr);
    output.json()
}

/// Names in a list of a plan.
fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|object| object["name"].as_str().unwrap()).collect()
}

/// A world whose objective `shop-availability` is in the set `shop`, in `shop/slo.yaml`.
fn shop() -> World {
    shop_in(World::lived_in())
}

fn shop_in(world: World) -> World {
    world.write("shop/slo.yaml", OBJECTIVE);
    world.pass(&["apply", "--adopt", "shop"]);
    world
}

#[test]
fn another_set_takes_nothing_over_unless_it_adopts() {
    let world = shop();
    world.write("platform/all.yaml", objective("other") + "---\n" + OBJECTIVE);
    for command in ["plan", "apply"] {
        let output = world.run(&[command, "platform"]);
        assert_eq!(output.code, if command == "plan" { 2 } else { 1 }, "{}", output.stderr);
        let told = "platform/all.yaml:11: error: SLO shop-availability: it belongs to the set shop (shop/slo.yaml), and this \
                    is the set platform";
        let end = if command == "plan" { "there is no plan" } else { "nothing was changed" };
        for part in [told, "--adopt", end] {
            assert!(output.stderr.contains(part), "{part:?} is missing: {}", output.stderr);
        }
        assert_eq!(output.text(), "");
        let told = world.run(&[command, "platform", "-o", "json"]).json();
        assert_eq!((&told["valid"], &told["problems"][0]["subject"]), (&json!(false), &json!("SLO shop-availability")));
        assert!(world.run(&[command, "platform", "-o", "markdown"]).text().contains("it belongs to the set shop"));
    }
    assert_eq!(json(&world, &["list", "objectives"])["objectives"].as_array().unwrap().len(), 1);
    let plan = world.run(&["plan", "--adopt", "platform"]);
    assert_eq!(plan.code, 1);
    assert!(plan.text().contains("    set: shop → platform"), "{}", plan.text());
    world.pass(&["apply", "--adopt", "platform"]);
    assert_eq!(world.run(&["plan", "platform"]).code, 0);
    // An adopted object is not the other set's orphan, and the other set cannot take it back without --adopt.
    let output = world.run(&["plan", "shop"]);
    assert!(output.stderr.contains("it belongs to the set platform (platform/all.yaml)"), "{}", output.stderr);
    world.verifies();
}

#[test]
fn what_is_gone_from_its_set_stays_in_force_is_drift_and_comes_back() {
    let world = shop();
    world.write("shop/more.yaml", objective("more"));
    world.pass(&["apply", "shop"]);
    std::fs::remove_file(world.path("shop/more.yaml")).unwrap();
    let plan = world.run(&["plan", "shop"]);
    assert_eq!(plan.code, 1);
    assert!(plan.text().contains("? SLO more (orphaned"), "{}", plan.text());
    assert_eq!(json(&world, &["status", "more"])["objectives"][0]["orphaned"], false, "a plan writes nothing");
    world.pass(&["apply", "shop"]);
    // Still drift, as long as it exists.
    for _ in 0..2 {
        let plan = json(&world, &["plan", "shop"]);
        assert_eq!((names(&plan["orphaned"]), names(&plan["unchanged"])), (vec!["more"], vec!["shop-availability"]));
        assert_eq!(world.run(&["plan", "shop"]).code, 1);
        world.pass(&["apply", "shop"]);
    }
    let status = json(&world, &["status", "--as-of", "2024-03-21"]);
    let row =
        |name: &str| status["objectives"].as_array().unwrap().iter().find(|row| row["objectiveId"] == name).unwrap();
    assert_eq!((&row("more")["orphaned"], &row("shop-availability")["orphaned"]), (&json!(true), &json!(false)));
    let consumed = |name: &str| row(name)["errorBudgetConsumedMinutes"].as_f64().unwrap();
    assert!(consumed("more") > 0.0 && consumed("more").to_bits() == consumed("shop-availability").to_bits());
    assert!(world.pass(&["status"]).contains("more ∅"));
    assert!(world.pass(&["show", "more"]).contains("orphaned"));
    assert!(world.pass(&["list", "objectives"]).contains("more ∅"));
    let log = json(&world, &["log", "more"]);
    let deeds: Vec<&Value> =
        log["applies"].as_array().unwrap().iter().map(|apply| &apply["changes"][0]["change"]).collect();
    assert_eq!(deeds, ["orphan", "create"], "an orphan is recorded once");
    world.write("shop/again.yaml", objective("more"));
    let plan = json(&world, &["plan", "shop"]);
    let change = json!([{ "field": "orphaned", "before": "true", "after": "false" }]);
    assert_eq!(plan["update"][0]["changes"], change);
    world.pass(&["apply", "shop"]);
    assert_eq!(json(&world, &["status", "more"])["objectives"][0]["orphaned"], false);
    assert_eq!(world.run(&["plan", "shop"]).code, 0);
}

/// A repository with two applied files of two objectives each.
fn repository() -> World {
    repository_in(World::lived_in())
}

fn repository_in(world: World) -> World {
    world.pass(&["apply", "--adopt", "--set", "repo", "shop.yaml"]);
    world.write("repo/.git/HEAD", "ref: refs/heads/main\n");
    world.write("repo/slo/a.yaml", objective("shop-availability") + "---\n" + &objective("a2"));
    world.write("repo/slo/b.yaml", objective("b1") + "---\n" + &objective("b2"));
    world.pass(&["apply", "repo"]);
    world
}

#[test]
fn a_single_file_of_a_repository_leaves_the_rest_alone_and_says_so() {
    let world = repository();
    world.write("repo/slo/a.yaml", objective("shop-availability"));
    let output = world.run(&["plan", "repo/slo/a.yaml"]);
    let told = "note: left alone: 2 objects of the set repo from slo/b.yaml, which was not given\n";
    assert!(output.stderr.contains(told), "{}", output.stderr);
    let plan = json(&world, &["plan", "repo/slo/a.yaml"]);
    assert_eq!((names(&plan["orphaned"]), names(&plan["unchanged"])), (vec!["a2"], vec!["shop-availability"]));
    let pruned = world.run(&["apply", "--prune", "repo/slo/a.yaml"]);
    assert!(pruned.stderr.contains("deleting SLO a2 of the set repo (was in slo/a.yaml)"), "{}", pruned.stderr);
    let left = || {
        let list = json(&world, &["list", "objectives"]);
        let rows = list["objectives"].as_array().unwrap().clone();
        rows.iter().map(|row| row["objectiveId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(left(), ["b1", "b2", "shop-availability"]);
    assert_eq!(world.run(&["plan", "repo"]).code, 0);
    // A deletion in the repository is noticed from anywhere in it.
    std::fs::remove_file(world.path("repo/slo/b.yaml")).unwrap();
    let plan = json(&world, &["plan", "repo/slo/a.yaml"]);
    assert_eq!(names(&plan["orphaned"]), ["b1", "b2"]);
    // In a sparse checkout, a missing file means nothing.
    world.write("repo/.git/info/sparse-checkout", "/slo/a.yaml\n");
    assert_eq!(world.run(&["plan", "repo/slo/a.yaml"]).code, 0);
    std::fs::remove_file(world.path("repo/.git/info/sparse-checkout")).unwrap();
    world.pass(&["apply", "--prune", "repo/slo"]);
    assert_eq!(left(), ["shop-availability"]);
    world.verifies();
}

#[test]
fn two_repositories_may_share_a_set() {
    let world = repository();
    world.write("more/.git/HEAD", "ref: refs/heads/main\n");
    world.write("more/slo/c.yaml", objective("c"));
    world.pass(&["apply", "--set", "repo", "more"]);
    for path in ["repo", "more"] {
        assert_eq!(world.run(&["plan", "--set", "repo", path]).code, 0, "{path} knows nothing of the other's files");
    }
    // A file with the same path in another repository is another file.
    world.write("more/slo/b.yaml", objective("c"));
    std::fs::remove_file(world.path("more/slo/c.yaml")).unwrap();
    assert_eq!(world.run(&["plan", "--set", "repo", "more"]).code, 0);
    world.verifies();
}

#[test]
fn an_object_from_before_repositories_were_remembered_is_that_of_its_set() {
    let world = repository_in(World::in_file().live());
    world.forge("UPDATE manifest SET repository = NULL");
    world.write("repo/slo/a.yaml", objective("shop-availability"));
    std::fs::remove_file(world.path("repo/slo/b.yaml")).unwrap();
    let plan = json(&world, &["plan", "repo/slo/a.yaml"]);
    assert_eq!(names(&plan["orphaned"]), ["a2", "b1", "b2"]);
}

#[test]
fn an_empty_set_has_to_be_meant() {
    let world = repository();
    std::fs::remove_dir_all(world.path("repo/slo")).unwrap();
    for command in ["plan", "apply"] {
        let output = world.run(&[command, "--prune", "repo"]);
        output.refuses("error: no manifest found");
        assert!(output.stderr.contains("add --allow-empty if there should be none"), "{}", output.stderr);
    }
    let output = world.run(&["validate", "repo"]);
    assert!(output.code == 2 && !output.stderr.contains("--allow-empty"), "{}", output.stderr);
    assert_eq!(world.run(&["plan", "--allow-empty", "repo"]).code, 1, "four orphans");
    world.pass(&["apply", "--allow-empty", "--prune", "repo"]);
    assert_eq!(json(&world, &["list", "objectives"])["objectives"], json!([]));
    assert_eq!(world.run(&["plan", "--allow-empty", "repo"]).code, 0);
    // A missing folder is not an empty one.
    assert_eq!(world.run(&["apply", "--allow-empty", "repo/slo"]).code, 2);
    world.verifies();
}

#[test]
fn standard_input_needs_the_name_of_its_set() {
    let world = World::lived_in();
    for command in ["plan", "apply"] {
        for paths in [&["-"][..], &["shop.yaml", "-"]] {
            let output = world.feed(&[&[command], paths].concat(), objective("x"));
            output.refuses("error: manifests from standard input need a set");
            assert!(output.stderr.contains("name the set with --set NAME"), "{}", output.stderr);
        }
    }
    assert_eq!(world.feed(&["validate", "-"], objective("x")).code, 0);
    assert_eq!(world.feed(&["apply", "--set", "piped", "-"], objective("x") + "---\n" + &objective("y")).code, 0);
    let plan = world.feed(&["plan", "--set", "piped", "-o", "json", "-"], objective("x")).json();
    assert_eq!((names(&plan["orphaned"]), names(&plan["unchanged"])), (vec!["y"], vec!["x"]));
}

#[test]
fn the_objects_of_a_fork_are_one_mistake() {
    let world = repository();
    std::fs::create_dir(world.path("fork")).unwrap();
    for file in [".git/HEAD", "slo/a.yaml", "slo/b.yaml"] {
        let text = std::fs::read_to_string(world.path(&format!("repo/{file}"))).unwrap();
        world.write(&format!("fork/{file}"), text);
    }
    let output = world.run(&["apply", "fork"]);
    assert_eq!(output.code, 1);
    let told = "fork/slo/a.yaml:11: error: 4 objects belong to the set repo, and this is the set fork: SLO a2, SLO b1, SLO b2, \
                SLO shop-availability";
    assert!(output.stderr.contains(told), "{}", output.stderr);
    assert!(
        output.stderr.contains("apply them with --set repo if the files have only moved, or this is a fork or a copy")
    );
    assert_eq!(output.stderr.matches("error: ").count(), 1, "{}", output.stderr);
    assert_eq!(world.run(&["plan", "--set", "repo", "repo"]).code, 0);
    world.pass(&["apply", "--adopt", "fork"]);
    assert_eq!(world.run(&["plan", "fork"]).code, 0);
}

/// Facts are never renamed, so renaming a system reports where its history stays, declared before or not.
#[test]
fn a_renamed_system_leaves_its_transitions_behind_and_that_is_said() {
    let world = World::lived_in();
    let system = |name: &str, more: &str| {
        format!("apiVersion: slo/v1\nkind: System\nmetadata: {{ name: {name}{more} }}\nspec: {{}}\n")
    };
    let told = "note: the transitions of shop stay with shop: facts are not renamed to store";
    let from = |old: &str| format!(", annotations: {{ slo/renamed-from: {old} }}");
    world.write("new/store.yaml", system("store", &from("shop")));
    for command in ["plan", "apply"] {
        let output = world.run(&[command, "new"]);
        assert!(output.stderr.contains(told), "{command}: {}", output.stderr);
    }
    assert!(!world.run(&["plan", "new"]).stderr.contains("stay with"), "only once");
    world.write("new/store.yaml", system("store", &from("nothing")));
    assert!(!world.run(&["apply", "new"]).stderr.contains("stay with"));
    // The same with a manifest for the old name.
    let world = World::lived_in();
    world.write("new/store.yaml", system("shop", ""));
    world.pass(&["apply", "new"]);
    world.write("new/store.yaml", system("store", &from("shop")));
    assert!(world.run(&["apply", "new"]).stderr.contains(told));
}

#[test]
fn pruning_tells_what_it_deletes_and_deletes_of_its_own_set_only() {
    let world = shop();
    world.write("platform/all.yaml", objective("theirs"));
    world.pass(&["apply", "platform"]);
    world.write("shop/slo.yaml", objective("new"));
    let pruned = world.run(&["apply", "--prune", "shop"]);
    assert_eq!(pruned.code, 0);
    let told = "deleting SLO shop-availability of the set shop (was in shop/slo.yaml)";
    assert!(pruned.stderr.contains(told), "{}", pruned.stderr);
    let list = json(&world, &["list", "objectives"]);
    let left: Vec<&str> =
        list["objectives"].as_array().unwrap().iter().map(|row| row["objectiveId"].as_str().unwrap()).collect();
    assert_eq!(left, ["new", "theirs"]);
    assert_eq!(world.run(&["plan", "shop"]).code, 0);
    // Another set needs what would be pruned.
    world.write(
        "base/db.yaml",
        "apiVersion: slo/v1\nkind: System\nmetadata: { name: db }\nspec: {}\n".to_owned()
            + "---\n"
            + &objective("base"),
    );
    world.pass(&["apply", "base"]);
    world.write("platform/all.yaml", objective("theirs").replace("name: shop }", "name: db }"));
    world.pass(&["apply", "platform"]);
    world.write("base/db.yaml", objective("base"));
    world.pass(&["apply", "base"]);
    let refused = world.run(&["apply", "--prune", "base"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("platform/all.yaml: error: SLO theirs: "), "{}", refused.stderr);
    world.verifies();
}

#[test]
fn moving_a_document_is_no_change_and_the_database_knows_where_it_is() {
    let world = shop();
    std::fs::remove_file(world.path("shop/slo.yaml")).unwrap();
    world.write("shop/deep/down.yaml", "# nothing\n---\n".to_owned() + OBJECTIVE);
    assert_eq!(world.run(&["plan", "shop"]).code, 0);
    let before = world.pass(&["log", "-o", "json"]);
    world.pass(&["apply", "shop"]);
    let row = &json(&world, &["list", "objectives"])["objectives"][0];
    assert_eq!(
        (&row["file"], &row["document"], &row["set"]),
        (&json!("shop/deep/down.yaml"), &json!(1), &json!("shop"))
    );
    let shape = |text: &str| serde_json::from_str::<Value>(text).unwrap()["applies"].clone();
    assert_eq!(shape(&world.pass(&["log", "-o", "json"])), shape(&before));
    let wide = world.pass(&["list", "objectives", "-o", "wide"]);
    assert!(wide.contains("shop/deep/down.yaml  shop"), "{wide}");
}

#[test]
fn a_renamed_objective_keeps_its_streak_its_days_and_its_place() {
    let world = shop_in(World::in_file().live());
    let streak =
        |name: &str| json(&world, &["streaks", name, "--as-of", "2024-04-20"])["streaks"][0]["bestStreak"].clone();
    let before = streak("shop-availability");
    assert!(before.as_i64().unwrap() > 3, "{before}");
    let id = || {
        let connection = rusqlite::Connection::open(world.db()).unwrap();
        let sql = "SELECT id, sealed_until FROM manifest JOIN seal ON objective = id";
        connection.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).unwrap()
    };
    let place = id();
    let renamed = OBJECTIVE
        .replace("name: shop-availability", "name: shop-up, annotations: { slo/renamed-from: shop-availability }");
    world.write("shop/slo.yaml", &renamed);
    let plan = world.run(&["plan", "shop"]);
    assert!(plan.text().contains("> SLO shop-availability → shop-up (renamed)"), "{}", plan.text());
    let plan = json(&world, &["plan", "shop"]);
    assert_eq!(
        (&plan["rename"][0]["from"], &plan["rename"][0]["name"]),
        (&json!("shop-availability"), &json!("shop-up"))
    );
    for list in ["create", "update", "delete", "orphaned"] {
        assert_eq!(plan[list], json!([]), "{list}");
    }
    world.pass(&["apply", "shop"]);
    assert_eq!((streak("shop-up"), id()), (before, place));
    assert_eq!(world.run(&["status", "shop-availability"]).code, 2);
    assert_eq!(world.run(&["plan", "shop"]).code, 0);
    assert_eq!(json(&world, &["log", "shop-availability"])["applies"][0]["changes"][0]["change"], "rename");
    world.verifies();
}

#[test]
fn the_log_says_who_changed_what() {
    let world = shop();
    world.write("shop/slo.yaml", OBJECTIVE.replace("99.9", "99.5"));
    let output = world.command(&["apply", "shop"]).env("USER", "ada").env("SLO_AUTHOR", "bob").output().unwrap();
    assert!(output.status.success());
    let entry = &json(&world, &["log", "-n", "1"])["applies"][0];
    assert_eq!((&entry["set"], &entry["author"], &entry["commit"]), (&json!("shop"), &json!("bob"), &Value::Null));
    let change = json!([{ "field": "spec.target", "before": "99.9", "after": "99.5" }]);
    assert_eq!((&entry["changes"][0]["fields"], &entry["changes"][0]["change"]), (&change, &json!("update")));
    let text = world.pass(&["log"]);
    assert!(text.contains("  ~ SLO shop-availability\n      spec.target: 99.9 → 99.5\n"), "{text}");
    world.run(&["log", "--set", "shpo"]).refuses("there is no set \"shpo\"");
    assert!(world.run(&["log", "--set", "shpo"]).stderr.contains("did you mean shop?"));
    assert!(world.pass(&["list", "sets"]).contains("shop"));
}

#[test]
fn objects_from_before_there_were_sets_become_those_of_the_first_set_that_has_them() {
    let world = World::in_file();
    world.sql(include_str!("../../../fixtures/stores/1.sql"));
    let system = "apiVersion: slo/v1\nkind: System\nmetadata: { name: tiny }\nspec: { staleAfter: 15m }\n";
    world.write("new/tiny.yaml", system);
    assert_eq!(world.run(&["plan", "--prune", "new"]).code, 0, "nothing changes, nothing is orphaned");
    let output = world.run(&["apply", "--prune", "new"]);
    assert!(
        output.code == 0 && output.stderr.contains("set new now owns 1 object declared before sets existed"),
        "{}",
        output.stderr
    );
    let set = |kind: &str| json(&world, &["list", kind])[kind][0]["set"].clone();
    assert_eq!((set("systems"), set("objectives")), (json!("new"), Value::Null));
    world.write("late/tiny.yaml", system);
    assert_eq!(world.run(&["apply", "late"]).code, 1, "the first one has it");
    world.verifies();
}

#[test]
fn a_name_of_a_set_follows_the_rule_of_names() {
    let world = World::lived_in();
    let output = world.run(&["plan", "--set", "a b", "shop.yaml"]);
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("a name consists of"), "{}", output.stderr);
}

#[test]
fn what_manifests_say_does_not_reach_the_terminal_as_commands() {
    let world = shop();
    let hostile = "name: shop-availability, description: \"\\e[2J```\\n# x\" }";
    world.write("shop/slo.yaml", OBJECTIVE.replace("name: shop-availability }", hostile));
    for form in ["table", "markdown"] {
        let text = world.run(&["plan", "shop", "-o", form]).text();
        assert!(!text.contains('\u{1b}') && text.contains("u{1b}[2J```\\n# x"), "{text}");
    }
    let page = world.run(&["plan", "shop", "-o", "markdown"]).text();
    assert!(page.contains("\n````diff\n") && page.ends_with("\n````\n"), "{page}");
}
