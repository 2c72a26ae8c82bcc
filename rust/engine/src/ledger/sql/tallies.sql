SELECT channel, queued, submitted, accepted, delivered, confirmed, failed, expired, cancelled,
    skipped, uncertain
FROM tally WHERE campaign = ?1 ORDER BY channel
