DELETE FROM outcome WHERE seq IN (
    SELECT seq FROM outcome WHERE seq >= ?2 AND seq <= ?3 AND campaign = ?1 LIMIT ?4
)
