SELECT seq, campaign, ordinal, channel, attempt, part, gateway, state, remote, at_ms, took_us, detail
FROM outcome WHERE seq > ?1 ORDER BY seq LIMIT ?2
