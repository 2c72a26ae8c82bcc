"""A far end that answers nothing until its receipts are answered, at any window: their answers wait
for no slot, and for no answer of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bealert_engine import testing

PEOPLE = {1: 200, 10: 1_000, 100: 4_000}


@pytest.mark.parametrize("unanswered", [1, 10, 1_000])
@pytest.mark.parametrize("window", PEOPLE)
def test_nobody_waits_for_the_other(
    window: int, unanswered: int, watched: Callable[..., Any]
) -> None:
    people = PEOPLE[window] if unanswered > 1 else 200
    with testing.smsc(
        receipts_first=True, early_receipts=1.0, unanswered_receipts=unanswered
    ) as smsc:
        host = watched(ports=[smsc.port], people=people, gateway={"window": window})
        done = host.ask("end")
        books = smsc.books()
    assert done["balanced"]
    assert done["totals"]["delivered"] == books["accepted"] == people
    assert (done["doubts"], books["returned_receipts"]) == (0, 0)
