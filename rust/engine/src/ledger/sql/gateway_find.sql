SELECT id FROM gateway WHERE name = ?1
