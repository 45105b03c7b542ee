-- Why: objects may be Conditions. SQLite cannot change a CHECK, so the table is rebuilt; ids, also those not to be
-- reused, stay.
CREATE TABLE manifest_anew (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         TEXT NOT NULL CHECK (kind IN ('System', 'SLO', 'MaintenanceWindow', 'Condition')),
    name         TEXT NOT NULL,
    body         TEXT NOT NULL,
    file         TEXT NOT NULL,
    document     INTEGER NOT NULL,
    content_hash TEXT NOT NULL,
    applied_at   INTEGER NOT NULL,
    UNIQUE (kind, name)
) STRICT;
INSERT INTO manifest_anew SELECT id, kind, name, body, file, document, content_hash, applied_at FROM manifest;
DELETE FROM sqlite_sequence WHERE name = 'manifest_anew';
UPDATE sqlite_sequence SET name = 'manifest_anew' WHERE name = 'manifest';
DROP TABLE manifest;
ALTER TABLE manifest_anew RENAME TO manifest;
