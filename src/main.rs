//! Hands arguments, environment and streams to the library; nothing else.

use std::io::{IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let invocation = slo::Invocation {
        args: std::env::args_os().collect(),
        env: std::env::vars_os().collect(),
        stdin: Box::new(stdin()),
        owns_process: true,
        stdin_is_terminal: stdin().is_terminal(),
        stdout_is_terminal: stdout().is_terminal(),
        stderr_is_terminal: stderr().is_terminal(),
    };
    slo::run(invocation, &mut stdout(), &mut stderr()).into()
}
