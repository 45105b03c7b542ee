//! Links the binary on Linux so that it starts quickly: at a fixed address, and without the shared library of the unwinder.

#![expect(clippy::disallowed_methods, reason = "cargo tells the target in the environment")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if !is("CARGO_CFG_TARGET_OS", "linux") || !is("CARGO_CFG_TARGET_ENV", "gnu") {
        return;
    }
    // At a fixed address, no start has to resolve the 40 000 addresses in the tables of time zones and of the command line: a fifth
    // of the time of a short command.
    println!("cargo:rustc-link-arg-bins=-no-pie");
    if std::env::var("HOST").is_ok_and(|host| is("TARGET", &host))
        && let Some(folder) = own_unwinder()
    {
        println!("cargo:rustc-link-search=native={}", folder.display());
    }
}

/// A folder with the compiler's static unwinder, under the name of the shared one. Loading the shared library takes a
/// twentieth of the time of a short command; it remains the fallback.
fn own_unwinder() -> Option<PathBuf> {
    let asked = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output().ok()?;
    let archive = String::from_utf8(asked.stdout).ok()?;
    // A compiler without that file answers with its bare name.
    let archive = Path::new(archive.trim()).canonicalize().ok().filter(|archive| archive.is_file())?;
    let folder = PathBuf::from(std::env::var_os("OUT_DIR")?).join("unwinder");
    std::fs::create_dir_all(&folder).ok()?;
    std::fs::write(folder.join("libgcc_s.so"), format!("INPUT(\"{}\")\n", archive.display())).ok()?;
    Some(folder)
}
