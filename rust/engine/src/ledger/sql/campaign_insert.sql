INSERT INTO campaign (
    key, hash, scenario, kind, policy, launched_by, people, state, launched_at_ms, expires_at_ms,
    ended_at_ms, launched_seq, routes, frozen
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
