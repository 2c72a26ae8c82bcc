DELETE FROM notice WHERE seq >= ?2 AND seq <= ?3 AND campaign = ?1
