"""Pausing stops, resuming goes on, cancelling ends; what was commanded is durable."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be


def test_nothing_leaves_while_paused(flavour: Any, people: Any, news: Any, smsc: Any) -> None:
    gateway = smsc.gateway(parts_per_second=200)
    with flavour.engine(data=None, gateways=[gateway], scenarios=[news]) as engine:
        campaign = engine.launch(engine.plan("news", to=people(200)), by="tests", key="k")
        time.sleep(0.2)
        campaign.pause()
        assert campaign.state == "paused"
        time.sleep(0.1)
        sent = smsc.books()["submits"]
        time.sleep(0.3)
        assert smsc.books()["submits"] == sent < 200
        campaign.resume()
        assert campaign.state == "running"
        last = campaign.wait(timeout_s=30)
    assert last.sms.delivered == 200
    assert smsc.books()["duplicates"] == 0


def test_a_cancelled_campaign_balances(flavour: Any, people: Any, news: Any, smsc: Any) -> None:
    gateway = smsc.gateway(parts_per_second=100)
    with flavour.engine(data=None, gateways=[gateway], scenarios=[news]) as engine:
        campaign = engine.launch(engine.plan("news", to=people(300)), by="tests", key="k")
        time.sleep(0.2)
        campaign.cancel()
        sent = smsc.books()["submits"]
        last = campaign.wait(timeout_s=30)
        report = campaign.report()
        assert campaign.ended
        with pytest.raises(be.CampaignEnded):
            campaign.resume()
        with pytest.raises(be.CampaignEnded):
            campaign.pause()
    assert last.state == "cancelled"
    assert last.sms.delivered == smsc.books()["submits"] == sent
    assert last.sms.cancelled == 300 - sent > 0
    assert report.balanced


def test_a_pause_outlives_the_engine(
    flavour: Any, people: Any, news: Any, smsc: Any, tmp_path: Path
) -> None:
    options = {
        "data": tmp_path,
        "gateways": [smsc.gateway(parts_per_second=100)],
        "scenarios": [news],
    }
    with flavour.engine(**options) as engine:
        plan = engine.plan("news", to=people(100))
        engine.launch(plan, by="tests", key="k").pause()
    with flavour.engine(**options) as engine:
        campaign = engine.campaign("k")
        assert campaign.state == "paused"
        with pytest.raises(TimeoutError, match="paused"):
            campaign.wait(timeout_s=0.2)
        campaign.resume()
        assert campaign.wait(timeout_s=30).sms.delivered == 100
    assert smsc.books()["duplicates"] == 0
