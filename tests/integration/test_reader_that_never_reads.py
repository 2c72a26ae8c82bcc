"""Readers that ask for events and progress and never look: nobody waits for them."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import bealert_engine as be

READERS = 40
COUNT = 8_000


def test_sending_and_closing_do_not_wait_for_them(
    flavour: Any, people: Any, news: Any, smsc: Any, tmp_path: Path
) -> None:
    options = {"data": tmp_path, "gateways": [smsc.gateway()], "scenarios": [news]}
    with flavour.engine(**options) as engine:
        plan = engine.plan("news", to=people(COUNT))
        waiting = [engine.events(after=0) for _ in range(READERS)]
        begun = [next(reader) for reader in waiting[: READERS // 2]]
        campaign = engine.launch(plan, by="tests", key="k")
        looks = [campaign.progress(every_s=0) for _ in range(READERS)]
        first = [next(look) for look in looks[: READERS // 2]]
        assert campaign.wait(timeout_s=60).sms.delivered == COUNT
        # Who looks at last has lost nothing.
        late = list(itertools.islice(waiting[0], COUNT))
        assert [entry.seq for entry in late] == list(range(2, COUNT + 2))
        began = time.monotonic()
    assert time.monotonic() - began < 15
    assert len(begun) == len(first) == READERS // 2
    with be.open_ledger(tmp_path) as ledger:
        assert ledger.verify().sound
