-- Why: the systems that decide an objective were kept as one row each, so that objectives over long chains of
-- dependencies had as many rows as there are systems. Edges hold the same: an objective has its own system, and systems
-- have their upstreams.
CREATE TABLE dependency_input (
    upstream   INTEGER NOT NULL REFERENCES system (id),
    dependent  INTEGER NOT NULL REFERENCES system (id),
    -- Whether what may excuse the upstream may excuse the dependent, too.
    transitive INTEGER NOT NULL,
    PRIMARY KEY (upstream, dependent)
) STRICT, WITHOUT ROWID;
INSERT INTO dependency_input
SELECT upstream.id, dependent.id, max(json_extract(edge.value, '$.transitive'))
FROM manifest JOIN json_each(manifest.body, '$.dependencies') AS edge
JOIN system AS dependent ON dependent.name = manifest.name
JOIN system AS upstream ON upstream.name = json_extract(edge.value, '$.upstream')
WHERE manifest.kind = 'System' AND json_extract(edge.value, '$.impactType') <> 'informational'
GROUP BY upstream.id, dependent.id;
DELETE FROM objective_input WHERE NOT EXISTS (
    SELECT 1 FROM manifest JOIN system ON system.name = json_extract(manifest.body, '$.system')
    WHERE manifest.id = objective_input.objective AND system.id = objective_input.system);

DROP TABLE input_digest;
CREATE TABLE input_digest (
    system     INTEGER PRIMARY KEY REFERENCES system (id),
    objectives INTEGER NOT NULL,
    windows    INTEGER NOT NULL,
    dependents INTEGER NOT NULL,
    checksum   INTEGER NOT NULL
) STRICT;
INSERT INTO input_digest
SELECT id, (SELECT coalesce(sum(row_sum(objective)), 0) FROM objective_input WHERE objective_input.system = system.id),
           (SELECT coalesce(sum(row_sum(maintenance)), 0) FROM maintenance_input WHERE maintenance_input.system = system.id),
           (SELECT coalesce(sum(row_sum(dependent, transitive)), 0) FROM dependency_input WHERE upstream = system.id), 0
FROM system;

-- Sealed days now refer to upstreams by id, no longer by position.
DELETE FROM seal;
DELETE FROM ledger;
