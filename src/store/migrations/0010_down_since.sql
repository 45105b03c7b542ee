-- Why: an objective says since when it is down, its state `degraded` is called `down`, and silence no longer ends an
-- outage.
ALTER TABLE objective_status ADD COLUMN down_since TEXT;
UPDATE objective_status SET state = 'down' WHERE state = 'degraded';

-- Stored conditions keep their meaning.
UPDATE manifest SET body = replace(replace(replace(replace(body,
    'state == \"degraded\"', 'state == \"down\"'), 'state != \"degraded\"', 'state != \"down\"'),
    '\"degraded\" == state', '\"down\" == state'), '\"degraded\" != state', '\"down\" != state')
WHERE kind = 'Condition';

-- Everything computed follows from the journal by other rules now.
DELETE FROM ledger;
DELETE FROM seal;
DELETE FROM condition_logged;
UPDATE computation SET is_current = 0;
