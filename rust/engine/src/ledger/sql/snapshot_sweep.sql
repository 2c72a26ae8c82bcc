DELETE FROM snapshot_piece WHERE rowid IN (
    SELECT piece.rowid FROM snapshot_piece AS piece
    LEFT JOIN snapshot ON snapshot.campaign = piece.campaign AND snapshot.seq = piece.seq
    WHERE snapshot.campaign IS NULL
    LIMIT ?1
)
