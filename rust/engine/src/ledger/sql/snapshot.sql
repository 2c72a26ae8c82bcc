SELECT campaign, seq, reaches, pieces FROM snapshot WHERE campaign = ?1
