SELECT id, name FROM gateway ORDER BY id
