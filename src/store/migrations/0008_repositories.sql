-- Why: an object is orphaned when its file is gone from its repository, so the repository must be known, not only the
-- set. NULL outside of a repository, and for objects from before this column until they are applied again.
ALTER TABLE manifest ADD COLUMN repository TEXT;
