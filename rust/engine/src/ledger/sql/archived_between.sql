SELECT campaign, first_seq, last_seq, rows FROM archived WHERE last_seq > ?1 AND first_seq <= ?2
