-- A group of parameters per row is appended to this.
INSERT INTO outcome (
    seq, campaign, ordinal, channel, attempt, part, gateway, state, remote, at_ms, took_us, detail
) VALUES
