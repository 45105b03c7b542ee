//! Large amounts, in little time and memory.

mod maintenance;
mod memory;
