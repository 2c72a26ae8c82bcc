DELETE FROM snapshot WHERE campaign = ?1
