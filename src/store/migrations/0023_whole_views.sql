-- Why: whoever is told of a change needs its owner and the state of its budget next.
ALTER TABLE change_log ADD COLUMN view TEXT;
