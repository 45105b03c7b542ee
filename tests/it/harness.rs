//! Owns a world on disk: a temporary folder with a database, in which commands run in-process and without an
//! environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use serde_json::Value;
use slo::Invocation;
use tempfile::TempDir;

use crate::shared::server::{Server, is_asked_for};

/// A temporary folder with its own database.
pub(crate) struct Slo {
    dir: TempDir,
    db: PathBuf,
}

/// The result of one command.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: u8,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A temporary folder, in memory if there is room: the laws are about answers, not about disks, which tests/faults
/// covers.
fn folder() -> TempDir {
    const ENOUGH: u64 = 1 << 30;
    let memory = Path::new("/dev/shm");
    #[cfg(unix)]
    let room = rustix::fs::statvfs(memory).map_or(0, |found| found.f_bavail * found.f_bsize);
    #[cfg(not(unix))]
    let room = 0;
    let folder = if room >= ENOUGH { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.or_else(|_| tempfile::tempdir()).unwrap()
}

impl Slo {
    pub(crate) fn new() -> Self {
        let dir = folder();
        let shared = is_asked_for().then(Server::any).flatten().map(|server| server.fresh().into());
        let db = shared.unwrap_or_else(|| dir.path().join("slo.db"));
        Self { dir, db }
    }

    /// A world in a file, whatever the others use.
    pub(crate) fn in_file() -> Self {
        let dir = folder();
        let db = dir.path().join("slo.db");
        Self { dir, db }
    }

    /// The same with a database at this path or address.
    pub(crate) fn at(db: impl Into<PathBuf>) -> Self {
        Self { db: db.into(), ..Self::new() }
    }

    /// The same with a shared database, in a schema of its own on this server.
    pub(crate) fn on(server: &Server) -> Self {
        Self { db: server.fresh().into(), ..Self::new() }
    }

    /// A world that has ingested `feed` and applied `manifests`, in that order.
    pub(crate) fn with(feed: &str, manifests: &str) -> Self {
        Self::new().having(feed, manifests)
    }

    /// The same world after it has ingested `feed` and applied `manifests`.
    pub(crate) fn having(self, feed: &str, manifests: &str) -> Self {
        self.ingest(feed);
        self.apply(manifests);
        self
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.db.clone()
    }

    /// A file with the content of the database, for inspection: its own file, or a copy.
    pub(crate) fn file(&self) -> PathBuf {
        if self.db.starts_with(self.dir.path()) {
            return self.db();
        }
        let copy = self.path("copy.db");
        drop(std::fs::remove_file(&copy));
        self.pass(&["db", "copy", "-q", self.db.to_str().unwrap(), copy.to_str().unwrap()], b"");
        copy
    }

    /// Runs one command with only `SLO_DB` in its environment.
    pub(crate) fn run(&self, args: &[&str], stdin: &[u8]) -> Output {
        self.run_where(&[], args, stdin)
    }

    /// A file of this world.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The same with more variables in its environment.
    pub(crate) fn run_where(&self, more: &[(&str, &str)], args: &[&str], stdin: &[u8]) -> Output {
        self.invoke(more, args, stdin, false)
    }

    /// Runs one command on a terminal, where a person answers its question.
    pub(crate) fn ask(&self, args: &[&str], answer: &str) -> Output {
        self.invoke(&[], args, answer.as_bytes(), true)
    }

    fn invoke(&self, more: &[(&str, &str)], args: &[&str], stdin: &[u8], terminal: bool) -> Output {
        let mut env = BTreeMap::from([(OsString::from("SLO_DB"), self.db().into_os_string())]);
        env.extend(more.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))));
        let args = std::iter::once("slo").chain(args.iter().copied()).map(OsString::from).collect();
        let invocation = Invocation {
            args,
            env,
            stdin: Box::new(Cursor::new(stdin.to_vec())),
            owns_process: false,
            stdout_is_terminal: false,
            stdin_is_terminal: terminal,
            stderr_is_terminal: terminal,
        };
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let code = slo::run(invocation, &mut stdout, &mut stderr);
        Output {
            code,
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    /// Runs a command that must succeed, and returns its standard output.
    #[track_caller]
    pub(crate) fn pass(&self, args: &[&str], stdin: &[u8]) -> String {
        let output = self.run(args, stdin);
        assert_eq!(output.code, 0, "slo {args:?}: {}", output.stderr);
        output.stdout
    }

    #[track_caller]
    pub(crate) fn ingest(&self, feed: &str) {
        self.pass(&["ingest", "-"], feed.as_bytes());
    }

    /// Writes `manifests` as the only file of the manifest folder and returns the folder.
    pub(crate) fn write_manifests(&self, manifests: &str) -> PathBuf {
        let folder = self.dir.path().join("manifests");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("world.yaml"), manifests).unwrap();
        folder
    }

    /// Writes a file beside the database.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Applies `manifests` as everything that is declared.
    #[track_caller]
    pub(crate) fn apply(&self, manifests: &str) {
        let folder = self.write_manifests(manifests);
        self.pass(&["apply", "--prune", folder.to_str().unwrap()], b"");
    }

    /// `slo status -o json`, as printed; a spent budget is an answer, not a failure.
    #[track_caller]
    pub(crate) fn status(&self, as_of: &str) -> String {
        let output = self.run(&["status", "-o", "json", "--as-of", as_of], b"");
        assert!(output.code <= 1, "slo status --as-of {as_of}: {}", output.stderr);
        output.stdout
    }

    /// The objectives of `slo status -o json`, in their order.
    #[track_caller]
    pub(crate) fn objectives(&self, as_of: &str) -> Vec<Value> {
        let mut status: Value = serde_json::from_str(&self.status(as_of)).unwrap();
        match status["objectives"].take() {
            Value::Array(objectives) => objectives,
            other => panic!("objectives is {other}"),
        }
    }

    /// The only objective of `slo status -o json`.
    #[track_caller]
    pub(crate) fn objective(&self, as_of: &str) -> Value {
        let mut objectives = self.objectives(as_of);
        assert_eq!(objectives.len(), 1);
        objectives.remove(0)
    }

    /// `slo health -o json`, parsed.
    #[track_caller]
    pub(crate) fn health(&self, as_of: &str) -> Value {
        let output = self.run(&["health", "-o", "json", "--as-of", as_of], b"");
        assert!(output.code <= 1, "slo health --as-of {as_of}: {}", output.stderr);
        serde_json::from_str(&output.stdout).unwrap()
    }
}
