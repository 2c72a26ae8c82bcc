SELECT campaign, first_seq, last_seq, rows FROM archived WHERE campaign = ?1
