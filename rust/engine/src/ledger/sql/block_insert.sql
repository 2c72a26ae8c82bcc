INSERT INTO block (campaign, channel, block, route, len, units, reserved)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
