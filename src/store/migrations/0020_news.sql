-- Why: the log of a new condition begins with what is new; of the known conditions, everything was logged.
ALTER TABLE condition_logged ADD COLUMN logged_from INTEGER NOT NULL DEFAULT -2305843009213693952;

-- Earlier steps delete how far they are logged, not that they are: no name has a space.
INSERT OR IGNORE INTO condition_logged (condition, objective, fingerprint, logged_until)
SELECT DISTINCT substr(id, 1, instr(id, ' ') - 1), substr(id, instr(id, ' ') + 1), 0, -2305843009213693952
FROM change_log WHERE kind = 'condition' AND instr(id, ' ') > 1;
