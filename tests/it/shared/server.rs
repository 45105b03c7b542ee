//! Owns a PostgreSQL server in a temporary folder, which ends with the tests, for any reason.

use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The user that runs the server if tests run as root, which it refuses.
const NOBODY: &str = "65534";
/// Ends the server, and removes its folder, when the process that started it closes the pipe or is gone; a line kills
/// the server, starts it, or both.
const KEEPER: &str = r#"
start() {
    "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= $3 > "$2/log" 2>&1 < /dev/null &
    server=$!
    while ! grep -qs 'ready to accept' "$2/log"; do
        kill -0 $server 2> /dev/null || { cat "$2/log"; exit 1; }
        sleep 0.02
    done
    echo ready
}
start "$@"
while read -r line; do
    if [ "$line" != start ]; then
        kill -QUIT $server
        wait $server
    fi
    if [ "$line" = kill ]; then
        echo ready
    else
        start "$@"
    fi
done
kill -QUIT $server
wait $server
rm -rf "$2"
"#;

/// Whether worlds that could be files are kept on a server: `SLO_TEST_STORE=postgres`.
#[expect(clippy::disallowed_methods, reason = "it says how tests run")]
pub(crate) fn is_asked_for() -> bool {
    std::env::var("SLO_TEST_STORE").is_ok_and(|store| store == "postgres")
}

