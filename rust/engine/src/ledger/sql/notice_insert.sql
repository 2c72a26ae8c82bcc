INSERT INTO notice (seq, at_ms, campaign, gateway, code, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
