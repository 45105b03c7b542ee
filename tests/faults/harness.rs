//! Owns a folder in which the binary runs, and the checks of every output.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::server::{self, Server};

pub(crate) const SLO: &str = env!("CARGO_BIN_EXE_slo");

/// A folder whose database does not exist yet.
pub(crate) struct World {
    dir: TempDir,
    /// The address of the database, if it is on a server.
    address: Option<String>,
}

/// The result of a process.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Output {
    #[track_caller]
    pub(crate) fn of(output: &std::process::Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code().unwrap_or_else(|| panic!("ended by a signal: {:?}, {stderr}", output.status));
        assert!((0..=2).contains(&code), "exit code {code}: {stderr}");
        for trace in ["panicked", "RUST_BACKTRACE", "Err(", "Some(", "Error {", "Custom {", "kind: Not"] {
            assert!(!stderr.contains(trace), "{trace:?} is not for people: {stderr}");
        }
        Self { code, stdout: output.stdout.clone(), stderr }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", self.text(), self.stderr))
    }

    /// It failed because nobody has written to the database yet.
    pub(crate) fn says_nothing_is_there(&self) -> bool {
        let reasons = ["there is no database", "it is empty", "has no tables of slo"];
        self.code == 2 && reasons.iter().any(|reason| self.stderr.contains(reason))
    }

    /// It failed: one error with the cause, and one hint with the remedy.
    #[track_caller]
    pub(crate) fn refuses(&self, what: &str) {
        assert_eq!((self.code, &*self.text()), (2, ""), "{}", self.stderr);
        let of = |label: &str| self.stderr.lines().filter(|line| line.starts_with(label)).count();
        assert_eq!((of("error: "), of("help: ")), (1, 1), "{}", self.stderr);
        assert!(self.stderr.contains(what), "{what:?} is missing: {}", self.stderr);
    }
}

impl World {
    /// A world in a file, or on a server if tests are told to use one.
    pub(crate) fn new() -> Self {
        let shared = server::is_asked_for().then(Server::any).flatten();
        Self { address: shared.map(Server::fresh), ..Self::in_file() }
    }

    /// A world in a file in any case, for tests about the file.
    pub(crate) fn in_file() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), address: None }
    }

    /// A world with a few transitions, an objective, and sealed days.
    pub(crate) fn lived_in() -> Self {
        Self::new().live()
    }

    /// The same after some days.
    pub(crate) fn live(self) -> Self {
        let world = self;
        let mut feed = String::new();
        for day in 1..20 {
            feed.push_str(&line(&format!("2024-03-{day:02}T10:00:00Z"), "shop", "down"));
            feed.push_str(&line(&format!("2024-03-{day:02}T10:01:00Z"), "shop", "up"));
        }
        world.ingest(&feed);
        world.write("shop.yaml", OBJECTIVE);
        world.pass(&["apply", "shop.yaml"]);
        world
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The file of the database.
    #[track_caller]
    pub(crate) fn db(&self) -> PathBuf {
        assert!(self.address.is_none(), "a test that looks into the file of a world begins with World::in_file()");
        self.path("slo.db")
    }

    /// The content of the database, for comparing with it later: the bytes of a file, or all facts and declared objects
    /// on a server.
    pub(crate) fn kept(&self) -> Vec<u8> {
        const ALL: [&[&str]; 4] = [
            &["export", "journal"],
            &["export", "manifests"],
            &["log", "-o", "csv"],
            &["list", "ingests", "-o", "csv"],
        ];
        if self.address.is_none() {
            return fs::read(self.db()).unwrap_or_default();
        }
        ALL.iter().flat_map(|args| self.run(args).stdout).collect()
    }

    /// Whether the database exists.
    pub(crate) fn is_made(&self) -> bool {
        if self.address.is_none() { self.db().exists() } else { !self.run(&["db", "info"]).says_nothing_is_there() }
    }

    /// Removes the database, with the files beside it.
    pub(crate) fn unmake(&mut self) {
        if let (Some(address), Some(server)) = (&mut self.address, Server::any()) {
            *address = server.fresh();
            return;
        }
        fs::remove_file(self.db()).unwrap();
        drop(fs::remove_file(self.path("slo.db-wal")));
        drop(fs::remove_file(self.path("slo.db-shm")));
    }

    /// The place of the database.
    pub(crate) fn place(&self) -> OsString {
        self.address.as_ref().map_or_else(|| self.path("slo.db").into(), OsString::from)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The binary, in this folder, with only `SLO_DB` in its environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(SLO);
        command.args(args).env_clear().env("SLO_DB", self.place()).current_dir(self.root()).stdin(Stdio::null());
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        Output::of(&self.command(args).output().unwrap())
    }

    /// Runs a command that must succeed; returns its standard output.
    #[track_caller]
    pub(crate) fn pass(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.code, 0, "slo {args:?}: {}{}", output.text(), output.stderr);
        output.text()
    }

    #[track_caller]
    pub(crate) fn feed(&self, args: &[&str], stdin: impl AsRef<[u8]>) -> Output {
        let mut child = piped(self.command(args)).spawn().unwrap();
        // A process that refuses its input closes it.
        drop(child.stdin.take().unwrap().write_all(stdin.as_ref()));
        Output::of(&child.wait_with_output().unwrap())
    }

    #[track_caller]
    pub(crate) fn ingest(&self, feed: &str) {
        let output = self.feed(&["ingest"], feed);
        assert_eq!(output.code, 0, "{}", output.stderr);
    }

    /// Every fact, as JSON Lines.
    #[track_caller]
    pub(crate) fn journal(&self) -> String {
        self.pass(&["export", "journal"])
    }

    #[track_caller]
    pub(crate) fn verifies(&self) {
        self.pass(&["db", "verify"]);
    }

    pub(crate) fn sql(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.db()).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// Changes rows and recalculates their checksums, as a bug in slo would.
    pub(crate) fn forge(&self, sql: &str) {
        self.sql(sql);
        crate::checksum::resum(&rusqlite::Connection::open(self.db()).unwrap());
    }
}

