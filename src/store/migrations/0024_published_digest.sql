-- Why: whether the tables are still those of the last computation, so that another one as of the same time has nothing
-- to do.
ALTER TABLE computation ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;
