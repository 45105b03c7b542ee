//! Any text is a recurrence rule whose occurrences are in order and do not touch, or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| slo::fuzzing::rrule(text));
