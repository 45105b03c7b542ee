-- Outages may be too short to count: rows say how much of the window is such downtime.
ALTER TABLE objective_status ADD COLUMN too_short_minutes REAL NOT NULL DEFAULT 0;
UPDATE computation SET is_current = 0;
