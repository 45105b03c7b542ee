//! Tests of the feed as a whole.
