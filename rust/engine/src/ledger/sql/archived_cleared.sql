UPDATE archived SET cleared = 1 WHERE campaign = ?1
