-- Why: days in a row that closed alike are one row, which a view splits: a quiet year takes six rows, not 365.
DROP TABLE daily_snapshot;
CREATE TABLE snapshot_run (
    objective_id             TEXT NOT NULL,
    date                     TEXT NOT NULL,
    days                     INTEGER NOT NULL CHECK (days BETWEEN 1 AND 64),
    availability_percent     REAL,
    budget_consumed_minutes  REAL NOT NULL,
    budget_remaining_percent REAL NOT NULL,
    burn_rate                REAL,
    streak_days              INTEGER NOT NULL,
    streak_step              INTEGER NOT NULL CHECK (streak_step IN (0, 1)),
    checksum                 INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (objective_id, date)
) STRICT, WITHOUT ROWID;
CREATE VIEW daily_snapshot AS
WITH RECURSIVE number (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM number WHERE n < 63)
SELECT objective_id, date(date, n || ' days') AS date, availability_percent, budget_consumed_minutes, budget_remaining_percent, burn_rate,
       streak_days + n * streak_step AS streak_days
FROM snapshot_run CROSS JOIN number WHERE n < days;
UPDATE seal SET published_until = 0;
UPDATE computation SET is_current = 0;
