-- Schema 5: what halves wait for that were restored from a backup: the question that the partner's half
-- has not answered, and whether the holder's device has not been heard.

ALTER TABLE halves ADD COLUMN asks TEXT;
ALTER TABLE halves ADD COLUMN unheard INTEGER NOT NULL DEFAULT 0;
