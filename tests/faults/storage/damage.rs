//! Changed values in the file: every column of every table set to edge values, and bytes flipped anywhere. No command
//! hangs or panics, no answer changes silently, and a damaged cache changes no answer at all. `SLO_NIGHT` runs many
//! more.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::harness::{Leashed, Output, World, line, night, tell};

const AS_OF: &str = "2024-03-21T12:00:00Z";

const MANIFESTS: &str = "apiVersion: slo/v1
kind: System
metadata: { name: shop, labels: { team: web } }
spec: { dependencies: [{ targetRef: { kind: System, name: base }, impactType: critical }] }
---
apiVersion: slo/v1
kind: SLO
metadata: { name: shop-own, labels: { team: web } }
spec: { systemRef: { kind: System, name: shop }, target: 99.9, windowDays: 7, dependencyExclusion: self-only }
---
apiVersion: slo/v1
kind: SLO
metadata: { name: shop-month }
spec:
  systemRef: { kind: System, name: shop }
  target: 99.5
  window: { calendar: month }
  excludeMaintenanceWindows: true
---
apiVersion: slo/v1
kind: SLO
metadata: { name: base-all }
spec: { systemRef: { kind: System, name: base }, target: 99, windowDays: 30 }
---
apiVersion: slo/v1
kind: MaintenanceWindow
metadata: { name: planned }
spec:
  systemRefs: [{ kind: System, name: shop }]
  start: 2024-03-18T09:59:00Z
  end: 2024-03-18T10:30:00Z
---
apiVersion: slo/v1
kind: Condition
metadata: { name: low }
spec: { when: budgetRemainingPercent < 70 }
";

/// A window that excuses nothing, which apply reports.
const IDLE: &str = "---
apiVersion: slo/v1
kind: MaintenanceWindow
metadata: { name: idle }
spec:
  systemRefs: [{ kind: System, name: base }]
  start: 2024-03-18T09:59:00Z
  end: 2024-03-18T10:30:00Z
";

const READERS: [&[&str]; 17] = [
    &["status", "-o", "json"],
    &["status", "shop-month", "-o", "json"],
    &["check", "-o", "json"],
    &["check", "--all", "-o", "json"],
    &["health", "-o", "json"],
    &["downtime", "-o", "json"],
    &["trend", "shop-own", "-o", "json"],
    &["streaks", "-o", "json"],
    &["achievements", "shop", "-o", "json"],
    &["digest", "-o", "json"],
    &["history", "shop"],
    &["show", "shop-month"],
    &["log", "-o", "json"],
    &["list", "ingests", "-o", "json"],
    &["list", "objectives", "-o", "json"],
    &["export", "manifests"],
    &["export", "journal"],
];

/// The tables that can be rebuilt from others, or are what computations have seen.
const CACHES: [&str; 18] = [
    "seal",
    "ledger",
    "objective_input",
    "dependency_input",
    "member_input",
    "maintenance_input",
    "input_digest",
    "condition_logged",
    "computation",
    "objective_status",
    "system_status",
    "snapshot_run",
    "downtime_event",
    "streak",
    "achievement",
    "change_log",
    "delivery",
    "recipient",
];

/// Every kind of content that a database can have, in one file without a log.
fn rich() -> World {
    let world = World::in_file().live();
    let mut feed = String::new();
    for day in 1..20 {
        feed.push_str(&line(&format!("2024-03-{day:02}T09:58:00Z"), "base", ["up", "degraded"][day % 2]));
        feed.push_str(&line(&format!("2024-03-{day:02}T10:00:30Z"), "base", "up"));
    }
    for second in 0..1500 {
        feed.push_str(&line(&(1_710_900_000 + second * 7).to_string(), "base", ["up", "down"][second as usize % 2]));
    }
    feed.push_str("{\"ts\":\"2024-03-10T10:00:30Z\",\"system\":\"shop\",\"status\":\"down\",\"note\":\"disk\",\"source\":\"incident\",\"check\":\"i1\"}\n");
    feed.push_str("{\"ts\":\"2024-03-10T10:20:00Z\",\"system\":\"shop\",\"status\":\"up\",\"source\":\"incident\",\"check\":\"i1\"}\n");
    world.ingest(&feed);
    world.write("all/all.yaml", MANIFESTS);
    world.pass(&["apply", "--set", "all", "all"]);
    world.pass(&["compute", "--as-of", "2024-03-12T12:00:00Z"]);
    world.pass(&["compute", "--as-of", AS_OF, "--exec", "true"]);
    world.pass(&["db", "compact"]);
    world
}

