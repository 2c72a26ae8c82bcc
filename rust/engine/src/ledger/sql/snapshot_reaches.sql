UPDATE snapshot SET reaches = ?2 WHERE campaign = ?1 AND ?2 <= ?3
