-- Schema version 2: snapshots, so that opening folds only the rows after them.

-- One row: the secret under which snapshots hold hashes of far ends' ids and of addresses.
CREATE TABLE hash_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    low INTEGER NOT NULL,
    high INTEGER NOT NULL
) STRICT;

-- The snapshot of each campaign that is whole.
CREATE TABLE snapshot (
    campaign INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL, -- the place of the journal at which it was taken
    reaches INTEGER NOT NULL, -- up to there the journal has nothing of the campaign that it lacks
    pieces INTEGER NOT NULL
) STRICT;

-- What they are made of. Pieces that no row of `snapshot` names are what an unfinished or an earlier
-- one left, and are swept away.
CREATE TABLE snapshot_piece (
    campaign INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    piece INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (campaign, seq, piece)
) STRICT;
