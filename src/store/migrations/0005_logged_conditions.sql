-- Why: `slo compute` logs when conditions start and stop firing; it continues where it stopped, and late facts move
-- that back.
CREATE TABLE condition_logged (
    condition    TEXT NOT NULL,
    objective    TEXT NOT NULL,
    fingerprint  INTEGER NOT NULL,
    logged_until INTEGER NOT NULL,
    PRIMARY KEY (condition, objective)
) STRICT, WITHOUT ROWID;
CREATE INDEX condition_logged_until ON condition_logged (logged_until);
