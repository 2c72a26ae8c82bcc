SELECT data FROM snapshot_piece WHERE campaign = ?1 AND seq = ?2 AND piece = ?3
