INSERT OR REPLACE INTO erased (campaign, at_ms) VALUES (?1, ?2)
