INSERT INTO gateway (name) VALUES (?1)
