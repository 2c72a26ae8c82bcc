INSERT INTO hash_key (id, low, high) VALUES (1, ?1, ?2)
