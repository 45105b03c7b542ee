//! Any bytes are CSV or rejected lines, in whatever pieces they arrive.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| slo::fuzzing::csv(bytes));
