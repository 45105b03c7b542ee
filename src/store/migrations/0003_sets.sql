-- Why: several repositories share one database. An object has its set and commit, whether its set dropped it, and who
-- applied what.
ALTER TABLE manifest ADD COLUMN set_name TEXT;
-- When the object was found missing from its set; NULL while it is declared.
ALTER TABLE manifest ADD COLUMN orphaned_at INTEGER;
ALTER TABLE manifest ADD COLUMN commit_id TEXT;

-- Every apply that changed something.
CREATE TABLE apply_log (
    id         INTEGER PRIMARY KEY,
    applied_at INTEGER NOT NULL,
    set_name   TEXT NOT NULL,
    commit_id  TEXT,
    author     TEXT,
    unchanged  INTEGER NOT NULL
) STRICT;

-- What it changed, in the order of the plan; fields is a list of {field, before, after} as JSON.
CREATE TABLE apply_change (
    apply    INTEGER NOT NULL REFERENCES apply_log (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    deed     TEXT NOT NULL CHECK (deed IN ('create', 'rename', 'update', 'delete', 'orphan')),
    kind     TEXT NOT NULL,
    name     TEXT NOT NULL,
    old_name TEXT,
    fields   TEXT NOT NULL,
    PRIMARY KEY (apply, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX apply_change_object ON apply_change (name, apply);
