"""A plan for nobody at all is a mistake of the caller, and is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

import bealert_engine as be


def test_a_plan_for_nobody_is_refused(flavour: Any, news: Any, smsc: Any) -> None:
    with (
        flavour.engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine,
        pytest.raises(be.PlanRefused, match="nobody to alert"),
    ):
        engine.plan("news", to=[])


def test_a_plan_without_an_engine_too(news: Any, smsc: Any) -> None:
    config = be.Config(data=None, gateways=[smsc.gateway()], scenarios=[news])
    with pytest.raises(be.PlanRefused, match="nobody to alert"):
        be.make_plan(config, "news", to=iter(()))


def test_an_asynchronous_audience_of_nobody_too(news: Any, smsc: Any) -> None:
    async def nobody() -> AsyncIterator[be.Recipient]:
        for person in ():
            yield person

    async def plan() -> None:
        async with be.AsyncEngine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
            with pytest.raises(be.PlanRefused, match="nobody to alert"):
                await engine.plan("news", to=nobody())

    anyio.run(plan)


def test_where_everybody_is_excluded_the_plan_says_so(
    flavour: Any, people: Any, news: Any, smsc: Any
) -> None:
    with flavour.engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        plan = engine.plan("news", to=[be.Recipient("p1"), be.Excluded("p2", "sms", "row 3")])
        assert (plan.people, len(plan.excluded)) == (2, 2)
        assert "nobody gets it" in plan.summary()
        campaign = engine.launch(plan, by="tests", key="k")
        assert campaign.wait(timeout_s=30).sms.skipped == 2
        assert campaign.report().balanced
        assert "nobody gets it" not in engine.plan("news", to=people(3)).summary()
    assert smsc.books()["submits"] == 0
