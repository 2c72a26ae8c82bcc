"""Far ends whose message ids meet, or that give none: nobody is lost, or taken for another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bealert_engine import testing

PEOPLE = 4_000
FAILED = "7"
"""The far end says of numbers that end so that they could not be reached."""


@pytest.mark.parametrize("early", [0.0, 0.5])
@pytest.mark.parametrize("ids", [0, 1, 50])
def test_a_receipt_never_says_of_one_what_is_true_of_another(
    ids: int, early: float, watched: Callable[..., Any], verified: Callable[[object], None]
) -> None:
    rule = {"suffix": FAILED, "receipt": "UNDELIV"}
    with testing.smsc(ids=ids, early_receipts=early, receipt_ms=5, numbers=[rule]) as smsc:
        gateway = {"window": 100, "receipt_wait": "2s", "parts_per_second": 4_000}
        host = watched(ports=[smsc.port], people=PEOPLE, gateway=gateway)
        done = host.ask("end")
        rows = host.ask("rows")["rows"]
        seen = host.ask("look")
        host.ask("close")
        books = smsc.books()
    assert done["balanced"]
    assert (books["unique"], books["duplicates"], done["doubts"]) == (PEOPLE, 0, 0)
    assert done["reported_twice"] == []
    wrong = [row for row in rows if row[1] == ("delivered" if row[0][-1] == FAILED else "failed")]
    assert wrong == []
    assert {row[1] for row in rows} <= {"accepted", "delivered", "failed"}
    if ids == 0:
        # Its receipts have no id either, so the number alone tells, and numbers are distinct here.
        assert all(row[1] != "accepted" for row in rows)
    else:
        assert seen["metrics"]['bealert_gateway_orphan_receipts_total{gateway="sms-0"}'] > 0
    verified(host.data)
