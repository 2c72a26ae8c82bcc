SELECT seq, campaign, channel, block, start, state, at_ms
FROM block_end WHERE seq > ?1 AND seq <= ?3 ORDER BY seq LIMIT ?2
