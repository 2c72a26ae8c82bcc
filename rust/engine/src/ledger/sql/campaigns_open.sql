-- Launched ones that have not ended, with what they froze: 0 is launching, 4 cancelled, 5 done.
SELECT id, key, hash, scenario, kind, policy, launched_by, people, state, launched_at_ms, expires_at_ms,
    ended_at_ms, launched_seq, routes, frozen
FROM campaign WHERE state NOT IN (0, 4, 5) ORDER BY id