/// Runs other tests of this binary again, with their worlds on a server; returns their number.
pub(crate) fn again(tests: &[&str]) -> usize {
    if is_asked_for() || Server::any().is_none() {
        return tests.len();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(tests).env("SLO_TEST_STORE", "postgres").env("PROPTEST_CASES", "1");
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    told.matches("... ok\n").count()
}

/// A server that listens on a socket in its folder, or one that is already running.
pub(crate) struct Server {
    folder: PathBuf,
    /// Its address without a schema.
    address: String,
    /// The start of its schemas' names.
    prefix: String,
    keeper: Option<Keeper>,
    given: AtomicUsize,
}

/// The process that starts and ends a server.
struct Keeper {
    /// Kept open, because closing it ends the server.
    pipe: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Server {
    /// The server of this process; `None`, with the reason printed, if there cannot be one.
    pub(crate) fn any() -> Option<&'static Self> {
        static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
        match SERVER.get_or_init(Self::there_or_started) {
            Ok(server) => Some(server),
            Err(reason) => {
                skip(&format!("no PostgreSQL server: {reason}"));
                None
            }
        }
    }

    /// The server at the address `SLO_TEST_SERVER`, such as one of another engine, or a new one.
    #[expect(clippy::disallowed_methods, reason = "it says how tests run")]
    fn there_or_started() -> Result<Self, String> {
        let Ok(address) = std::env::var("SLO_TEST_SERVER") else {
            return Self::start("-c fsync=off -c full_page_writes=off -c max_connections=60");
        };
        let prefix = format!("world_{}_", std::process::id());
        Ok(Self { folder: PathBuf::new(), address, prefix, keeper: None, given: AtomicUsize::new(0) })
    }

    /// Starts one with more options.
    pub(crate) fn start(options: &str) -> Result<Self, String> {
        Self::start_with(options, |_| Ok(()))
    }

    /// The same, with a folder that is prepared before it starts.
    pub(crate) fn start_with(options: &str, prepare: impl FnOnce(&Path) -> Result<(), String>) -> Result<Self, String> {
        Self::prepared(options, |folder, data| {
            let mut initdb = unprivileged(&program("initdb"));
            run(initdb.arg("-D").arg(data).args(["-A", "trust", "-U", "slo", "-E", "UTF8", "--locale=C", "-N"]))?;
            prepare(folder)
        })
    }

    /// The same, with data made by `make`.
    pub(crate) fn start_from(options: &str, make: impl FnOnce(&PathBuf) -> Result<(), String>) -> Result<Self, String> {
        Self::prepared(options, |_, data| make(data))
    }

    fn prepared(options: &str, make: impl FnOnce(&Path, &PathBuf) -> Result<(), String>) -> Result<Self, String> {
        if !cfg!(feature = "postgres") {
            return Err("slo was built without the feature postgres".to_owned());
        }
        let programs = programs().ok_or("initdb and postgres are neither on the path nor in /usr/lib/postgresql")?;
        let folder = tempfile::Builder::new().prefix("pg").tempdir().map_err(|error| error.to_string())?.keep();
        let folder_text = folder.to_str().ok_or("the temporary folder is not UTF-8")?;
        if is_root() {
            run(Command::new("chown").args([NOBODY, folder_text]))?;
        }
        make(&folder, &folder.join("data"))?;
        let mut keeper = unprivileged(Path::new("sh"));
        keeper.args(["-c", KEEPER, "sh"]).arg(&programs).arg(&folder).arg(options);
        keeper.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = keeper.spawn().map_err(|error| error.to_string())?;
        let (pipe, said) = process.stdin.take().zip(process.stdout.take()).ok_or("no pipes")?;
        let mut keeper = Keeper { pipe, said: BufReader::new(said).lines(), _process: process };
        keeper.expect_ready()?;
        let address = format!("host={} user=slo dbname=postgres", folder.display());
        Ok(Self { folder, address, prefix: "world_".to_owned(), keeper: Some(keeper), given: AtomicUsize::new(0) })
    }

    /// Crashes the server, and starts it again.
    pub(crate) fn crash_and_restart(&mut self) {
        self.tell("again");
    }

    /// Crashes the server.
    pub(crate) fn crash(&mut self) {
        self.tell("kill");
    }

    /// Starts a crashed one.
    pub(crate) fn restart(&mut self) {
        self.tell("start");
    }

    fn tell(&mut self, what: &str) {
        let keeper = self.keeper.as_mut().unwrap();
        writeln!(keeper.pipe, "{what}").unwrap();
        keeper.expect_ready().unwrap();
    }

    /// The address of an empty database: a schema of its own.
    pub(crate) fn fresh(&self) -> String {
        self.of(&format!("{}{}", self.prefix, self.given.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn of(&self, schema: &str) -> String {
        format!("{} schema={schema} retry_for=60s", self.address)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of its socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// Runs SQL with psql, as a user; returns its output.
    pub(crate) fn sql(&self, user: &str, sql: &str) -> String {
        let mut psql = Command::new("psql");
        psql.args(["-d", &format!("{} user={user}", self.address), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"]);
        psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = psql.spawn().unwrap();
        // One statement at a time: some engines take no more.
        child.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Keeper {
    fn expect_ready(&mut self) -> Result<(), String> {
        match self.said.next() {
            Some(Ok(line)) if line == "ready" => Ok(()),
            other => Err(format!("it does not start: {}", other.and_then(Result::ok).unwrap_or_default())),
        }
    }
}

/// The schema in an address.
pub(super) fn schema(address: &str) -> &str {
    address.split("schema=").nth(1).unwrap().split(' ').next().unwrap()
}

/// Prints why a test is skipped.
#[expect(clippy::print_stderr, reason = "that a test was skipped must be seen")]
pub(super) fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A command that does not run as root.
pub(super) fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]).arg(program);
    command
}

pub(super) fn run(command: &mut Command) -> Result<(), String> {
    let output = command.current_dir("/").output().map_err(|error| format!("{command:?}: {error}"))?;
    let told = || format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(()) } else { Err(told()) }
}

/// A program of the server.
pub(super) fn program(name: &str) -> PathBuf {
    programs().unwrap_or_default().join(name)
}

/// The folder of the server's programs: `SLO_TEST_POSTGRES`, or Debian's, which is not in PATH.
fn programs() -> Option<PathBuf> {
    let has_both = |folder: &PathBuf| folder.join("initdb").exists() && folder.join("postgres").exists();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    versions.sort();
    #[expect(clippy::disallowed_methods, reason = "tests ask for programs that may be installed")]
    let variable = |name: &str| std::env::var_os(name).unwrap_or_default();
    if !variable("SLO_TEST_POSTGRES").is_empty() {
        return Some(variable("SLO_TEST_POSTGRES").into()).filter(has_both);
    }
    let on_path: Vec<PathBuf> = std::env::split_paths(&variable("PATH")).collect();
    versions.into_iter().rev().chain(on_path).find(has_both)
}
