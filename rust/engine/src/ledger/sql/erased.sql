SELECT at_ms FROM erased WHERE campaign = ?1
