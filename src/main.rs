//! Hands arguments and streams to the library; nothing else.
fn main() {}
