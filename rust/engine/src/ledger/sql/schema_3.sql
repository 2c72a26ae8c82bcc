-- Schema version 3: ended campaigns are let go of.

-- Campaigns whose personal data was erased.
CREATE TABLE erased (
    campaign INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL
) STRICT;

-- Campaigns whose blocks and journal rows lie in archive/<campaign>.sqlite, and where in the journal
-- they stood. The row in `campaign` and the counts in `tally` stay here.
CREATE TABLE archived (
    campaign INTEGER PRIMARY KEY,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    cleared INTEGER NOT NULL -- whether nothing of it is left here
) STRICT;
