-- Launched ones: state 0 is launching. What they froze may be megabytes each, and no list shows it.
SELECT id, key, hash, scenario, kind, policy, launched_by, people, state, launched_at_ms, expires_at_ms,
    ended_at_ms, launched_seq, routes, ''
FROM campaign WHERE state <> 0 ORDER BY id
