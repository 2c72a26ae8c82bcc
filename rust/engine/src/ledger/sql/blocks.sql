SELECT campaign, channel, block, route, len, units, reserved FROM block
WHERE campaign = ?1 AND EXISTS (SELECT 1 FROM campaign WHERE id = ?1 AND state <> 0)
ORDER BY channel, block
