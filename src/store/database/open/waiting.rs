//! Owns how long a command waits for another that writes, and how often it looks whether that is over.

use std::time::Duration;

use rusqlite::Connection;

/// How long a command waits in all.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// So many looks with so long a pause before each. SQLite's own waiting looks ever more rarely, so that whoever came last takes the
/// lock from whoever has waited longest, again and again; here who waits longer looks more often.
const STAGES: [(u32, Duration); 4] = [
    (5, Duration::from_millis(1)),
    (100, Duration::from_millis(10)),
    (400, Duration::from_millis(5)),
    (28_500, Duration::from_millis(2)),
];

/// Makes a connection wait for others.
pub(super) fn wait_for_others(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(|looks| {
        let pause = pause(looks.unsigned_abs());
        pause.into_iter().for_each(std::thread::sleep);
        pause.is_some()
    }))
}

/// The pause after so many looks; `None` when it is time to give up.
fn pause(looks: u32) -> Option<Duration> {
    let mut before = 0;
    STAGES.into_iter().find_map(|(count, pause)| {
        before += count;
        (looks < before).then_some(pause)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_pauses_together_are_the_patience() {
        let pauses: Vec<Duration> = (0..).map_while(pause).collect();
        let all: Duration = pauses.iter().sum();
        assert!(all >= PATIENCE && all < PATIENCE + Duration::from_millis(100), "{all:?}");
        // Newcomers look at once; after that nobody looks less often for having waited longer.
        assert!(pauses[5..].windows(2).all(|pair| pair[0] >= pair[1]));
    }
}
