-- Why: `slo compute` publishes rows for other readers of the file (docs/reference/tables.md, a stable interface), logs
-- changes, and notifies commands.
CREATE TABLE computation (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    as_of      TEXT NOT NULL,
    is_current INTEGER NOT NULL CHECK (is_current IN (0, 1))
) STRICT;

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
) STRICT, WITHOUT ROWID;

CREATE TABLE system_status (
    system_id             TEXT PRIMARY KEY,
    status                TEXT NOT NULL,
    healthy_checks        INTEGER NOT NULL,
    total_checks          INTEGER NOT NULL,
    in_status_since       TEXT,
    in_status_for_seconds INTEGER,
    transitions_in_window INTEGER NOT NULL,
    last_seen             TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE daily_snapshot (
    objective_id             TEXT NOT NULL,
    date                     TEXT NOT NULL,
    availability_percent     REAL,
    budget_consumed_minutes  REAL NOT NULL,
    budget_remaining_percent REAL NOT NULL,
    burn_rate                REAL,
    streak_days              INTEGER NOT NULL,
    PRIMARY KEY (objective_id, date)
) STRICT, WITHOUT ROWID;

CREATE TABLE streak (
    objective_id    TEXT PRIMARY KEY,
    system_id       TEXT NOT NULL,
    current_streak  INTEGER NOT NULL,
    best_streak     INTEGER NOT NULL,
    streak_start    TEXT,
    best_streak_end TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE achievement (
    system_id   TEXT NOT NULL,
    achievement TEXT NOT NULL,
    unlocked_at TEXT NOT NULL,
    PRIMARY KEY (system_id, achievement)
) STRICT, WITHOUT ROWID;

-- Append-only.
CREATE TABLE change_log (
    sequence       INTEGER PRIMARY KEY AUTOINCREMENT,
    as_of          TEXT NOT NULL,
    kind           TEXT NOT NULL CHECK (kind IN ('objective', 'system', 'achievement', 'condition')),
    id             TEXT NOT NULL,
    occurred_at    TEXT NOT NULL,
    previous       TEXT,
    next           TEXT,
    changed_fields TEXT NOT NULL
) STRICT;
CREATE INDEX change_log_id ON change_log (kind, id);

-- The last change that each command of --exec was told of.
CREATE TABLE delivery (
    command           TEXT PRIMARY KEY,
    delivered_through INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The midnight until which an objective's rows of daily_snapshot are valid; late facts move it back as they move
-- sealed_until.
ALTER TABLE seal ADD COLUMN published_until INTEGER NOT NULL DEFAULT 0;
