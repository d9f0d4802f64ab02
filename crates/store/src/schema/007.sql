-- Schema 7: lifts that this agent decides as a referee, alone or with others, with all that it must not forget of
-- them; kept for ever, since anybody may ask what became of a lift.

CREATE TABLE cases (
    lift      TEXT PRIMARY KEY,
    text      TEXT NOT NULL,
    -- open, or what was decided.
    status    TEXT NOT NULL,
    -- The agent that was the first to ask, and whether it was known here.
    asked_by  TEXT NOT NULL,
    known     INTEGER NOT NULL,
    asked     INTEGER NOT NULL,
    deadline  INTEGER NOT NULL,
    changed   INTEGER NOT NULL,
    version   INTEGER NOT NULL
) STRICT;
CREATE INDEX cases_by_deadline ON cases (status, deadline, lift);
CREATE INDEX cases_by_asked ON cases (known, asked);

CREATE VIEW cases_v AS
    SELECT lift, status, asked_by, known, UTC(asked) AS asked, UTC(deadline) AS deadline,
           UTC(changed) AS changed
    FROM cases;
