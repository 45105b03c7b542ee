//! Any bytes are packed days that pack to the same bytes, or damaged.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| slo::fuzzing::ledger(bytes));
