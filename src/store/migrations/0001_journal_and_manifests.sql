-- Why: the first schema. Facts are the journal (packed segments), notes, ingests and manifests; seals and ledgers are caches.
CREATE TABLE system (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- A stream is one source of transitions of one system; healthcheck '' is the system itself.
CREATE TABLE stream (
    id          INTEGER PRIMARY KEY,
    system      INTEGER NOT NULL REFERENCES system (id),
    source      INTEGER NOT NULL CHECK (source IN (0, 1)),
    healthcheck TEXT NOT NULL,
    first_ts    INTEGER NOT NULL,
    UNIQUE (system, source, healthcheck)
) STRICT;

-- Packed transitions of one stream, see docs/design/segment-format.md. Segments of a stream never overlap.
CREATE TABLE segment (
    id       INTEGER PRIMARY KEY,
    stream   INTEGER NOT NULL REFERENCES stream (id),
    first_ts INTEGER NOT NULL,
    last_ts  INTEGER NOT NULL CHECK (last_ts >= first_ts),
    count    INTEGER NOT NULL CHECK (count > 0),
    body     BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX segment_place ON segment (stream, first_ts);

CREATE TABLE note (
    stream INTEGER NOT NULL REFERENCES stream (id),
    ts     INTEGER NOT NULL,
    text   TEXT NOT NULL,
    PRIMARY KEY (stream, ts)
) STRICT, WITHOUT ROWID;

-- Every ingest that changed the journal; transitions carry its id.
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
) STRICT;

-- Declared objects; body is their specification as JSON. Deleted ids are not reused.
CREATE TABLE manifest (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         TEXT NOT NULL CHECK (kind IN ('System', 'SLO', 'MaintenanceWindow')),
    name         TEXT NOT NULL,
    body         TEXT NOT NULL,
    file         TEXT NOT NULL,
    document     INTEGER NOT NULL,
    content_hash TEXT NOT NULL,
    applied_at   INTEGER NOT NULL,
    UNIQUE (kind, name)
) STRICT;

-- Derived from manifests: the systems whose transitions decide an objective's numbers, and those a window covers.
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

-- Caches: the sealed days of an objective (body, see docs/design/segment-format.md), valid up to sealed_until. Two tables, so that
-- a late fact moves one small row.
CREATE TABLE seal (
    objective    INTEGER PRIMARY KEY REFERENCES manifest (id) ON DELETE CASCADE,
    fingerprint  INTEGER NOT NULL,
    sealed_until INTEGER NOT NULL
) STRICT;
CREATE TABLE ledger (
    objective INTEGER PRIMARY KEY REFERENCES manifest (id) ON DELETE CASCADE,
    body      BLOB NOT NULL
) STRICT;