/// Runs a command that must end by itself and in time.
#[track_caller]
fn ends(world: &World, args: &[&str], stdin: &str) -> Output {
    const PAUSE: Duration = Duration::from_millis(2);
    const MOST_PAUSES: u32 = 60_000;
    let (out, err, fed) = (world.path("out"), world.path("err"), world.write("in", stdin));
    let mut command = world.command(args);
    command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap()).stdin(File::open(fed).unwrap());
    let mut child = Leashed(command.spawn().unwrap());
    let status = (0..MOST_PAUSES).find_map(|_| {
        let ended = child.0.try_wait().unwrap();
        if ended.is_none() {
            std::thread::sleep(PAUSE);
        }
        ended
    });
    let status = status.unwrap_or_else(|| panic!("slo {args:?} hangs"));
    Output::of(&std::process::Output { status, stdout: fs::read(out).unwrap(), stderr: fs::read(err).unwrap() })
}

/// A world whose copies are damaged, and the answers of its commands.
struct Whole {
    world: World,
    bytes: Vec<u8>,
    answers: Vec<(i32, Vec<u8>)>,
}

impl Whole {
    fn new() -> Self {
        let world = rich();
        let bytes = fs::read(world.db()).unwrap();
        let answers = READERS.iter().map(|args| answer(&world, args)).collect();
        world.verifies();
        Self { world, bytes, answers }
    }

    /// Replaces the database with these bytes.
    fn become_of(&self, bytes: &[u8]) {
        for companion in ["slo.db-wal", "slo.db-shm"] {
            drop(fs::remove_file(self.world.path(companion)));
        }
        fs::write(self.world.db(), bytes).unwrap();
    }

    /// Every reading command answers as before, or fails; otherwise, `db verify` must find the damage. Returns whether
    /// any answer was missing.
    #[track_caller]
    fn no_silence(&self, readers: impl Iterator<Item = usize>, what: &str) -> bool {
        let (mut missing, mut differing) = (false, None);
        for reader in readers {
            let output = ends(&self.world, &as_of(READERS[reader]), "");
            if output.code == 2 {
                let told = output.stderr.contains("error: ") && output.stderr.contains("help: ");
                assert!(told, "{what}: {:?}: {}", READERS[reader], output.stderr);
                missing = true;
            } else if (output.code, &output.stdout) != (self.answers[reader].0, &self.answers[reader].1) {
                differing = Some((READERS[reader], output));
            }
        }
        if let Some((args, output)) = differing {
            let verified = ends(&self.world, &["db", "verify"], "");
            let text = String::from_utf8_lossy(&output.stdout);
            assert_ne!(verified.code, 0, "{what}: {args:?} answers otherwise in silence: {text}{}", output.stderr);
            return true;
        }
        missing
    }
}

fn as_of<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &["--as-of", AS_OF]].concat()
}

#[track_caller]
fn answer(world: &World, args: &[&str]) -> (i32, Vec<u8>) {
    let output = ends(world, &as_of(args), "");
    assert!(output.code < 2, "{args:?}: {}", output.stderr);
    (output.code, output.stdout)
}

/// One column of one row with another value.
#[derive(Debug)]
struct Case {
    table: String,
    column: String,
    value: Value,
}

