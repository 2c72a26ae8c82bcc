SELECT campaign, channel, block, route, len, units, reserved, data
FROM block JOIN people USING (campaign, channel, block)
WHERE campaign = ?1 AND channel = ?2 AND block = ?3
