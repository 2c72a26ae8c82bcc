"""A key that is only digits looks like a number: an int is always the number, a str the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be


def test_commands_by_number_reach_the_campaign_with_that_number(
    people: Any, news: Any, smsc: Any, tmp_path: Path
) -> None:
    gateway = smsc.gateway(parts_per_second=20)
    config = be.Config(data=tmp_path, gateways=[gateway], scenarios=[news])
    control = be.Control(tmp_path)
    with be.Engine.from_config(config) as engine:
        plan = engine.plan("news", to=people(200))
        one = engine.launch(plan, by="tests", key="2")
        two = engine.launch(plan, by="tests", key="1")
        control.pause(2)
        assert (one.state, two.state) == ("running", "paused")
        control.resume("1")
        control.pause("2")
        assert (one.state, two.state) == ("paused", "running")
        control.cancel(1)
        control.cancel(2)
        assert {one.state, two.state} <= {"cancelling", "cancelled"}
        for unknown in (3, 99):
            with pytest.raises(be.UnknownCampaign, match=str(unknown)):
                control.pause(unknown)
    with be.open_ledger(tmp_path) as ledger:
        assert ledger.campaign("2").id == ledger.campaign(1).id == one.id
        assert ledger.campaign("1").id == ledger.campaign(2).id == two.id
    with pytest.raises(be.NobodySends):
        control.pause(1)
    with pytest.raises(be.NobodySends):
        be.Control(tmp_path / "nowhere").pause(1)
