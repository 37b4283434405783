-- A session that a change has ended is told of that change and of no later one. What was kept
-- without it served for a week at most.
DROP TABLE ended_sessions;
CREATE TABLE ended_sessions (
    token_hash  BLOB PRIMARY KEY,
    person      TEXT NOT NULL REFERENCES people (id),
    ended_at    INTEGER NOT NULL,
    channel     TEXT NOT NULL,
    client      TEXT NOT NULL,
    address     TEXT NOT NULL
) STRICT;
CREATE INDEX ended_sessions_by_person ON ended_sessions (person);
