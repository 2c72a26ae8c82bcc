"""Plans and commands reach the process that holds a directory."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be


def test_a_plan_made_elsewhere_is_launched_by_the_holder(
    people: Any, news: Any, smsc: Any, tmp_path: Path
) -> None:
    config = be.Config(
        data=tmp_path, gateways=[smsc.gateway(parts_per_second=50)], scenarios=[news]
    )
    plan = be.make_plan(config, "news", to=people(60, unusable=1))
    control = be.Control(tmp_path)
    with pytest.raises(be.NobodySends):
        control.launch(plan, by="tests", key="k")
    with be.Engine.from_config(config) as engine:
        control.ping()
        socket = tmp_path / "control.sock"
        assert stat.S_IMODE(socket.stat().st_mode) == 0o600
        number = control.launch(plan, by="tests", key="k")
        assert control.launch(plan, by="tests", key="k") == number
        campaign = engine.campaign(number)
        control.pause("k")
        assert campaign.state == "paused"
        control.resume(number)
        assert campaign.state == "running"
        with pytest.raises(be.KeyConflict):
            control.launch(be.make_plan(config, "news", to=people(2)), by="tests", key="k")
        with pytest.raises(be.UnknownCampaign):
            control.pause("nobody")
        control.cancel("k")
        campaign.wait(timeout_s=30)
        with pytest.raises(be.CampaignEnded):
            control.resume("k")
        assert campaign.report().balanced
    with pytest.raises(be.NobodySends):
        control.ping()