/// Every column of every table with every edge value of its type.
fn cases(connection: &Connection) -> Vec<Case> {
    let sql = "SELECT t.name, c.name, c.type FROM sqlite_schema t, pragma_table_info(t.name) c
               WHERE t.type = 'table' ORDER BY t.name, c.cid";
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let text = |text: &str| Value::Text(text.to_owned());
    let mut cases = Vec::new();
    for column in columns {
        let (table, column, kind): (String, String, String) = column.unwrap();
        let mut values = vec![Value::Null];
        match kind.as_str() {
            "INTEGER" | "" => values.extend(
                [-1, 0, 1, 2, 7, 1_710_000_000_001, 1 << 53, i64::MIN, i64::MAX].into_iter().map(Value::Integer),
            ),
            "REAL" => values.extend([-1.0, 0.0, f64::MAX, f64::INFINITY].into_iter().map(Value::Real)),
            "BLOB" => values.extend([vec![], vec![1], vec![0; 2000], vec![0xff; 40]].into_iter().map(Value::Blob)),
            _ => values.extend([
                text(""),
                text("x"),
                text("shop"),
                text("{}"),
                text("2024-03-10"),
                text(&"y".repeat(70_000)),
            ]),
        }
        cases.extend(values.into_iter().map(|value| Case { table: table.clone(), column: column.clone(), value }));
    }
    cases
}

/// Sets the column in the last of the table's rows; `false` if the table does not accept the value, or has it.
fn set(connection: &Connection, Case { table, column, value }: &Case) -> bool {
    connection.execute_batch("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; BEGIN").unwrap();
    let last = format!("SELECT {column} FROM {table}");
    let mut statement = connection.prepare(&last).unwrap();
    let values: Vec<Value> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let Some(is) = values.last().filter(|is| *is != value) else { return false };
    // Equal values are all changed, which is damage as well.
    let sql = format!("UPDATE {table} SET {column} = ?1 WHERE {column} IS ?2");
    let changed = connection.execute(&sql, rusqlite::params![value, is]).unwrap_or(0);
    drop(statement);
    connection.execute_batch("COMMIT").unwrap();
    changed > 0
}

/// An apply with changes succeeds on the first try, and reports everything once.
#[track_caller]
fn applies(whole: &Whole, what: &str) {
    let world = &whole.world;
    world.write("all/all.yaml", MANIFESTS.replace("target: 99.5", "target: 99.4") + IDLE);
    let applied = ends(world, &["apply", "--set", "all", "all"], "");
    world.write("all/all.yaml", MANIFESTS);
    assert_eq!(applied.code, 0, "{what}: {}", applied.stderr);
    assert_eq!(applied.stderr.matches("excuses nothing").count(), 1, "{what}: {}", applied.stderr);
    assert!(applied.text().contains("shop-month"), "{what}");
    let repaired = ends(world, &["db", "verify", "--repair"], "");
    assert_eq!(repaired.code, 0, "{what}: {}{}", repaired.text(), repaired.stderr);
    world.verifies();
}

/// Damaged rows of a cache change no answer, fact or computation, and can be repaired.
#[track_caller]
fn costs_nothing(whole: &Whole, what: &str) {
    let ingested = ends(&whole.world, &["ingest"], &line("2024-03-21T12:00:01Z", "shop", "up"));
    assert_eq!(ingested.code, 0, "{what}: {}", ingested.stderr);
    let repaired = ends(&whole.world, &["db", "verify", "--repair"], "");
    assert_eq!(repaired.code, 0, "{what}: {}{}", repaired.text(), repaired.stderr);
    let verified = ends(&whole.world, &["db", "verify"], "");
    assert_eq!((verified.code, verified.text().lines().count()), (0, 1), "{what}: {}", verified.text());
}

