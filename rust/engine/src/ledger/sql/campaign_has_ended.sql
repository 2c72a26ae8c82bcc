-- Cancelled and done.
SELECT 1 FROM campaign WHERE state IN (4, 5) AND id = ?1
