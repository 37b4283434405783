-- Each entry of the audit holds the hash of the one before and of its own contents. SQL can't hash:
-- `storage/chain.rs` chains the entries that are here already, all of them in one transaction, when
-- the database is opened next; until then `hash` is empty in all of them.
ALTER TABLE audit ADD COLUMN hash BLOB CHECK (hash IS NULL OR length(hash) = 32);

-- REPLACE would delete without a DELETE trigger, so a number is never given twice.
CREATE TRIGGER audit_is_appended_to BEFORE INSERT ON audit
WHEN NEW.hash IS NULL OR NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM audit)
BEGIN
    SELECT RAISE(ABORT, 'the audit is only ever appended to');
END;

-- The one change there ever is: an entry of before gets its hash.
CREATE TRIGGER audit_is_not_altered BEFORE UPDATE ON audit
WHEN OLD.hash IS NOT NULL OR NEW.hash IS NULL
    OR NEW.sequence IS NOT OLD.sequence OR NEW.at IS NOT OLD.at OR NEW.actor IS NOT OLD.actor
    OR NEW.action IS NOT OLD.action OR NEW.subject IS NOT OLD.subject
    OR NEW.address IS NOT OLD.address OR NEW.result IS NOT OLD.result
BEGIN
    SELECT RAISE(ABORT, 'the audit is only ever appended to');
END;

CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only ever appended to');
END;

-- Tells the key file that belongs to this database from every other; reveals nothing of it.
ALTER TABLE directory ADD COLUMN key_check BLOB;

-- Expired ones are swept out.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
