PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO _sqlx_migrations VALUES(1,'first','2026-11-23 21:24:08',1,X'caa4d10c9aecffdbd1dfe586f36108b7cc37d0a3c9592fdff1cc54daf0f00fd310770fa81890730e862ff0ff39fb58c9',1703505);
CREATE TABLE directory (
    only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
    epoch     TEXT NOT NULL
) STRICT;
INSERT INTO directory VALUES(1,'a9e3c55a-3ff5-408a-9dc2-09761fcaef26');
CREATE TABLE people (
    id            TEXT PRIMARY KEY,
    user_name     TEXT NOT NULL UNIQUE,
    display_name  TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('person', 'owner')),
    created_at    INTEGER NOT NULL
) STRICT;
INSERT INTO people VALUES('99debd06-c53c-4549-be42-247cb6daf5f3','admin','admin','owner',1795469048237);
INSERT INTO people VALUES('2ed65c02-43bd-4cf3-9089-7481efd23165','bea','bea','person',1795469048273);
INSERT INTO people VALUES('cec2903b-f677-497f-80b6-136874ed876d','carl','carl','person',1795469048299);
INSERT INTO people VALUES('3a4a4ce3-b27d-444d-9505-9c11ee1cab68','dora','dora','person',1795469048317);
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
INSERT INTO credentials VALUES('99debd06-c53c-4549-be42-247cb6daf5f3','a9e3c55a-3ff5-408a-9dc2-09761fcaef26',1,1,'issued',1,1,19456,2,1,X'3a5e9a6b4b724327ee8944a7c9ffea15650ff0662a0fc507ad06c8fa7be67d17bf3b8cd6015a6800acf1085918854335f9c105cc3a3c3e264120a85e8c05f7dba8a559f41c56583bbec8e9986d6206f6bc6baaf5b894c79e3d9c619dbb337bc30ffb9f9b355ffbe3a14ae5c376dd08e1791d20e1e11bc42929e773ca9160045ff89a5d19a0b866a808fd8380d5c60be905d04a1310f2197a4550c9f80a179304de97cba4d620f31b7e04a340782ad502d3a9418458e9accb4f490c76a7a0a3f8',1795469048270,'invitation','an unknown program','local socket');
INSERT INTO credentials VALUES('cec2903b-f677-497f-80b6-136874ed876d','a9e3c55a-3ff5-408a-9dc2-09761fcaef26',1,1,'issued',1,1,19456,2,1,X'828565269d059676fab8d3dc934614c7308f6b014d524c65d70e62a387d47e717bcd5f6abb3cca72e474b4c69ef0e264b1e0de86c86e5c8b69d4b5bf55d1366da04cdf7c4a3d5a2dc3732ac6c4fd0c211447b46647a4aa5d924dc065e644c324f77a48409e9b2e0e4ec38af7fa9b7d71589829883b595dabf5848e81fa8415d437c6bd9f489f5b9ca92586e8f3261c18443f642543e5711ab586071b2374a1e80c72e720e0e6434811e60c677ded432b20880a6e7a356f615f4cdc343bea7595',1795469048314,'invitation','an unknown program','local socket');
INSERT INTO credentials VALUES('2ed65c02-43bd-4cf3-9089-7481efd23165','a9e3c55a-3ff5-408a-9dc2-09761fcaef26',2,1,'proved',1,1,19456,2,1,X'70b782537369e6bc8fec46bdc2fd5b8d8bc636df14367d402f39843beec7d5619f2005da66c17b4f7077a03dcafd20431c38f507c5412b63e5b76339c0ee495056b87a1630b0c510e73b1e9dc69bc2e4792fce100910224d6c45d453d47729f6b4afba4d4002e2b62d5a0efbd5b0a2afdc182dd688018bd29fe7fe289e66f2c1e8fe1b38958a313be148a294db5b6d203ab6ab04d2150e050deca8501904048c34937effa6e90618a01c866ce66bd57ebc1d34b4c50bab07cc99b7f20d58f7a4',1795469048379,'portal','an unknown program','local socket');
CREATE TABLE invitations (
    token_hash  BLOB PRIMARY KEY,
    person      TEXT NOT NULL REFERENCES people (id),
    expires_at  INTEGER NOT NULL
) STRICT;
INSERT INTO invitations VALUES(X'c6a2e97917e0233ed495f8529519d7ff044d4a533d4ee30774a663a7bf9a7aac','3a4a4ce3-b27d-444d-9505-9c11ee1cab68',4102444800000);
CREATE TABLE sessions (
    token_hash  BLOB PRIMARY KEY,
    person      TEXT NOT NULL REFERENCES people (id),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    client      TEXT NOT NULL,
    address     TEXT NOT NULL
) STRICT;
INSERT INTO sessions VALUES(X'551d22a41f9d60494a2da4204a6f4f87b9bbaa382c681df0f999404ea0bd6697','99debd06-c53c-4549-be42-247cb6daf5f3',1795469048270,4102444800000,'an unknown program','local socket');
INSERT INTO sessions VALUES(X'84b15dd08c418931d6a32ab76e4e3aac3b09e1851287328521d6b836ce166384','2ed65c02-43bd-4cf3-9089-7481efd23165',1795469048297,4102444800000,'an unknown program','local socket');
INSERT INTO sessions VALUES(X'35f627647745c4bdd3df6047677c53469797b0f6d51b655bbb5fabbad12e1c1d','cec2903b-f677-497f-80b6-136874ed876d',1795469048314,4102444800000,'an unknown program','local socket');
CREATE TABLE enrolments (
    token_hash  BLOB PRIMARY KEY,
    created_by  TEXT NOT NULL REFERENCES people (id),
    uses_left   INTEGER NOT NULL CHECK (uses_left >= 0),
    expires_at  INTEGER NOT NULL
) STRICT;
INSERT INTO enrolments VALUES(X'173bf9725a8a0b1d79635b7dccacee6bbe98ecbc793dfbfa56428c674feb466d','99debd06-c53c-4549-be42-247cb6daf5f3',1,4102444800000);
INSERT INTO enrolments VALUES(X'c8d0ec1d917999152fb2c4b65ffbffa5d6a7349e17ce46a12ce37ac6610891a6','99debd06-c53c-4549-be42-247cb6daf5f3',0,4102444800000);
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
INSERT INTO devices VALUES('81150aed-64be-4f8f-b7c0-2ca45c49fb14','desk','Debian 12','1',X'041b06db72a990b7f3015fd13aae81fb245d0fb79448d0aa09c2ac9afae1d83978d6b2fb25b83c1d11df5546a3b7e04622a9bd49881481070bbef92cb46f28ab35',X'c8d0ec1d917999152fb2c4b65ffbffa5d6a7349e17ce46a12ce37ac6610891a6',1795469048323,1795469048323,NULL);
CREATE TABLE bindings (
    id          TEXT PRIMARY KEY,
    person      TEXT NOT NULL REFERENCES people (id),
    device      TEXT NOT NULL REFERENCES devices (id),
    account     TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    problem     TEXT,
    UNIQUE (device, account)
) STRICT;
INSERT INTO bindings VALUES('31de8742-9443-4c3f-9d7a-2f53a66fae1c','2ed65c02-43bd-4cf3-9089-7481efd23165','81150aed-64be-4f8f-b7c0-2ca45c49fb14','bea',1795469048346,NULL);
CREATE TABLE stores (
    binding      TEXT NOT NULL REFERENCES bindings (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL,
    -- The epoch of the generation named in `state`; a restored directory believes no older claim.
    epoch        TEXT,
    state        TEXT NOT NULL,
    reported_at  INTEGER NOT NULL,
    PRIMARY KEY (binding, kind)
) STRICT;
CREATE TABLE shares (
    envelope    TEXT PRIMARY KEY,
    binding     TEXT NOT NULL REFERENCES bindings (id) ON DELETE CASCADE,
    epoch       TEXT NOT NULL,
    generation  INTEGER NOT NULL,
    sealed      BLOB NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
INSERT INTO shares VALUES('4f69cd81-39d8-45d2-a591-7b91f7a0f6b1','31de8742-9443-4c3f-9d7a-2f53a66fae1c','a9e3c55a-3ff5-408a-9dc2-09761fcaef26',1,X'db81e6dc8f093ea813d49fa08aee89fb16eeb4f94d17bea896007bd90a7c9edd851485f42d0fde115a31ae11fa413aea1fd1641658513676725e4040e5f1352010136c9977d51d28',1795469048346);
INSERT INTO shares VALUES('bac2eb42-9d1e-40b2-a679-963cb3c8a6cf','31de8742-9443-4c3f-9d7a-2f53a66fae1c','a9e3c55a-3ff5-408a-9dc2-09761fcaef26',2,X'89feb35ae7675bbc5234616425833ab769ea40657bf791ba1f0bbca72eb1223a484d99f9df7c28ce9e27b0506b40d86f2a89cfdec0f7ee8c067fd34c8a7d50b152fb4f86baefcfc0',1795469048402);
INSERT INTO shares VALUES('b3c0456c-c145-4486-ad56-99531a7524aa','31de8742-9443-4c3f-9d7a-2f53a66fae1c','a9e3c55a-3ff5-408a-9dc2-09761fcaef26',3,X'a608b6d2ecf4ada6483944ab8bb31648328aa0216239a499d40860c8f41a19ff7a1933a8ac6fd4243b4c78777bef8bdc8e2a83193a0d739ef7af92d519d30bd55343da7d1a8976ce',1795469048448);
CREATE TABLE audit (
    sequence  INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    actor     TEXT NOT NULL,
    action    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    address   TEXT NOT NULL,
    result    TEXT NOT NULL
) STRICT;
INSERT INTO audit VALUES(1,1795469048237,'directory','directory.initialised','admin','local','ok');
INSERT INTO audit VALUES(2,1795469048270,'admin','person.activated','admin','local socket','ok');
INSERT INTO audit VALUES(3,1795469048273,'admin','person.invited','bea','local socket','ok');
INSERT INTO audit VALUES(4,1795469048297,'bea','person.activated','bea','local socket','ok');
INSERT INTO audit VALUES(5,1795469048299,'admin','person.invited','carl','local socket','ok');
INSERT INTO audit VALUES(6,1795469048314,'carl','person.activated','carl','local socket','ok');
INSERT INTO audit VALUES(7,1795469048317,'admin','person.invited','dora','local socket','ok');
INSERT INTO audit VALUES(8,1795469048318,'admin','enrolment.made','1 computers','local socket','ok');
INSERT INTO audit VALUES(9,1795469048320,'admin','enrolment.made','1 computers','local socket','ok');
INSERT INTO audit VALUES(10,1795469048323,'somebody','device.enrolled','desk','local socket','ok');
INSERT INTO audit VALUES(11,1795469048346,'computer desk','device.linked','bea','local socket','ok');
INSERT INTO audit VALUES(12,1795469048379,'bea','password.change','bea','local socket','ok');
INSERT INTO audit VALUES(13,1795469048402,'computer desk','device.proof','bea','local socket','ok');
INSERT INTO audit VALUES(14,1795469048448,'computer desk','device.proof','bea','local socket','ok');
INSERT INTO audit VALUES(15,1795469048465,'somebody','session.sign_in','carl','local socket','LS-2001');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('audit',15);
CREATE INDEX sessions_by_person ON sessions (person);
CREATE INDEX bindings_by_person ON bindings (person);
CREATE INDEX shares_by_binding ON shares (binding);
COMMIT;
