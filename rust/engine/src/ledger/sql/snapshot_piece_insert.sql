INSERT OR REPLACE INTO snapshot_piece (campaign, seq, piece, data) VALUES (?1, ?2, ?3, ?4)