#[test]
fn every_column_of_every_table_with_every_edge_value() {
    let whole = Whole::new();
    let all = cases(&Connection::open(whole.world.db()).unwrap());
    assert!(all.len() > 700, "{}", all.len());
    // By default an eighth of all, spread over all tables and columns.
    let step = 8 / night().min(8) as usize;
    let mut tables: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, case) in all.iter().enumerate().skip(step / 2).step_by(step) {
        whole.become_of(&whole.bytes);
        let connection = Connection::open(whole.world.db()).unwrap();
        if !set(&connection, case) {
            continue;
        }
        drop(connection);
        *tables.entry(&case.table).or_default() += 1;
        let what = format!("{}.{} = {}", case.table, case.column, shown(&case.value));
        let damaged = fs::read(whole.world.db()).unwrap();
        let few = (0..READERS.len()).filter(|reader| night() > 1 || (reader + number) % 4 == 0);
        let missing = whole.no_silence(few, &what);
        if CACHES.contains(&case.table.as_str()) {
            assert!(!missing, "{what}: a damaged cache cost an answer");
            let computed = ends(&whole.world, &["compute", "--as-of", AS_OF, "--exec", "true"], "");
            assert_eq!(computed.code, 0, "{what}: {}", computed.stderr);
            whole.become_of(&damaged);
            costs_nothing(&whole, &what);
        } else {
            let of_sqlite = case.table.starts_with("sqlite_") || (&*case.table, &*case.column) == ("segment", "id");
            let verified = ends(&whole.world, &["db", "verify"], "");
            assert!(of_sqlite || verified.code > 0, "{what}: `db verify` does not see it");
            for args in [&["compute", "--as-of", AS_OF][..], &["apply", "--set", "all", "all"], &["db", "compact"]] {
                ends(&whole.world, args, "");
            }
            ends(&whole.world, &["ingest"], &line("2024-03-10T10:00:31Z", "shop", "down"));
        }
    }
    assert!(tables.len() >= 20, "{tables:?}");
    tell(&format!("{} damaged columns in {} tables", tables.values().sum::<usize>(), tables.len()));
}

fn shown(value: &Value) -> String {
    let text = format!("{value:?}");
    text.chars().take(60).collect()
}

#[test]
fn texts_that_are_not_utf_8() {
    let whole = Whole::new();
    let all = cases(&Connection::open(whole.world.db()).unwrap());
    let texts = all.iter().filter(|case| matches!(&case.value, Value::Text(text) if text == "x"));
    let mut damaged = 0;
    for (number, Case { table, column, .. }) in texts.filter(|case| !case.table.starts_with("sqlite_")).enumerate() {
        whole.become_of(&whole.bytes);
        let connection = Connection::open(whole.world.db()).unwrap();
        connection.execute_batch("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF").unwrap();
        let sql = format!(
            "UPDATE {table} SET {column} = CAST(CAST({column} AS BLOB) || x'ff' AS TEXT) WHERE {column} IS NOT NULL"
        );
        if connection.execute(&sql, []).unwrap_or(0) == 0 {
            continue;
        }
        drop(connection);
        damaged += 1;
        let what = format!("{table}.{column} is not UTF-8");
        let few = (0..READERS.len()).filter(|reader| night() > 1 || (reader + number) % 4 == 0);
        let missing = whole.no_silence(few, &what);
        assert!(!(missing && CACHES.contains(&table.as_str())), "{what}: a damaged cache cost an answer");
        let verified = ends(&whole.world, &["db", "verify"], "");
        assert_ne!(verified.code, 0, "{what}: `db verify` does not see it");
        ends(&whole.world, &["ingest"], &line("2024-03-10T10:00:31Z", "shop", "down"));
        let computed = ends(&whole.world, &["compute", "--as-of", AS_OF], "");
        assert!(computed.code == 0 || !CACHES.contains(&table.as_str()), "{what}: {}", computed.stderr);
    }
    assert!(damaged >= 20, "{damaged}");
}

#[test]
fn bytes_flipped_anywhere() {
    let whole = Whole::new();
    let (mut seed, flips) = (0x9e37_79b9_7f4a_7c15_u64, 30 * night());
    for _ in 0..flips {
        let mut damaged = whole.bytes.clone();
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let (at, bit) = ((seed >> 16) as usize % damaged.len(), seed % 8);
        damaged[at] ^= 1 << bit;
        whole.become_of(&damaged);
        let what = format!("byte {at}, bit {bit}");
        whole.no_silence((0..READERS.len()).filter(|reader| night() > 1 || reader % 3 == at % 3), &what);
        ends(&whole.world, &["compute", "--as-of", AS_OF], "");
        ends(&whole.world, &["ingest"], &line("2024-03-10T10:00:31Z", "shop", "down"));
        ends(&whole.world, &["db", "verify", "--repair"], "");
    }
    tell(&format!("{flips} flipped bits"));
}

