INSERT OR IGNORE INTO archived (campaign, first_seq, last_seq, rows, cleared) VALUES (?1, ?2, ?3, ?4, 0)
