//! Much of something, in little time and memory.

mod maintenance;
mod memory;