/// Another program has dropped a cache: it costs no answer, is named, and comes back.
#[test]
fn tables_that_are_gone() {
    let whole = Whole::new();
    let connection = Connection::open(whole.world.db()).unwrap();
    let mut statement = connection.prepare("SELECT type, name FROM sqlite_schema WHERE sql IS NOT NULL").unwrap();
    let named = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap);
    let named: Vec<(String, String)> = named.filter(|(_, name): &(_, String)| !name.starts_with("sqlite_")).collect();
    drop(statement);
    drop(connection);
    for (kind, name) in named {
        let is_cache = kind != "table" || CACHES.contains(&name.as_str());
        whole.become_of(&whole.bytes);
        let connection = Connection::open(whole.world.db()).unwrap();
        connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; DROP {kind} {name}")).unwrap();
        drop(connection);
        let damaged = fs::read(whole.world.db()).unwrap();
        let missing = whole.no_silence(0..READERS.len(), &name);
        let verified = ends(&whole.world, &["db", "verify"], "");
        assert!(verified.text().contains(&format!("{name} is missing in the schema")), "{}", verified.text());
        if !is_cache {
            let repaired = ends(&whole.world, &["db", "verify", "--repair"], "");
            assert_ne!(repaired.code, 0, "{name}: {}", repaired.text());
            continue;
        }
        assert!(!missing, "{name}: a lost cache cost an answer");
        let computed = ends(&whole.world, &["compute", "--as-of", AS_OF, "--exec", "true"], "");
        assert_eq!(computed.code, 0, "{name}: {}", computed.stderr);
        whole.become_of(&damaged);
        applies(&whole, &name);
        whole.become_of(&damaged);
        costs_nothing(&whole, &name);
    }
}

/// A digest that is gone is found and made again, though no answer needs it.
#[test]
fn digests_that_are_gone() {
    let whole = Whole::new();
    let connection = Connection::open(whole.world.db()).unwrap();
    assert!(connection.execute("DELETE FROM input_digest", []).unwrap() > 0);
    drop(connection);
    assert!(!whole.no_silence(0..READERS.len(), "input_digest"), "a lost digest cost an answer");
    let verified = ends(&whole.world, &["db", "verify"], "");
    assert_eq!(verified.code, 1);
    assert!(verified.text().contains("input_digest: system "), "{}", verified.text());
    costs_nothing(&whole, "input_digest");
}

/// The pages of a cache's table are invalid: SQLite itself refuses to read them.
#[test]
fn pages_of_a_cache_that_make_no_sense() {
    let whole = Whole::new();
    let connection = Connection::open(whole.world.db()).unwrap();
    let page: usize = connection.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
    for table in
        ["ledger", "seal", "objective_input", "condition_logged", "objective_status", "snapshot_run", "downtime_event"]
    {
        whole.become_of(&whole.bytes);
        let connection = Connection::open(whole.world.db()).unwrap();
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
        let root: usize = connection.query_row(sql, [table], |row| row.get(0)).unwrap();
        drop(connection);
        let mut damaged = whole.bytes.clone();
        damaged[(root - 1) * page..root * page].fill(0x5a);
        whole.become_of(&damaged);
        let missing = whole.no_silence(0..READERS.len(), table);
        assert!(!missing, "{table}: a damaged cache cost an answer");
        let computed = ends(&whole.world, &["compute", "--as-of", AS_OF, "--exec", "true"], "");
        assert_eq!(computed.code, 0, "{table}: {}", computed.stderr);
        whole.become_of(&damaged);
        applies(&whole, table);
        whole.become_of(&damaged);
        costs_nothing(&whole, table);
    }
}
