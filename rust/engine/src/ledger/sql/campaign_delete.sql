DELETE FROM campaign WHERE id = ?1
