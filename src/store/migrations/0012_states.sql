-- Why: conditions may name the value first, `"degraded" == slo.NAME.state`, and use the state that is called `down`
-- now. Code rewrites the expressions afterwards, because SQL cannot tell a state from the status of a system.
UPDATE computation SET is_current = 0 WHERE EXISTS (SELECT 1 FROM manifest WHERE kind = 'Condition');
