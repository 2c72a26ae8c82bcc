UPDATE people SET data = ?4 WHERE campaign = ?1 AND channel = ?2 AND block = ?3
