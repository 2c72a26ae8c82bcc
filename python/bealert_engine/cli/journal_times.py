"""Exact times of a measured campaign, read from the journal on disk.

Progress and reports round and summarise; a measurement wants every row. This is the one place in
Python that knows columns of the ledger (rust/engine/src/ledger/sql/schema_1.sql).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

ACCEPTED = 2
"""The journal's number of "the gateway took it": the rows that know how long an answer took."""

LEAST_WHOLE_SECONDS = 3
"""Whole seconds that a rate is judged by; the first and the last one are cut."""

SPAN = """
SELECT (
    SELECT min(at_ms * 1000 - took_us) FROM outcome
    WHERE campaign = :campaign AND state = :accepted
), (
    SELECT max(at_ms * 1000) FROM outcome WHERE campaign = :campaign
)
"""
COUNT = "SELECT count(*) FROM outcome WHERE campaign = :campaign AND state = :accepted"
RANKED = """
SELECT took_us FROM outcome WHERE campaign = :campaign AND state = :accepted
ORDER BY took_us LIMIT 1 OFFSET :rank
"""
SECONDS = """
SELECT (at_ms * 1000 - took_us) / 1000000 AS second, count(*)
FROM outcome WHERE campaign = :campaign AND state = :accepted GROUP BY second
"""


@dataclass(frozen=True)
class JournalTimes:
    """When things happened.

    Attributes:
        elapsed_s: From the first submit to the last outcome.
        response_ms: From a submit to its answer: p50 and p99, None if there was none.
        per_second: Submits in the slowest and the fastest whole second; None if it was over
            before there were `LEAST_WHOLE_SECONDS`.
    """

    elapsed_s: float
    response_ms: dict[str, float | None]
    per_second: dict[str, int] | None


def journal_times(directory: Path, campaign: int) -> JournalTimes:
    """Read the times of a campaign of a ledger that nobody holds any more."""
    of = {"campaign": campaign, "accepted": ACCEPTED}
    uri = (directory / "ledger.sqlite").absolute().as_uri()
    with closing(sqlite3.connect(f"{uri}?mode=ro", uri=True)) as ledger:
        first_us, last_us = ledger.execute(SPAN, of).fetchone()
        (count,) = ledger.execute(COUNT, of).fetchone()
        ranked = {
            name: None if not count else _took_ms(ledger, of, int((count - 1) * share))
            for name, share in (("p50", 0.50), ("p99", 0.99))
        }
        submits = dict(ledger.execute(SECONDS, of).fetchall())
    seconds = range(min(submits) + 1, max(submits)) if submits else ()
    whole = [submits.get(second, 0) for second in seconds]
    return JournalTimes(
        elapsed_s=0.0 if first_us is None else round((last_us - first_us) / 1e6, 3),
        response_ms=ranked,
        per_second=None
        if len(whole) < LEAST_WHOLE_SECONDS
        else {"slowest": min(whole), "fastest": max(whole)},
    )


def _took_ms(ledger: sqlite3.Connection, of: dict[str, int], rank: int) -> float:
    (took_us,) = ledger.execute(RANKED, {**of, "rank": rank}).fetchone()
    return float(took_us) / 1000
