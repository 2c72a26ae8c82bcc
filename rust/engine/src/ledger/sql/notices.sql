SELECT seq, at_ms, campaign, gateway, code, text FROM notice WHERE seq > ?1 AND seq <= ?3 ORDER BY seq LIMIT ?2
