//! Owns running the built binary in a folder of its own, optionally with the demo.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The demo's time.
pub(crate) const MOMENT: &str = "2026-11-20T14:05:00Z";

/// When set, expected texts are rewritten instead of compared.
pub(crate) const REWRITE: &str = "SLO_REWRITE";

/// The built binary.
pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_slo"))
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A folder with the demo, in which commands are run.
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// A folder with the demo in `demo/`.
    pub(crate) fn new() -> Self {
        let world = Self::empty();
        let made = world.slo(&["demo", "--keep", "demo"]);
        assert!(made.status.success(), "{made:?}");
        world
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `slo` as of the demo's time, on the demo's database, without this process's environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.bare("slo");
        command.args(args).env("SLO_DB", self.path().join("demo/slo.db")).env("SLO_AS_OF", MOMENT);
        command
    }

    /// A program from the path, where `slo` is the built one.
    pub(crate) fn bare(&self, program: &str) -> Command {
        let bin = self.path().join(".bin");
        if !bin.exists() {
            fs::create_dir(&bin).unwrap();
            // With a link, the name would not be `slo` if the build adds a suffix.
            fs::hard_link(binary(), bin.join("slo"))
                .or_else(|_| fs::copy(binary(), bin.join("slo")).map(drop))
                .unwrap();
        }
        let usual = std::env::var("PATH").unwrap_or_default();
        // Found on the path, so that its name is used without a folder.
        let mut command = Command::new(program);
        command.current_dir(self.path()).env_clear().env("PATH", format!("{}:{usual}", bin.display()));
        command.env("HOME", self.path()).env("TMPDIR", self.path());
        command
    }

    pub(crate) fn slo(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The output of a command, with any exit code.
    pub(crate) fn stdout(&self, args: &[&str]) -> String {
        String::from_utf8(self.slo(args).stdout).unwrap()
    }
}