/// An objective over the system `shop`.
pub(crate) const OBJECTIVE: &str = "apiVersion: slo/v1
kind: SLO
metadata: { name: shop-availability }
spec:
  systemRef: { kind: System, name: shop }
  target: 99.9
  windowDays: 7
";

/// A line of a feed.
pub(crate) fn line(ts: &str, system: &str, status: &str) -> String {
    format!("{{\"ts\":\"{ts}\",\"system\":\"{system}\",\"status\":\"{status}\"}}\n")
}

/// `count` lines of one system, one per second, alternating up and down.
pub(crate) fn lines(system: &str, from: i64, count: i64) -> String {
    let one = |number: i64| {
        let status = if number % 2 == 0 { "up" } else { "down" };
        format!("{{\"ts\":{},\"system\":\"{system}\",\"status\":\"{status}\"}}\n", 1_700_000_000 + number)
    };
    (from..from + count).map(one).collect()
}

/// Irregular lines, which no format packs well.
pub(crate) fn irregular(system: &str, count: i64) -> String {
    let mut at = 1_700_000_000_000;
    let one = |number: i64| {
        at += 1 + number * 7919 % 99_991 * 37;
        let status = if number % 2 == 0 { "up" } else { "down" };
        format!("{{\"ts\":{at},\"system\":\"{system}\",\"status\":\"{status}\"}}\n")
    };
    (0..count).map(one).collect()
}

pub(crate) fn piped(mut command: Command) -> Command {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Retries until it is true, for at most ten seconds; what should take less than one may take longer on a busy machine.
#[track_caller]
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("never: {what}");
}

/// Ends a process with the test.
pub(crate) struct Leashed(pub(crate) Child);

impl Drop for Leashed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// How many times the usual work these tests should do, for a night's run: `SLO_NIGHT`, else 1.
#[expect(clippy::disallowed_methods, reason = "a test is told by its environment how long it may take")]
pub(crate) fn night() -> u64 {
    std::env::var("SLO_NIGHT").ok().and_then(|text| text.parse().ok()).filter(|factor| *factor > 0).unwrap_or(1)
}

/// Prints how much a test has done, for the figures in docs/design/robustness.md; `--nocapture` shows it.
#[expect(clippy::print_stderr, reason = "a night's run is told what it has come to")]
pub(crate) fn tell(figure: &str) {
    eprintln!("done: {figure}");
}

/// Prints why a test is skipped.
#[expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]
pub(crate) fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
}

/// Runs a script as a user without root's permissions, with `$SLO` as the binary; `None` if there is no way to.
#[cfg(unix)]
pub(crate) fn as_nobody(world: &World, script: &str) -> Option<Output> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let is_root = fs::metadata(world.root()).unwrap().uid() == 0;
    let slo = world.path("slo");
    if !slo.exists() && fs::hard_link(SLO, &slo).is_err() {
        fs::copy(SLO, &slo).unwrap();
    }
    let mut command = if is_root {
        // The binary may be where nobody can read it, so it is copied.
        fs::set_permissions(world.root(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", script]);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    };
    command.current_dir(world.root()).env("SLO", &slo).env("SLO_DB", world.place()).stdin(Stdio::null());
    match command.output() {
        Ok(output) if output.status.code().is_some_and(|code| code <= 2) => Some(Output::of(&output)),
        Ok(output) => {
            skip(&format!("cannot run as nobody: {}", String::from_utf8_lossy(&output.stderr)));
            None
        }
        Err(error) => {
            skip(&format!("cannot run as nobody: {error}"));
            None
        }
    }
}
