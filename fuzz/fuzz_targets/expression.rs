//! Any text is a condition that reads back as it is written, or an error that points into it.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| slo::fuzzing::expression(text));
