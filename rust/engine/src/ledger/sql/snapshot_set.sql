-- Only where all its pieces are there, its campaign is launched and the journal goes as far.
INSERT OR REPLACE INTO snapshot (campaign, seq, reaches, pieces)
SELECT ?1, ?2, ?3, ?4
WHERE (SELECT count(*) FROM snapshot_piece WHERE campaign = ?1 AND seq = ?2 AND piece < ?4) = ?4
    AND EXISTS (SELECT 1 FROM campaign WHERE id = ?1 AND state <> 0)
    AND ?3 <= ?5
