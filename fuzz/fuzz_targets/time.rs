//! Any text is a time that reads back as it is written, or none.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| slo::fuzzing::time(text));
