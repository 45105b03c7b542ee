-- Outages may be too short to count: rows tell how much of the window is downtime of such ones.
ALTER TABLE objective_status ADD COLUMN too_short_minutes REAL NOT NULL DEFAULT 0;
UPDATE computation SET is_current = 0;
