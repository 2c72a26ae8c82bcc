-- The highest sequence and the latest time beside it; one statement sees one snapshot.
SELECT coalesce(max(seq), 0), coalesce(max(at_ms), 0) FROM (
    SELECT * FROM (SELECT seq, at_ms FROM outcome ORDER BY seq DESC LIMIT 1)
    UNION ALL
    SELECT * FROM (SELECT seq, at_ms FROM notice ORDER BY seq DESC LIMIT 1)
    UNION ALL
    SELECT * FROM (SELECT seq, at_ms FROM block_end ORDER BY seq DESC LIMIT 1)
)
