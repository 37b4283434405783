-- What admins set of the organisation while the directory runs.
CREATE TABLE policy (
    only_row        INTEGER PRIMARY KEY CHECK (only_row = 1),
    reminder_hours  INTEGER NOT NULL DEFAULT 4 CHECK (reminder_hours BETWEEN 1 AND 24),
    -- 0: passwords don't expire.
    expiry_days     INTEGER NOT NULL DEFAULT 0 CHECK (expiry_days BETWEEN 0 AND 3650)
) STRICT;
INSERT INTO policy (only_row) VALUES (1);

-- Apart from the policy, which is read at every check-in.
CREATE TABLE logo (
    only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
    -- SHA-256 of the file, in hexadecimal: by it computers know whether they have it.
    digest    TEXT NOT NULL CHECK (length(digest) = 64),
    png       BLOB NOT NULL
) STRICT;
