"""`after` is the number of an event: what cannot be one is refused in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be


@pytest.mark.parametrize("after", [-1, -(2**70)])
def test_a_negative_number_is_refused(
    flavour: Any, people: Any, news: Any, smsc: Any, tmp_path: Path, after: int
) -> None:
    with flavour.engine(data=tmp_path, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        campaign = engine.launch(engine.plan("news", to=people(3)), by="tests", key="k")
        campaign.wait(timeout_s=30)
        for source in (engine, campaign):
            with pytest.raises(ValueError, match="after must be the seq of an event"):
                next(iter(source.events(after=after)))
        assert len(list(campaign.events(after=0))) >= 3
    with be.open_ledger(tmp_path) as ledger:
        for reader in (ledger, ledger.campaign("k")):
            with pytest.raises(ValueError, match="after must be the seq of an event"):
                next(iter(reader.events(after=after)))


def test_a_number_beyond_every_journal_is_gone(smsc: Any, news: Any) -> None:
    with be.Engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        for after in (10**6, 2**70):
            with pytest.raises(be.EventsGone):
                next(engine.events(after=after))
