-- Why: what is logged of a new condition begins with what is news; of those that are known, all was logged.
ALTER TABLE condition_logged ADD COLUMN logged_from INTEGER NOT NULL DEFAULT -2305843009213693952;
