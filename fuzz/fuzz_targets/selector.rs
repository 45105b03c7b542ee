//! Any text is a selector of labels that reads back as it is written, or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| slo::fuzzing::selector(text));
