-- Why: a check may be made from several locations, each of which is a stream of its own; location '' is the one unnamed
-- location.
CREATE TABLE located (
    id          INTEGER PRIMARY KEY,
    system      INTEGER NOT NULL REFERENCES system (id),
    source      INTEGER NOT NULL CHECK (source IN (0, 1)),
    healthcheck TEXT NOT NULL,
    location    TEXT NOT NULL,
    first_ts    INTEGER NOT NULL,
    checksum    INTEGER NOT NULL DEFAULT 0,
    UNIQUE (system, source, healthcheck, location)
) STRICT;
INSERT INTO located (id, system, source, healthcheck, location, first_ts)
SELECT id, system, source, healthcheck, '', first_ts FROM stream;
DROP TABLE stream;
ALTER TABLE located RENAME TO stream;

-- What decides the numbers of an objective is encoded in another way.
DELETE FROM seal;
DELETE FROM ledger;

-- Why: the status of a composite system follows from its members', whose facts decide its objectives as well.
CREATE TABLE member_input (
    member    INTEGER NOT NULL REFERENCES system (id),
    composite INTEGER NOT NULL REFERENCES system (id),
    PRIMARY KEY (member, composite)
) STRICT, WITHOUT ROWID;
DROP TABLE input_digest;
CREATE TABLE input_digest (
    system     INTEGER PRIMARY KEY REFERENCES system (id),
    objectives INTEGER NOT NULL,
    windows    INTEGER NOT NULL,
    dependents INTEGER NOT NULL,
    composites INTEGER NOT NULL,
    checksum   INTEGER NOT NULL
) STRICT;
INSERT INTO input_digest
SELECT id, (SELECT coalesce(sum(row_sum(objective)), 0) FROM objective_input WHERE objective_input.system = system.id),
           (SELECT coalesce(sum(row_sum(maintenance)), 0) FROM maintenance_input WHERE maintenance_input.system = system.id),
           (SELECT coalesce(sum(row_sum(dependent, transitive)), 0) FROM dependency_input WHERE upstream = system.id), 0, 0
FROM system;
