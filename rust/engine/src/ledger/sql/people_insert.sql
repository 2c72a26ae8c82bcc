INSERT INTO people (campaign, channel, block, data) VALUES (?1, ?2, ?3, ?4)
