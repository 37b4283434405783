-- A person's second factors. The secret is stored sealed under the key file, so that a copy of the
-- database makes no code. What kinds there are, the program knows.
CREATE TABLE factors (
    id            TEXT PRIMARY KEY,
    person        TEXT NOT NULL REFERENCES people (id),
    kind          TEXT NOT NULL,
    sealed        BLOB NOT NULL,
    begun_at      INTEGER NOT NULL,
    -- Empty until the person has shown that they hold it.
    enrolled_at   INTEGER,
    -- The oldest generation whose envelopes it helps to release.
    vouches_from  INTEGER,
    -- The newest step whose code was taken: none is good twice.
    used_step     INTEGER NOT NULL,
    UNIQUE (person, kind),
    CHECK ((enrolled_at IS NULL) = (vouches_from IS NULL))
) STRICT;

-- An admin's last reset of a person's factors counts like an issued password: what was sealed up to
-- the generation in force then is not released by a factor that was enrolled afterwards.
CREATE TABLE factor_resets (
    person      TEXT PRIMARY KEY REFERENCES people (id),
    generation  INTEGER NOT NULL
) STRICT;

-- The last time that a person's former password was recovered though another had been issued since:
-- they are told.
CREATE TABLE recoveries (
    person    TEXT PRIMARY KEY REFERENCES people (id),
    at        INTEGER NOT NULL,
    computer  TEXT NOT NULL,
    address   TEXT NOT NULL
) STRICT;
