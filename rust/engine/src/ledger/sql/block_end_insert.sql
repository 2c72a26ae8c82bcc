INSERT INTO block_end (seq, campaign, channel, block, start, state, at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
