//! Owns how long a command waits for another writer, and how often it checks.

use std::time::Duration;

use rusqlite::Connection;

/// How long a command waits in total.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// The number of tries, with the pause before each. SQLite's own waiting backs off, so newcomers take the lock from
/// those that have waited longest; here, whoever waits longer tries more often.
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

/// The pause after this many tries; `None` when it is time to give up.
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
        // Newcomers try immediately; after that, longer waiting never means fewer tries.
        assert!(pauses[5..].windows(2).all(|pair| pair[0] >= pair[1]));
    }
}
