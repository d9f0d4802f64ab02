-- Schema 2: invoices, each in a row of its own: most inputs touch one of them, and most halves have
-- none. How many a half has stands with the half, so that a chit need not ask.

CREATE TABLE invoices (
    half  INTEGER NOT NULL REFERENCES halves (id),
    chit  TEXT NOT NULL,
    text  TEXT NOT NULL,
    PRIMARY KEY (half, chit)
) STRICT;

ALTER TABLE halves ADD COLUMN invoices INTEGER NOT NULL DEFAULT 0;
