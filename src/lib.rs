//! `slo`: error budgets, streaks and verdicts from health transitions.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Read, Write};

mod cli;
mod clock;
mod commands;
mod domain;
mod evaluation;
mod exit;
mod failure;
mod feed;
mod file;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod manifest;
mod process;
mod render;
mod repository;
mod run;
mod signals;
mod store;

/// The input of a run from the process around it, so that a test can run a command without a process.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact about the process")]
pub struct Invocation {
    /// The command line, program name first.
    pub args: Vec<OsString>,
    /// The environment; nothing else is read from it later.
    pub env: BTreeMap<OsString, OsString>,
    pub stdin: Box<dyn Read + Send>,
    /// Whether standard input and the signals belong to the process: then a command asked to end by a signal leaves
    /// everything in order before the process ends by it.
    pub owns_process: bool,
    /// Whether a person can answer a question there.
    pub stdin_is_terminal: bool,
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
}

/// Runs one command and returns its exit code: 0 success, 1 failed, 2 error.
pub fn run(invocation: Invocation, stdout: &mut dyn Write, stderr: &mut dyn Write) -> u8 {
    let owns_process = invocation.owns_process;
    let status = run::run(invocation, stdout, stderr);
    if let exit::ExitStatus::Signal(signal) = status
        && owns_process
    {
        signals::end_by(signal);
    }
    status.code()
}
