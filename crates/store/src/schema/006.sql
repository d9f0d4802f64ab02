-- Schema 6: the parts that this site takes in lifts between sites: all that it must not forget of one until it is
-- decided, and what proves its chits afterwards.

CREATE TABLE parts (
    lift      TEXT NOT NULL,
    -- The name of the key that it takes part with.
    key       TEXT NOT NULL,
    -- Of a payment, at its payer's and its payee's site: its name.
    payment   TEXT,
    -- The state: JSON.
    state     TEXT NOT NULL,
    -- Whether nothing was decided yet.
    is_open   INTEGER NOT NULL,
    -- Until when it may become valid.
    deadline  INTEGER NOT NULL,
    changed   INTEGER NOT NULL,
    PRIMARY KEY (lift, key)
) STRICT;
CREATE INDEX parts_open ON parts (is_open, lift, key);
CREATE INDEX parts_by_payment ON parts (payment, lift, key);

CREATE VIEW parts_v AS
    SELECT lift, key, payment, is_open, UTC(deadline) AS deadline, UTC(changed) AS changed FROM parts;
