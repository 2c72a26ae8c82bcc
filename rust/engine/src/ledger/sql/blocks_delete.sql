DELETE FROM block WHERE campaign = ?1
