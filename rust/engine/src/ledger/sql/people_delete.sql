DELETE FROM people WHERE rowid IN (SELECT rowid FROM people WHERE campaign = ?1 LIMIT ?2)
