-- Why: facts can be deleted permanently, by ingest, and a system's history can move to another name. Then the reports
-- of other ingests count, so entries that lost against a worse status or a greater note are kept; and deletions and
-- moves are logged.
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
) STRICT;
