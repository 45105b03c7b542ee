-- Why: whether the tables are still what the last computation left, so that one as of the same moment has nothing to do.
ALTER TABLE computation ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;
