INSERT OR REPLACE INTO parked (id, gateway, remote, address, state, detail, at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
