-- Why: objects may be Corrections. SQLite cannot change a CHECK, so the table is rebuilt; ids, also those not to be
-- reused, stay.
CREATE TABLE manifest_anew (
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
INSERT INTO manifest_anew SELECT id, kind, name, body, file, document, content_hash, applied_at, set_name, orphaned_at, commit_id, repository, checksum
FROM manifest;
DELETE FROM sqlite_sequence WHERE name = 'manifest_anew';
UPDATE sqlite_sequence SET name = 'manifest_anew' WHERE name = 'manifest';
DROP TABLE manifest;
ALTER TABLE manifest_anew RENAME TO manifest;

-- Facts may be deleted by location.
ALTER TABLE rewrite_log ADD COLUMN location TEXT;

-- What decides the numbers of an objective is encoded in another way.
DELETE FROM seal;
DELETE FROM ledger;

-- Rows say how much of the window is under a correction.
ALTER TABLE objective_status ADD COLUMN corrected_minutes REAL NOT NULL DEFAULT 0;
UPDATE computation SET is_current = 0;
