//! Owns the printed results.

#![expect(clippy::print_stdout, reason = "a benchmark prints its results")]

/// Prints the head of the table.
pub(crate) fn head() {
    println!("| {:62} | {:>22} | {:>12} | {:>12} | {:>7} | {:6} |", "what", "target", "median", "min", "ratio", "");
    println!(
        "| :{} | {}: | {}: | {}: | {}: | :{} |",
        "-".repeat(61),
        "-".repeat(21),
        "-".repeat(11),
        "-".repeat(11),
        "-".repeat(6),
        "-".repeat(5)
    );
}

/// One result with its target, and whether it meets that.
pub(crate) struct Row<'a> {
    pub(crate) what: &'a str,
    pub(crate) target: String,
    pub(crate) median: String,
    pub(crate) min: String,
    /// The figure relative to its target: at most 1 passes.
    pub(crate) ratio: Option<f64>,
}

impl Row<'_> {
    pub(crate) fn print(&self) {
        let ratio = self.ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
        let verdict = match self.ratio {
            Some(ratio) if ratio <= 1.0 => "pass",
            Some(_) => "MISS",
            None => "",
        };
        println!(
            "| {:62} | {:>22} | {:>12} | {:>12} | {ratio:>7} | {verdict:6} |",
            self.what, self.target, self.median, self.min
        );
    }
}

/// A duration in a suitable unit.
pub(crate) fn time(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.2} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

/// Rows per second.
pub(crate) fn rate(rows: usize, seconds: f64) -> String {
    format!("{:.2} M/s", rows as f64 / seconds / 1e6)
}

/// Reports why something was skipped.
pub(crate) fn skip(what: &str, why: &str) {
    println!("| {what:62} | skipped: {why}");
}

/// Prints a line beside the table.
pub(crate) fn say(text: &str) {
    println!("{text}");
}
