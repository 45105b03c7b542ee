-- Why: whoever is told of a change asks next whose it is, and how its budget stands.
ALTER TABLE change_log ADD COLUMN view TEXT;
