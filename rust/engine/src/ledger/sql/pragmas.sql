-- Durability (DESIGN section 6): a commit has reached the disk when it returns.
PRAGMA synchronous = FULL;
-- Keys are checked where it matters; nothing here declares one.
PRAGMA foreign_keys = OFF;
PRAGMA temp_store = MEMORY;
-- 16 MB: the largest batch stays in memory until its commit.
PRAGMA cache_size = -16384;
-- The log is checkpointed beside the commits (see wal.rs), not by the commit that finds it long.
PRAGMA wal_autocheckpoint = 0;
-- What a log that a slow reader made grow is cut back to when it starts anew: 32 MB.
PRAGMA journal_size_limit = 33554432;
-- What is removed is overwritten: erased personal data is nowhere in the file.
PRAGMA secure_delete = ON;
