"""What cancelling does in asyncio and trio: plans are dropped, launches are not torn apart."""

from __future__ import annotations

import itertools
import threading
import time
from collections import UserDict
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import anyio
import pytest

import bealert_engine as be

pytestmark = pytest.mark.anyio

SOON_S = 8
"""On a machine that does other things too; what is cancelled would take longer or for ever."""

STANDS_STILL_S = 1.0
"""Less than anything takes in `test_the_event_loop_never_stands_still`."""


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_cancelled_plan_reads_no_further(news: Any, smsc: Any) -> None:
    read = itertools.count()
    last = 0

    def endless() -> Iterator[be.Recipient]:
        nonlocal last
        for last in read:
            yield be.Recipient(f"p{last}", phone="+33639981234")

    async with be.AsyncEngine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        began = time.monotonic()
        with anyio.move_on_after(0.3):
            await engine.plan("news", to=endless())
        assert time.monotonic() - began < SOON_S
        await anyio.sleep(0.3)
        stopped_at = last
        await anyio.sleep(0.3)
        assert last == stopped_at


async def test_a_cancelled_plan_of_an_asynchronous_audience_reads_no_further(
    news: Any, smsc: Any
) -> None:
    last = 0

    async def endless() -> AsyncIterator[be.Recipient]:
        nonlocal last
        for last in itertools.count():
            yield be.Recipient(f"p{last}", phone="+33639981234")  # never lets the loop run

    async with be.AsyncEngine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        began = time.monotonic()
        with anyio.move_on_after(0.3) as scope:
            async with aclosing(endless()) as people:
                await engine.plan("news", to=people)
        assert scope.cancelled_caught
        assert time.monotonic() - began < SOON_S
        stopped_at = last
        await anyio.sleep(0.3)
        assert last == stopped_at > 0


async def test_a_cancelled_plan_is_not_waited_for(news: Any, smsc: Any) -> None:
    held, going_on = threading.Event(), threading.Event()

    class Slow(UserDict[str, str]):
        """Values that the planner, on its thread, has to wait for."""

        def items(self) -> Any:
            held.set()
            going_on.wait(4 * SOON_S)
            return super().items()

    async def people() -> AsyncIterator[be.Recipient]:
        yield be.Recipient("p1", phone="+33639981234", values=Slow(street="Kerkstraat"))

    async with be.AsyncEngine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        began = time.monotonic()
        with anyio.move_on_after(0.3) as scope:
            await engine.plan("news", to=people())
        going_on.set()
        assert scope.cancelled_caught
        assert held.is_set()
        assert time.monotonic() - began < SOON_S


async def test_a_cancelled_launch_happens_all_the_same(people: Any, news: Any, smsc: Any) -> None:
    async with be.AsyncEngine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        plan = await engine.plan("news", to=people(5000))
        with anyio.CancelScope() as scope:
            scope.cancel()
            await engine.launch(plan, by="tests", key="k")
        campaign = await engine.launch(plan, by="tests", key="k")
        assert (await campaign.wait(timeout_s=30)).sms.delivered == 5000
        assert len(await engine.campaigns()) == 1
    assert smsc.books()["submits"] == 5000


async def test_a_cancelled_wait_for_an_event_loses_none(people: Any, news: Any, smsc: Any) -> None:
    gateway = smsc.gateway(parts_per_second=100)
    async with be.AsyncEngine(data=None, gateways=[gateway], scenarios=[news]) as engine:
        campaign = await engine.launch(
            await engine.plan("news", to=people(60)), by="tests", key="k"
        )
        events = campaign.events()
        got: list[be.Event | be.Notice] = []
        cancelled = 0
        while True:
            with anyio.move_on_after(0.004) as scope:
                try:
                    got.append(await anext(events))
                except StopAsyncIteration:
                    break
            cancelled += scope.cancelled_caught
        everything = [entry async for entry in campaign.events()]
    assert cancelled > 10
    assert got == everything


async def test_a_cancelled_check_is_left_behind(news: Any, smsc: Any) -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        silent = smsc.gateway(port=port)
        async with be.AsyncEngine(data=None, gateways=[silent], scenarios=[news]) as engine:
            began = time.monotonic()
            with anyio.move_on_after(0.2):
                await engine.check()
            assert time.monotonic() - began < SOON_S


async def test_the_event_loop_never_stands_still(people: Any, news: Any, smsc: Any) -> None:
    def slow() -> Iterator[be.Recipient]:
        for person in people(1_200):
            time.sleep(0.001)
            yield person

    gateway = smsc.gateway(parts_per_second=1_000)
    async with be.AsyncEngine(data=None, gateways=[gateway], scenarios=[news]) as engine:
        longest = 0.0

        async def beat() -> None:
            nonlocal longest
            while True:
                before = time.monotonic()
                await anyio.sleep(0.005)
                longest = max(longest, time.monotonic() - before)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(beat)
            plan = await engine.plan("news", to=slow())
            campaign = await engine.launch(plan, by="tests", key="k")
            async for _ in campaign.progress(every_s=0.1):
                pass
            assert (await campaign.report()).balanced
            tasks.cancel_scope.cancel()
    assert longest < STANDS_STILL_S, "a beat every 5 ms"


async def test_an_asynchronous_audience(people: Any, news: Any, smsc: Any) -> None:
    async def rows() -> AsyncIterator[be.Recipient]:
        for person in people(4500):
            yield person
            await anyio.lowlevel.checkpoint()

    async with be.AsyncEngine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        plan = await engine.plan("news", to=rows())
        assert plan.people == 4500
        assert plan.hash == (await engine.plan("news", to=people(4500))).hash


async def test_an_engine_is_opened_before_it_is_used(news: Any) -> None:
    engine = be.AsyncEngine(data=None, scenarios=[news])
    with pytest.raises(be.EngineClosed, match="not open yet"):
        await engine.campaigns()
    await engine.open()
    await engine.open()
    assert await engine.campaigns() == []
    await engine.close()
    await engine.close()
    assert not [t for t in threading.enumerate() if t.name == "bealert-logs"]
