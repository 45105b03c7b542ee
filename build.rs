//! Links the binary at a fixed address on Linux: resolving the 40 000 addresses in the time zone and command line tables at
//! every start would take a fifth of the time of a short command.

#![expect(clippy::disallowed_methods, reason = "cargo tells the target in the environment")]

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
