UPDATE campaign SET state = ?2, ended_at_ms = ?3 WHERE id = ?1
