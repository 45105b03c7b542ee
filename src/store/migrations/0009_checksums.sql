-- Why: damage must be noticed. Every row has a checksum of its other columns (docs/design/segment-format.md); they are
-- made after all steps.
ALTER TABLE system ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE stream ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE segment ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE note ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ingest ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE manifest ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE apply_log ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE apply_change ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE seal ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE computation ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE objective_status ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE system_status ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE daily_snapshot ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE streak ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE achievement ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE change_log ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE condition_logged ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;

-- Per system, the sums of the checksums of its objectives' and its windows' ids in the two input tables: they show when
-- a row is missing.
CREATE TABLE input_digest (
    system     INTEGER PRIMARY KEY REFERENCES system (id),
    objectives INTEGER NOT NULL,
    windows    INTEGER NOT NULL,
    checksum   INTEGER NOT NULL
) STRICT;
INSERT INTO input_digest
SELECT id, (SELECT coalesce(sum(row_sum(objective)), 0) FROM objective_input WHERE objective_input.system = system.id),
           (SELECT coalesce(sum(row_sum(maintenance)), 0) FROM maintenance_input WHERE maintenance_input.system = system.id), 0
FROM system;
