//! Owns a real headless browser: how it shows a page, and what it reports.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Programs to try, in this order.
const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// How long a browser may take before it counts as stuck, in quarters of a second.
const PATIENCE: u32 = 480;

pub(crate) struct Browser {
    program: &'static str,
}

/// The result of opening a page.
pub(crate) struct Seen {
    /// The document after loading, as HTML.
    pub(crate) dom: String,
    /// The messages on its console: errors, violations of the page's policy.
    pub(crate) console: Vec<String>,
}

impl Browser {
    /// The browser on the path; `None`, with a message, if there is none.
    #[expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]
    pub(crate) fn find() -> Option<Self> {
        // On some systems, this is a script that only says how to install a browser.
        let works = |program: &&str| {
            let output = Command::new(program).arg("--version").stdin(Stdio::null()).output();
            output.is_ok_and(|output| output.status.success())
        };
        let program = PROGRAMS.into_iter().find(works);
        if program.is_none() {
            eprintln!("skipped: none of {} is on the path and runs", PROGRAMS.join(", "));
        }
        program.map(|program| Self { program })
    }

    /// Opens a page in a window of this size.
    pub(crate) fn open(&self, page: &Path, width: u32, height: u32) -> Seen {
        let (dom, log) = self.run(page, width, height, &["--dump-dom".to_owned()]);
        let console = log.lines().filter(|line| line.contains("CONSOLE")).map(ToOwned::to_owned).collect();
        Seen { dom, console }
    }

    /// Draws a page into a PNG file.
    pub(crate) fn draw(&self, page: &Path, width: u32, height: u32, dark: bool, picture: &Path) {
        let scheme = format!("--blink-settings=preferredColorScheme={}", u8::from(!dark));
        let target = format!("--screenshot={}", picture.display());
        let (_, log) = self.run(page, width, height, &[scheme, target]);
        assert!(picture.exists(), "{log}");
    }

    fn run(&self, page: &Path, width: u32, height: u32, more: &[String]) -> (String, String) {
        let home = tempfile::tempdir().unwrap();
        let (out, log) = (home.path().join("out"), home.path().join("log"));
        let mut command = Command::new(self.program);
        // It opens only the tested page, which is a local file.
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
        command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
        command.args(["--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0", "--hide-scrollbars"]);
        command.arg(format!("--window-size={width},{height}"));
        command.arg(format!("--user-data-dir={}", home.path().join("profile").display()));
        command.args(more).arg(format!("file://{}", page.display()));
        command.stdin(Stdio::null());
        command.stdout(fs::File::create(&out).unwrap()).stderr(fs::File::create(&log).unwrap());
        let ended = wait(command.spawn().unwrap());
        let log = String::from_utf8_lossy(&fs::read(&log).unwrap()).into_owned();
        assert!(ended, "the browser did not end, or not well: {log}");
        (fs::read_to_string(&out).unwrap(), log)
    }
}

/// Waits until a process ends by itself, and kills it if it does not.
fn wait(mut child: Child) -> bool {
    for _ in 0..PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return status.success();
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    drop(child.kill());
    drop(child.wait());
    false
}
