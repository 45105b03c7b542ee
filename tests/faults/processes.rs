//! Processes: commands run by slo, concurrent ones, and how they end.

mod compute;
mod load;
mod pipes;
mod probe;
mod secrets;
mod stopping;
mod waiting;

/// Some of the faults that are not about files; with `SLO_TEST_STORE=postgres`, all of them run on a server.
#[test]
fn other_faults_hold_on_a_server_as_well() {
    const PART: [&str; 3] = ["inputs::ingest::", "storage::upkeep::mer", "processes::probe::what"];
    assert!(crate::server::again(&PART) >= PART.len());
}
