-- Why: the text of --exec may hold secrets, and anyone who may read the database could read it. A recipient is known by
-- a name or by a hash.
ALTER TABLE delivery RENAME COLUMN command TO name;
