-- A person who is suspended signs in nowhere and proves nothing; their computers keep their passwords.
ALTER TABLE people ADD COLUMN suspended_at INTEGER;

-- Issued by an admin for one use: the person replaces it when they first prove it.
ALTER TABLE credentials ADD COLUMN temporary INTEGER NOT NULL DEFAULT 0 CHECK (temporary IN (0, 1));

-- A link gives a first password, or replaces a forgotten one.
ALTER TABLE invitations ADD COLUMN kind TEXT NOT NULL DEFAULT 'invitation'
    CHECK (kind IN ('invitation', 'reset'));

-- "This wasn't me", open until an admin resolves it.
CREATE TABLE reports (
    person   TEXT PRIMARY KEY REFERENCES people (id),
    at       INTEGER NOT NULL,
    client   TEXT NOT NULL,
    address  TEXT NOT NULL,
    locks    INTEGER NOT NULL CHECK (locks IN (0, 1))
) STRICT;

-- Sessions that a change of the password has ended: each may say "This wasn't me" for a while.
CREATE TABLE ended_sessions (
    token_hash  BLOB PRIMARY KEY,
    person      TEXT NOT NULL REFERENCES people (id),
    ended_at    INTEGER NOT NULL
) STRICT;
