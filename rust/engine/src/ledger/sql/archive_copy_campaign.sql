-- Everything of a campaign but its journal.
INSERT INTO gateway SELECT * FROM source.gateway;
INSERT INTO campaign SELECT * FROM source.campaign WHERE id = :campaign;
INSERT INTO tally SELECT * FROM source.tally WHERE campaign = :campaign;
INSERT INTO block SELECT * FROM source.block WHERE campaign = :campaign;
