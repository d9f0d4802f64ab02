-- Schema 8: proofs that agents lie about lifts, each a record that anybody can check by itself.

CREATE TABLE proofs (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,
    lift        TEXT NOT NULL,
    -- Agents of whom at least one lies, with a space between two.
    accused     TEXT NOT NULL,
    text        TEXT NOT NULL,
    -- The agent that told it; none where this site saw it itself.
    heard_from  TEXT,
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX proofs_by_date ON proofs (at, id);

CREATE VIEW proofs_v AS
    SELECT id, kind, lift, accused, heard_from, UTC(at) AS at FROM proofs;
