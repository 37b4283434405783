-- Times are milliseconds since 1970. Ids are UUIDs as text. Tokens are stored as SHA-256 only.

CREATE TABLE directory (
    only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
    epoch     TEXT NOT NULL
) STRICT;

CREATE TABLE people (
    id            TEXT PRIMARY KEY,
    user_name     TEXT NOT NULL UNIQUE,
    display_name  TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('person', 'owner')),
    created_at    INTEGER NOT NULL
) STRICT;

-- suite, normalisation and the KSF's parameters are kept for each credential, because none of them
-- travels inside OPAQUE and each may change for new passwords.
CREATE TABLE credentials (
    person          TEXT PRIMARY KEY REFERENCES people (id),
    epoch           TEXT NOT NULL,
    generation      INTEGER NOT NULL CHECK (generation >= 1),
    -- The newest generation that was issued rather than proved: older envelopes stay closed.
    issued          INTEGER NOT NULL CHECK (issued <= generation),
    origin          TEXT NOT NULL CHECK (origin IN ('proved', 'issued')),
    suite           INTEGER NOT NULL,
    normalisation   INTEGER NOT NULL,
    ksf_memory_kib  INTEGER NOT NULL,
    ksf_iterations  INTEGER NOT NULL,
    ksf_parallelism INTEGER NOT NULL,
    record          BLOB NOT NULL,
    changed_at      INTEGER NOT NULL,
    channel         TEXT NOT NULL,
    client          TEXT NOT NULL,
    address         TEXT NOT NULL
) STRICT;

CREATE TABLE invitations (
    token_hash  BLOB PRIMARY KEY,
    person      TEXT NOT NULL REFERENCES people (id),
    expires_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token_hash  BLOB PRIMARY KEY,
    person      TEXT NOT NULL REFERENCES people (id),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    client      TEXT NOT NULL,
    address     TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_person ON sessions (person);

CREATE TABLE enrolments (
    token_hash  BLOB PRIMARY KEY,
    created_by  TEXT NOT NULL REFERENCES people (id),
    uses_left   INTEGER NOT NULL CHECK (uses_left >= 0),
    expires_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE devices (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    system         TEXT NOT NULL,
    agent_version  TEXT NOT NULL,
    public_key     BLOB NOT NULL UNIQUE,
    -- The hash of the enrolment token, so that a lost answer can be given again.
    enrolled_with  BLOB NOT NULL,
    enrolled_at    INTEGER NOT NULL,
    last_contact   INTEGER,
    revoked_at     INTEGER
) STRICT;

CREATE TABLE bindings (
    id          TEXT PRIMARY KEY,
    person      TEXT NOT NULL REFERENCES people (id),
    device      TEXT NOT NULL REFERENCES devices (id),
    account     TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    problem     TEXT,
    UNIQUE (device, account)
) STRICT;
CREATE INDEX bindings_by_person ON bindings (person);

CREATE TABLE stores (
    binding      TEXT NOT NULL REFERENCES bindings (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL,
    -- The epoch of the generation named in `state`; a restored directory believes no older claim.
    epoch        TEXT,
    state        TEXT NOT NULL,
    reported_at  INTEGER NOT NULL,
    PRIMARY KEY (binding, kind)
) STRICT;

-- A share is stored sealed under the key file, so that a copy of the database opens nothing.
CREATE TABLE shares (
    envelope    TEXT PRIMARY KEY,
    binding     TEXT NOT NULL REFERENCES bindings (id) ON DELETE CASCADE,
    epoch       TEXT NOT NULL,
    generation  INTEGER NOT NULL,
    sealed      BLOB NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX shares_by_binding ON shares (binding);

CREATE TABLE audit (
    sequence  INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    actor     TEXT NOT NULL,
    action    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    address   TEXT NOT NULL,
    result    TEXT NOT NULL
) STRICT;
