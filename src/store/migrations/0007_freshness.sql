-- Why: rows have the last time of each objective, and the log says of a condition that it is firing, as `slo check`
-- does.
ALTER TABLE objective_status ADD COLUMN last_seen TEXT;
ALTER TABLE objective_status ADD COLUMN data_age_seconds INTEGER;
ALTER TABLE objective_status ADD COLUMN status_known INTEGER NOT NULL DEFAULT 0;
ALTER TABLE system_status ADD COLUMN data_age_seconds INTEGER;
UPDATE computation SET is_current = 0;
UPDATE change_log
SET previous       = replace(previous, '"holds":', '"firing":'),
    next           = replace(next, '"holds":', '"firing":'),
    changed_fields = replace(changed_fields, '"holds"', '"firing"')
WHERE kind = 'condition';
