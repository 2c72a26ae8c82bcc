"""A gateway that refuses the password: it is said why, and the campaign waits or fails over."""

from __future__ import annotations

import time
from typing import Any

import bealert_engine as be
from bealert_engine import testing

FIRST_LOOK_S = 10


def test_it_is_said_and_the_campaign_waits(flavour: Any, people: Any, news: Any) -> None:
    with testing.smsc(system_id="account", password="right") as smsc:
        gateway = smsc.gateway(system_id="account", password=be.Secret("wrong"))
        with flavour.engine(data=None, gateways=[gateway], scenarios=[news]) as engine:
            [check] = engine.check()
            assert (check.gateway, check.ok) == ("sms-a", False)
            assert "ESME_RINVPASWD" in check.text
            campaign = engine.launch(engine.plan("news", to=people(5)), by="tests", key="k")
            for entry in engine.events(after=0):
                if isinstance(entry, be.Notice) and entry.code == "gateway_down":
                    break
            assert entry.gateway == "sms-a"
            assert "ESME_RINVPASWD" in entry.text
            time.sleep(0.5)
            progress = campaign.snapshot()
            assert (progress.state, progress.sms.queued) == ("running", 5)
            assert "wrong" not in repr(engine.config) + check.text + entry.text
        assert smsc.books()["binds"] == 0
        assert smsc.books()["refused_binds"] <= 4, "it does not hammer"


def test_another_gateway_takes_over(flavour: Any, people: Any, news: Any, smsc: Any) -> None:
    with testing.smsc(system_id="account", password="right") as refusing:
        gateways = [
            refusing.gateway("refusing", system_id="account", password=be.Secret("wrong")),
            smsc.gateway("good"),
        ]
        with flavour.engine(data=None, gateways=gateways, scenarios=[news]) as engine:
            campaign = engine.launch(engine.plan("news", to=people(50)), by="tests", key="k")
            assert campaign.wait(timeout_s=FIRST_LOOK_S).sms.delivered == 50
            report = campaign.report()
        assert report.balanced
        assert {row.gateway for row in report.rows()} == {"good"}
        assert refusing.books()["submits"] == 0
