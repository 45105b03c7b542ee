//! Any bytes are a packed segment that packs to the same bytes, or damaged.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| slo::fuzzing::segment(bytes));
