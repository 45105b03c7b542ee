-- Why: systems and objectives show the active maintenance, and systems whether they are retired.
ALTER TABLE objective_status ADD COLUMN maintenance TEXT;
ALTER TABLE objective_status ADD COLUMN maintenance_until TEXT;
ALTER TABLE system_status ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;
ALTER TABLE system_status ADD COLUMN maintenance TEXT;
ALTER TABLE system_status ADD COLUMN maintenance_until TEXT;
UPDATE computation SET is_current = 0;
