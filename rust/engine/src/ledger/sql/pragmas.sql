-- Durability (DESIGN section 6): a commit has reached the disk when it returns.
PRAGMA synchronous = FULL;
-- Keys are checked where it matters; nothing here declares one.
PRAGMA foreign_keys = OFF;
PRAGMA temp_store = MEMORY;
-- 16 MB: the largest batch stays in memory until its commit.
PRAGMA cache_size = -16384;
-- 16 MB of log between two checkpoints: a checkpoint delays the commit that starts it, so it is
-- neither rare and long nor frequent.
PRAGMA wal_autocheckpoint = 4096;
-- What a log that a slow reader made grow is cut back to: 64 MB.
PRAGMA journal_size_limit = 67108864;
