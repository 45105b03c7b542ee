-- Why: what the steps of this folder come to, for a new database. Made by `cargo test --lib rewrite_ -- --ignored`.
CREATE TABLE system (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
, checksum INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE segment (
    id       INTEGER PRIMARY KEY,
    stream   INTEGER NOT NULL REFERENCES stream (id),
    first_ts INTEGER NOT NULL,
    last_ts  INTEGER NOT NULL CHECK (last_ts >= first_ts),
    count    INTEGER NOT NULL CHECK (count > 0),
    body     BLOB NOT NULL
, checksum INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX segment_place ON segment (stream, first_ts);
CREATE TABLE note (
    stream INTEGER NOT NULL REFERENCES stream (id),
    ts     INTEGER NOT NULL,
    text   TEXT NOT NULL, checksum INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (stream, ts)
) STRICT, WITHOUT ROWID;
CREATE TABLE ingest (
    id          INTEGER PRIMARY KEY,
    file        TEXT NOT NULL,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,
    read        INTEGER NOT NULL,
    inserted    INTEGER NOT NULL,
    duplicates  INTEGER NOT NULL,
    conflicts   INTEGER NOT NULL,
    rejected    INTEGER NOT NULL
, checksum INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE objective_input (
    system    INTEGER NOT NULL REFERENCES system (id),
    objective INTEGER NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
    PRIMARY KEY (system, objective)
) STRICT, WITHOUT ROWID;
CREATE INDEX objective_input_objective ON objective_input (objective);
CREATE TABLE maintenance_input (
    system      INTEGER NOT NULL REFERENCES system (id),
    maintenance INTEGER NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
    PRIMARY KEY (system, maintenance)
) STRICT, WITHOUT ROWID;
CREATE INDEX maintenance_input_maintenance ON maintenance_input (maintenance);
CREATE TABLE seal (
    objective    INTEGER PRIMARY KEY REFERENCES manifest (id) ON DELETE CASCADE,
    fingerprint  INTEGER NOT NULL,
    sealed_until INTEGER NOT NULL
, published_until INTEGER NOT NULL DEFAULT 0, checksum INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE ledger (
    objective INTEGER PRIMARY KEY REFERENCES manifest (id) ON DELETE CASCADE,
    body      BLOB NOT NULL
, checksum INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE apply_log (
    id         INTEGER PRIMARY KEY,
    applied_at INTEGER NOT NULL,
    set_name   TEXT NOT NULL,
    commit_id  TEXT,
    author     TEXT,
    unchanged  INTEGER NOT NULL
, checksum INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE apply_change (
    apply    INTEGER NOT NULL REFERENCES apply_log (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    deed     TEXT NOT NULL CHECK (deed IN ('create', 'rename', 'update', 'delete', 'orphan')),
    kind     TEXT NOT NULL,
    name     TEXT NOT NULL,
    old_name TEXT,
    fields   TEXT NOT NULL, checksum INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (apply, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX apply_change_object ON apply_change (name, apply);
CREATE TABLE computation (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    as_of      TEXT NOT NULL,
    is_current INTEGER NOT NULL CHECK (is_current IN (0, 1))
, checksum INTEGER NOT NULL DEFAULT 0, digest INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE objective_status (
    objective_id                         TEXT PRIMARY KEY,
    system_id                            TEXT NOT NULL,
    healthcheck                          TEXT,
    labels                               TEXT NOT NULL,
    target                               REAL NOT NULL,
    window_days                          INTEGER,
    window_type                          TEXT NOT NULL,
    window_start                         TEXT NOT NULL,
    window_end                           TEXT NOT NULL,
    dependency_exclusion                 TEXT NOT NULL,
    state                                TEXT NOT NULL,
    budget_tier                          TEXT NOT NULL,
    is_breaching                         INTEGER NOT NULL,
    has_open_downtime                    INTEGER NOT NULL,
    fast_burn                            INTEGER NOT NULL,
    orphaned                             INTEGER NOT NULL,
    error_budget_total_minutes           REAL NOT NULL,
    error_budget_consumed_strict_minutes REAL NOT NULL,
    error_budget_consumed_minutes        REAL NOT NULL,
    error_budget_remaining_minutes       REAL NOT NULL,
    error_budget_overspent_minutes       REAL NOT NULL,
    budget_remaining_percent             REAL NOT NULL,
    current_availability                 REAL,
    strict_availability                  REAL,
    coverage_percent                     REAL,
    excluded_minutes                     REAL NOT NULL,
    not_counted_minutes                  REAL NOT NULL,
    attribution                          TEXT NOT NULL,
    burn_rate                            REAL,
    burn_rate_5m                         REAL,
    burn_rate_30m                        REAL,
    burn_rate_1h                         REAL,
    burn_rate_2h                         REAL,
    burn_rate_6h                         REAL,
    burn_rate_1d                         REAL,
    burn_rate_3d                         REAL,
    exhausted_at                         TEXT,
    recovers_at                          TEXT,
    full_at                              TEXT
, last_seen TEXT, data_age_seconds INTEGER, status_known INTEGER NOT NULL DEFAULT 0, checksum INTEGER NOT NULL DEFAULT 0, down_since TEXT, window_timezone TEXT NOT NULL DEFAULT 'UTC', corrected_minutes REAL NOT NULL DEFAULT 0, maintenance TEXT, maintenance_until TEXT, too_short_minutes REAL NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE TABLE system_status (
    system_id             TEXT PRIMARY KEY,
    status                TEXT NOT NULL,
    healthy_checks        INTEGER NOT NULL,
    total_checks          INTEGER NOT NULL,
    in_status_since       TEXT,
    in_status_for_seconds INTEGER,
    transitions_in_window INTEGER NOT NULL,
    last_seen             TEXT
, data_age_seconds INTEGER, checksum INTEGER NOT NULL DEFAULT 0, retired INTEGER NOT NULL DEFAULT 0, maintenance TEXT, maintenance_until TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE streak (
    objective_id    TEXT PRIMARY KEY,
    system_id       TEXT NOT NULL,
    current_streak  INTEGER NOT NULL,
    best_streak     INTEGER NOT NULL,
    streak_start    TEXT,
    best_streak_end TEXT
, checksum INTEGER NOT NULL DEFAULT 0, lost_streak INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE TABLE achievement (
    system_id   TEXT NOT NULL,
    achievement TEXT NOT NULL,
    unlocked_at TEXT NOT NULL, checksum INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (system_id, achievement)
) STRICT, WITHOUT ROWID;
CREATE TABLE change_log (
    sequence       INTEGER PRIMARY KEY AUTOINCREMENT,
    as_of          TEXT NOT NULL,
    kind           TEXT NOT NULL CHECK (kind IN ('objective', 'system', 'achievement', 'condition')),
    id             TEXT NOT NULL,
    occurred_at    TEXT NOT NULL,
    previous       TEXT,
    next           TEXT,
    changed_fields TEXT NOT NULL
, checksum INTEGER NOT NULL DEFAULT 0, view TEXT) STRICT;
CREATE INDEX change_log_id ON change_log (kind, id);
CREATE TABLE delivery (
    name           TEXT PRIMARY KEY,
    delivered_through INTEGER NOT NULL
, checksum INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE TABLE condition_logged (
    condition    TEXT NOT NULL,
    objective    TEXT NOT NULL,
    fingerprint  INTEGER NOT NULL,
    logged_until INTEGER NOT NULL, checksum INTEGER NOT NULL DEFAULT 0, logged_from INTEGER NOT NULL DEFAULT -2305843009213693952,
    PRIMARY KEY (condition, objective)
) STRICT, WITHOUT ROWID;
CREATE INDEX condition_logged_until ON condition_logged (logged_until);
CREATE TABLE dependency_input (
    upstream   INTEGER NOT NULL REFERENCES system (id),
    dependent  INTEGER NOT NULL REFERENCES system (id),
    -- Whether what may excuse the upstream may excuse the dependent, too.
    transitive INTEGER NOT NULL,
    PRIMARY KEY (upstream, dependent)
) STRICT, WITHOUT ROWID;
CREATE TABLE overruled (
    stream INTEGER NOT NULL REFERENCES stream (id),
    ts     INTEGER NOT NULL,
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 3),
    -- '' where it came without one.
    note   TEXT NOT NULL,
    ingest INTEGER NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (stream, ts, status, note)
) STRICT, WITHOUT ROWID;
CREATE TABLE rewrite_log (
    id          INTEGER PRIMARY KEY,
    done_at     INTEGER NOT NULL,
    author      TEXT,
    deed        TEXT NOT NULL CHECK (deed IN ('forget-ingest', 'forget-system', 'rename-system')),
    -- Of a forgotten ingest; its id is never given again.
    ingest      INTEGER,
    file        TEXT,
    -- Of forgotten streams, or the old name of a system.
    system      TEXT,
    source      INTEGER,
    healthcheck TEXT,
    new_name    TEXT,
    transitions INTEGER NOT NULL,
    notes       INTEGER NOT NULL,
    checksum    INTEGER NOT NULL DEFAULT 0
, location TEXT) STRICT;
CREATE TABLE "stream" (
    id          INTEGER PRIMARY KEY,
    system      INTEGER NOT NULL REFERENCES system (id),
    source      INTEGER NOT NULL CHECK (source IN (0, 1)),
    healthcheck TEXT NOT NULL,
    location    TEXT NOT NULL,
    first_ts    INTEGER NOT NULL,
    checksum    INTEGER NOT NULL DEFAULT 0,
    UNIQUE (system, source, healthcheck, location)
) STRICT;
CREATE TABLE member_input (
    member    INTEGER NOT NULL REFERENCES system (id),
    composite INTEGER NOT NULL REFERENCES system (id),
    PRIMARY KEY (member, composite)
) STRICT, WITHOUT ROWID;
CREATE TABLE input_digest (
    system     INTEGER PRIMARY KEY REFERENCES system (id),
    objectives INTEGER NOT NULL,
    windows    INTEGER NOT NULL,
    dependents INTEGER NOT NULL,
    composites INTEGER NOT NULL,
    checksum   INTEGER NOT NULL
) STRICT;
CREATE TABLE "manifest" (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         TEXT NOT NULL CHECK (kind IN ('System', 'SLO', 'MaintenanceWindow', 'Correction', 'Condition')),
    name         TEXT NOT NULL,
    body         TEXT NOT NULL,
    file         TEXT NOT NULL,
    document     INTEGER NOT NULL,
    content_hash TEXT NOT NULL,
    applied_at   INTEGER NOT NULL,
    set_name     TEXT,
    orphaned_at  INTEGER,
    commit_id    TEXT,
    repository   TEXT,
    checksum     INTEGER NOT NULL DEFAULT 0,
    UNIQUE (kind, name)
) STRICT;
CREATE TABLE snapshot_run (
    objective_id             TEXT NOT NULL,
    date                     TEXT NOT NULL,
    days                     INTEGER NOT NULL CHECK (days BETWEEN 1 AND 64),
    availability_percent     REAL,
    budget_consumed_minutes  REAL NOT NULL,
    budget_remaining_percent REAL NOT NULL,
    burn_rate                REAL,
    streak_days              INTEGER NOT NULL,
    streak_step              INTEGER NOT NULL CHECK (streak_step IN (0, 1)),
    checksum                 INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (objective_id, date)
) STRICT, WITHOUT ROWID;
CREATE VIEW daily_snapshot AS
WITH RECURSIVE number (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM number WHERE n < 63)
SELECT objective_id, date(date, n || ' days') AS date, availability_percent, budget_consumed_minutes, budget_remaining_percent, burn_rate,
       streak_days + n * streak_step AS streak_days
FROM snapshot_run CROSS JOIN number WHERE n < days;
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
