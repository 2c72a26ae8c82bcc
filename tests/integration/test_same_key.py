"""A key is one campaign: launching again is safe, another plan is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be


def test_the_same_key_and_plan_is_the_same_campaign(
    flavour: Any, people: Any, news: Any, smsc: Any, tmp_path: Path
) -> None:
    options: dict[str, Any] = {
        "data": tmp_path,
        "gateways": [smsc.gateway()],
        "scenarios": [news],
    }
    with flavour.engine(**options) as engine:
        first = engine.launch(engine.plan("news", to=people(20)), by="tests", key="k")
        again = engine.launch(engine.plan("news", to=people(20)), by="somebody else", key="k")
        assert first == again
        assert again.by == "tests"
        first.wait(timeout_s=30)
        assert engine.launch(engine.plan("news", to=people(20)), by="tests", key="k") == first
    options["gateways"] = [smsc.gateway(name="renamed")]
    with flavour.engine(**options) as engine:
        after = engine.launch(engine.plan("news", to=people(20)), by="tests", key="k")
        assert (after.id, after.state) == (first.id, "done")
    assert smsc.books()["submits"] == 20


def test_another_plan_under_a_key_is_refused(
    flavour: Any, people: Any, news: Any, smsc: Any
) -> None:
    with flavour.engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        engine.launch(engine.plan("news", to=people(20)), by="tests", key="k")
        with pytest.raises(be.KeyConflict, match="k"):
            engine.launch(engine.plan("news", to=people(21)), by="tests", key="k")
        assert len(engine.campaigns()) == 1


def test_a_plan_for_other_gateways_is_stale(
    flavour: Any, people: Any, news: Any, smsc: Any
) -> None:
    with flavour.engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        plan = engine.plan("news", to=people(20))
    others = [smsc.gateway(name="another")]
    with flavour.engine(data=None, gateways=others, scenarios=[news]) as engine:
        with pytest.raises(be.PlanStale):
            engine.launch(plan, by="tests", key="k")
        assert engine.campaigns() == []


def test_a_campaign_is_found_by_key_and_by_number(
    flavour: Any, people: Any, news: Any, smsc: Any
) -> None:
    with flavour.engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        plan = engine.plan("news", to=people(5))
        one = engine.launch(plan, by="tests", key="2")
        two = engine.launch(plan, by="tests", key="other")
        assert engine.campaign(1) == engine.campaign("2") == one
        assert engine.campaign(2) == engine.campaign("other") == two
        assert engine.campaigns() == [one, two]
        assert (one.scenario, one.kind, one.policy, one.people) == ("news", "news", "hold", 5)
        assert one.launched_at < one.expires_at
        for unknown in ("nobody", 7):
            with pytest.raises(be.UnknownCampaign, match=str(unknown)):
                engine.campaign(unknown)
            with pytest.raises(LookupError):
                engine.campaign(unknown)
