-- Schema 3: payments over several tallies, each by its payer's signature, kept for as long as their lifts:
-- a payment's name counts once, whenever it is asked for again.

CREATE TABLE payments (
    payment        TEXT NOT NULL,
    -- Short addresses (cuid:agent): one of the two may live elsewhere.
    payer          TEXT NOT NULL,
    payee          TEXT NOT NULL,
    lift           TEXT NOT NULL REFERENCES lifts (id),
    -- What the payee got.
    units          INTEGER NOT NULL,
    -- The record that the payer signed.
    authorisation  TEXT NOT NULL,
    at             INTEGER NOT NULL,
    PRIMARY KEY (payment, payer)
) STRICT;
CREATE UNIQUE INDEX payments_by_lift ON payments (lift, payment, payer);

CREATE VIEW payments_v AS
    SELECT payment, payer, payee, lift, units AS amount_milli, UTC(at) AS date FROM payments;
