SELECT 1 FROM campaign WHERE state = 0 AND id = ?1
