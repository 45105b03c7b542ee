-- Why: downtime events are published as rows, with their notes, by the next computation.
CREATE TABLE downtime_event (
    objective_id       TEXT NOT NULL,
    start_time         TEXT NOT NULL,
    system_id          TEXT NOT NULL,
    end_time           TEXT,
    duration_seconds   INTEGER NOT NULL,
    attribution_type   TEXT,
    upstream_system_id TEXT,
    source             TEXT NOT NULL,
    weight             REAL NOT NULL,
    accounting         TEXT NOT NULL,
    because            TEXT NOT NULL,
    note               TEXT,
    checksum           INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (objective_id, start_time)
) STRICT, WITHOUT ROWID;
-- The input of sealed days now has the names of maintenance windows and corrections, which events show.
DELETE FROM ledger;
DELETE FROM seal;
UPDATE computation SET is_current = 0;
