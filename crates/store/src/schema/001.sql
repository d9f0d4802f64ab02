-- Schema 1. Written in SQLite's words; `sql/schema.rs` says how PostgreSQL reads them.
-- Dates are milliseconds since 1970 in UTC, amounts milli-CHIPs; hashes and ids are texts, as in
-- records, so that a person at a database prompt reads the same names everywhere.

CREATE TABLE site (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    agent    TEXT,
    founded  INTEGER,
    epoch    INTEGER NOT NULL
) STRICT;
INSERT INTO site (one, epoch) VALUES (1, 0);

-- The last number given out of each kind. Taking one keeps others from it until the commit.
CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    last  INTEGER NOT NULL
) STRICT;
INSERT INTO counters (name, last) VALUES ('event', 0), ('half', 0), ('letter', 0);

CREATE TABLE settings (
    name   TEXT PRIMARY KEY,
    value  TEXT NOT NULL
) STRICT;

CREATE TABLE users (
    cuid      TEXT PRIMARY KEY,
    kind      TEXT NOT NULL,
    name      TEXT NOT NULL,
    cert      TEXT,
    key       TEXT,
    status    TEXT NOT NULL,
    created   INTEGER NOT NULL,
    -- Names with a space between them.
    groups    TEXT NOT NULL
) STRICT;

CREATE TABLE halves (
    id               INTEGER PRIMARY KEY,
    version          INTEGER NOT NULL,
    holder           TEXT NOT NULL REFERENCES users (cuid),
    tally            TEXT NOT NULL,
    side             TEXT NOT NULL,
    partner          TEXT,
    status           TEXT NOT NULL,
    ledger           TEXT,
    balance          INTEGER NOT NULL,
    partner_may_owe  INTEGER NOT NULL,
    holder_may_owe   INTEGER NOT NULL,
    head_index       INTEGER NOT NULL,
    head_hash        TEXT,
    changed          INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX halves_by_tally ON halves (tally, holder);
CREATE INDEX halves_by_holder ON halves (holder, id);
CREATE INDEX halves_by_partner ON halves (partner, id);

-- What a chit never touches, apart from what it does.
CREATE TABLE negotiations (
    half  INTEGER PRIMARY KEY REFERENCES halves (id),
    text  TEXT NOT NULL
) STRICT;

CREATE TABLE links (
    half    INTEGER NOT NULL REFERENCES halves (id),
    idx     INTEGER NOT NULL,
    link    TEXT NOT NULL,
    chit    TEXT NOT NULL,
    uuid    TEXT NOT NULL,
    by      TEXT NOT NULL,
    kind    TEXT NOT NULL,
    effect  INTEGER NOT NULL,
    date    INTEGER NOT NULL,
    text    TEXT NOT NULL,
    PRIMARY KEY (half, idx)
) STRICT;
CREATE UNIQUE INDEX links_by_chit ON links (half, chit);
CREATE INDEX links_by_uuid ON links (half, uuid);

CREATE TABLE letters (
    id         INTEGER PRIMARY KEY,
    half       INTEGER REFERENCES halves (id),
    recipient  TEXT NOT NULL,
    key        TEXT NOT NULL,
    message    TEXT NOT NULL,
    at         INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    owner      TEXT
) STRICT;
CREATE UNIQUE INDEX letters_by_key ON letters (COALESCE(half, 0), recipient, key);
CREATE INDEX letters_by_half ON letters (half, id);
CREATE INDEX letters_by_due ON letters (due);

CREATE TABLE events (
    number  INTEGER PRIMARY KEY,
    cuid    TEXT,
    kind    TEXT NOT NULL,
    text    TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX events_by_user ON events (cuid, number);

CREATE TABLE results (
    id    TEXT PRIMARY KEY,
    text  TEXT NOT NULL,
    at    INTEGER NOT NULL
) STRICT;
CREATE INDEX results_by_age ON results (at);

CREATE TABLE contracts (
    rid   TEXT PRIMARY KEY,
    text  TEXT NOT NULL,
    at    INTEGER NOT NULL
) STRICT;

CREATE TABLE invites (
    token      TEXT PRIMARY KEY,
    holder     TEXT NOT NULL REFERENCES users (cuid),
    text       TEXT NOT NULL,
    expires    INTEGER,
    uses_left  INTEGER
) STRICT;
CREATE INDEX invites_by_holder ON invites (holder, token);

CREATE TABLE lifts (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    status       TEXT NOT NULL,
    record       TEXT NOT NULL,
    certificate  TEXT,
    date         INTEGER NOT NULL,
    changed      INTEGER NOT NULL
) STRICT;
CREATE INDEX lifts_by_date ON lifts (date, id);

CREATE TABLE legs (
    lift    TEXT NOT NULL REFERENCES lifts (id),
    half    INTEGER NOT NULL REFERENCES halves (id),
    chit    TEXT NOT NULL,
    effect  INTEGER NOT NULL,
    PRIMARY KEY (lift, half, chit)
) STRICT;
CREATE INDEX legs_by_half ON legs (half, lift);

-- The data dictionary. No column: the view itself; no value: the column itself.
CREATE TABLE words (
    language  TEXT NOT NULL,
    view      TEXT NOT NULL,
    col       TEXT NOT NULL,
    value     TEXT NOT NULL,
    title     TEXT NOT NULL,
    help      TEXT NOT NULL,
    PRIMARY KEY (language, view, col, value)
) STRICT;

-- For people and their programs: dates written out, no opaque columns.
CREATE VIEW users_v AS
    SELECT cuid, kind, name, status, UTC(created) AS created, groups FROM users;
CREATE VIEW tallies_v AS
    SELECT id AS half, holder, tally, side, partner, status, balance AS balance_milli,
           partner_may_owe AS partner_may_owe_milli, holder_may_owe AS holder_may_owe_milli,
           head_index AS links, UTC(changed) AS changed
    FROM halves;
CREATE VIEW chits_v AS
    SELECT l.half, h.holder, h.tally, h.partner, l.idx AS link, l.uuid, l.by, l.kind,
           l.effect AS effect_milli, UTC(l.date) AS date, l.chit AS hash
    FROM links l JOIN halves h ON h.id = l.half;
CREATE VIEW lifts_v AS
    SELECT id AS lift, kind, status, UTC(date) AS date, UTC(changed) AS changed FROM lifts;
CREATE VIEW legs_v AS
    SELECT l.lift, l.half, h.holder, h.tally, h.partner, l.effect AS effect_milli, l.chit AS hash
    FROM legs l JOIN halves h ON h.id = l.half;
