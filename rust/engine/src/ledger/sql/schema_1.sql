-- Schema version 1. Released versions are never edited; the next one is a file of its own.
-- Times are wall clock in milliseconds since 1970. Channels, kinds, policies, states and steps are
-- the numbers of the enums of those names in bealert-core; an unknown gateway is NULL.

-- Gateway names, numbered for ever: outcomes point here.
CREATE TABLE gateway (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- What a campaign froze at launch, and where it stands. AUTOINCREMENT: a number is never given twice.
CREATE TABLE campaign (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL,
    scenario TEXT NOT NULL,
    kind INTEGER NOT NULL,
    policy INTEGER NOT NULL,
    launched_by TEXT NOT NULL,
    people INTEGER NOT NULL,
    state INTEGER NOT NULL,
    launched_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER,
    launched_seq INTEGER NOT NULL,
    routes TEXT NOT NULL, -- JSON: [[channel, [gateway name, ...]], ...]
    frozen TEXT NOT NULL
) STRICT;

-- Blocks without their people, so that moving a mark writes a few bytes.
CREATE TABLE block (
    campaign INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    block INTEGER NOT NULL,
    route INTEGER NOT NULL,
    len INTEGER NOT NULL,
    units INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    PRIMARY KEY (campaign, channel, block)
) STRICT, WITHOUT ROWID;

-- The people of a block, packed; written once.
CREATE TABLE people (
    campaign INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    block INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (campaign, channel, block)
) STRICT;

-- The journal: outcome, notice and block_end share one gapless sequence, and are only appended to.
CREATE TABLE outcome (
    seq INTEGER PRIMARY KEY,
    campaign INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    part INTEGER NOT NULL,
    gateway INTEGER,
    state INTEGER NOT NULL,
    remote TEXT,
    at_ms INTEGER NOT NULL,
    took_us INTEGER NOT NULL,
    detail TEXT
) STRICT;

CREATE TABLE notice (
    seq INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    campaign INTEGER,
    gateway INTEGER,
    code INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;

CREATE TABLE block_end (
    seq INTEGER PRIMARY KEY,
    campaign INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    block INTEGER NOT NULL,
    start INTEGER NOT NULL, -- first index that was never handed out
    state INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

-- Counts of dispatches; they move in the transaction of the outcomes that move them. Handing out a
-- first attempt leaves no row, so queued counts the submitted as well.
CREATE TABLE tally (
    campaign INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    queued INTEGER NOT NULL,
    submitted INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    confirmed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    expired INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    uncertain INTEGER NOT NULL,
    PRIMARY KEY (campaign, channel)
) STRICT, WITHOUT ROWID;

-- Receipts that came before the response they belong to, or for nobody.
CREATE TABLE parked (
    id INTEGER PRIMARY KEY,
    gateway INTEGER,
    remote TEXT NOT NULL,
    address TEXT NOT NULL,
    state INTEGER NOT NULL,
    detail TEXT,
    at_ms INTEGER NOT NULL
) STRICT;
