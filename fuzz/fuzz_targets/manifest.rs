//! Any bytes are manifests, or problems with their places: validation exits with 0 or 1, or 2 if there is nothing.

#![no_main]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use slo::Invocation;

fuzz_target!(|bytes: &[u8]| {
    let invocation = Invocation {
        args: ["slo", "validate", "-"].map(OsString::from).into(),
        env: BTreeMap::new(),
        stdin: Box::new(Cursor::new(bytes.to_vec())),
        stdout_is_terminal: false,
        stdin_is_terminal: false,
        stderr_is_terminal: false,
        owns_process: false,
    };
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    assert!(slo::run(invocation, &mut stdout, &mut stderr) <= 2);
    assert!(!stdout.is_empty() || !stderr.is_empty());
});
