DELETE FROM block_end WHERE seq >= ?2 AND seq <= ?3 AND campaign = ?1
