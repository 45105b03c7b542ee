//! Several repositories on one database: whose an object is, what happens to those that are gone, and what is remembered.

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

/// Names of a list of a plan.
fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|object| object["name"].as_str().unwrap()).collect()
}

/// A world whose objective `shop-availability` is of the set `shop`, in `shop/slo.yaml`.
fn shop() -> World {
    let world = World::lived_in();
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
    // What was taken is not the other's orphan, and the other may not take it back just so.
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
    // Still drift, for as long as it is there.
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
    // Somebody else needs what would be pruned.
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
    let world = shop();
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
    let world = World::new();
    world.sql(include_str!("../../fixtures/stores/1.sql"));
    let system = "apiVersion: slo/v1\nkind: System\nmetadata: { name: tiny }\nspec: { staleAfter: 15m }\n";
    world.write("new/tiny.yaml", system);
    assert_eq!(world.run(&["plan", "--prune", "new"]).code, 0, "nothing changes, nothing is orphaned");
    let output = world.run(&["apply", "--prune", "new"]);
    assert!(output.code == 0 && output.stderr.contains("now of the set new: 1 of them"), "{}", output.stderr);
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
