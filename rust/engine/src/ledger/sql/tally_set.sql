INSERT OR REPLACE INTO tally (
    campaign, channel, queued, submitted, accepted, delivered, confirmed, failed, expired,
    cancelled, skipped, uncertain
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
