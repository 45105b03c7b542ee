-- Why: days are those of an objective's own time zone, and reported at their close. What was sealed and published by
-- midnights of UTC is recomputed.
DELETE FROM seal;
DELETE FROM ledger;
DELETE FROM daily_snapshot;
UPDATE computation SET is_current = 0;

-- The midnight at the end of the first day that is not sealed, or any time before it; late facts move it back with
-- sealed_until, which need not be a midnight any more: days that end by then are sealed.
ALTER TABLE seal ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE objective_status ADD COLUMN window_timezone TEXT NOT NULL DEFAULT 'UTC';
ALTER TABLE streak ADD COLUMN lost_streak INTEGER NOT NULL DEFAULT 0;
