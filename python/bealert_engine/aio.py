"""The engine for asyncio and trio: the names of `Engine` and `Campaign`, awaited."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Self, TypeAlias, TypeVar

import anyio
import anyio.to_thread

from bealert_engine import _engine
from bealert_engine._durations import Duration
from bealert_engine._known import Known
from bealert_engine._planning import CHUNK, Audience, Values, finished, pairs
from bealert_engine._waiting import Awaited, event_steps
from bealert_engine.bounces import Bounces
from bealert_engine.campaign import Campaign
from bealert_engine.check import GatewayCheck
from bealert_engine.config import Config
from bealert_engine.engine import Engine
from bealert_engine.errors import EngineClosed, EngineForked
from bealert_engine.events import Event, Notice, cursor
from bealert_engine.gateways import Gateway
from bealert_engine.plan import Excluded, Plan
from bealert_engine.progress import CampaignState, Progress
from bealert_engine.recipient import Recipient
from bealert_engine.report import Report
from bealert_engine.scenario import Scenario

__all__ = ["AsyncCampaign", "AsyncEngine"]

T = TypeVar("T")

AsyncAudience: TypeAlias = Audience | AsyncIterable[Recipient | Excluded]
"""Whom to send to."""


class AsyncEngine:
    """Sends campaigns from asyncio or trio; see `Engine`, whose arguments it takes.

    It opens in `async with`, or by `await engine.open()` where a framework has its own place for
    that. Calls run on worker threads, so the event loop never waits for a disk or a far end. What
    changes something (`launch`, `pause`, `resume`, `cancel`, `close`) is not torn apart by
    cancellation; `plan` and `check` are dropped.

    >>> import anyio
    >>> from bealert_engine import AsyncEngine, Recipient, Scenario, testing
    >>> news = Scenario("news", kind="news", expiry="1h", sms={"en": "Road open again."})
    >>> async def alert() -> int:
    ...     with testing.smsc() as far_end:
    ...         gateways = [far_end.gateway()]
    ...         async with AsyncEngine(data=None, gateways=gateways, scenarios=[news]) as engine:
    ...             plan = await engine.plan("news", to=[Recipient("p1", phone="+33639981234")])
    ...             campaign = await engine.launch(plan, by="docs", key="road-7")
    ...             async for progress in campaign.progress(every_s=1):
    ...                 last = progress
    ...             return last.sms.delivered
    >>> anyio.run(alert)
    1
    """

    def __init__(
        self,
        *,
        data: str | os.PathLike[str] | None,
        default_country: str | None = None,
        languages: Sequence[str] = (),
        erase_after: Duration | None = None,
        archive_after: Duration | None = None,
        senders: Sequence[str] = (),
        bounces: Bounces | Mapping[str, Any] | None = None,
        gateways: Sequence[Gateway] = (),
        scenarios: Sequence[Scenario] = (),
    ) -> None:
        self._config = Config(
            data=data,
            default_country=default_country,
            languages=languages,
            erase_after=erase_after,
            archive_after=archive_after,
            senders=senders,
            bounces=bounces,
            gateways=gateways,
            scenarios=scenarios,
        )
        self._engine: Engine | None = None

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> Self:
        """An engine with a configuration file; not open yet.

        Raises:
            ConfigError: With everything that is wrong, each with file, table and key.
        """
        return cls.from_config(Config.from_toml(path))

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """An engine with a configuration that was made before; not open yet."""
        engine = cls.__new__(cls)
        engine._config = config
        engine._engine = None
        return engine

    @property
    def config(self) -> Config:
        """What it is opened with."""
        return self._config

    async def open(self) -> Self:
        """Open it; `async with` does so by itself. Opening twice does no harm."""
        if self._engine is None:
            self._engine = await _settled(partial(Engine.from_config, self._config))
        return self

    async def plan(
        self, scenario: str, *, to: AsyncAudience, values: Mapping[str, str] | None = None
    ) -> Plan:
        """Work out what a scenario would do to these people now; see `Engine.plan`.

        Cancelled, it is abandoned: the audience is read no further, and nothing is kept.

        Args:
            scenario: Name of the scenario.
            to: An asynchronous iterable, read in the event loop; or any other, which is then read
                on a worker thread.
            values: What templates see beside the recipient's own values, which win.
        """
        engine = self._open_engine()
        if isinstance(to, AsyncIterable):
            return await _plan_from(engine, scenario, to, values)
        abandoned = threading.Event()
        work = partial(engine._plan, scenario, to, values, given_up=abandoned.is_set)
        try:
            return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
        finally:
            abandoned.set()

    async def launch(self, plan: Plan, *, by: str, key: str) -> AsyncCampaign:
        """Launch a plan: it is durable, and being sent, when this returns; see `Engine.launch`.

        Cancelled, the launch happens all the same. Launching again with the same key finds it.
        """
        engine = self._open_engine()
        return AsyncCampaign(await _settled(partial(engine.launch, plan, by=by, key=key)))

    async def check(self) -> list[GatewayCheck]:
        """Ask every gateway: connects, binds, and says what was found. Takes up to ten seconds."""
        stop = _engine.Stop()
        work = partial(self._open_engine()._check, stop)
        try:
            return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
        finally:
            stop.set()

    async def campaign(self, id_or_key: int | str) -> AsyncCampaign:
        """Find a campaign: an int is its number, a str its launch key; see `Engine.campaign`.

        Raises:
            UnknownCampaign: There is none; it is a `LookupError` too.
        """
        engine = self._open_engine()
        return AsyncCampaign(await _dropped(partial(engine.campaign, id_or_key)))

    async def campaigns(self) -> list[AsyncCampaign]:
        """Every campaign of the ledger, the oldest first."""
        found = await _dropped(self._open_engine().campaigns)
        return [AsyncCampaign(campaign) for campaign in found]

    def events(self, after: int | None = None) -> AsyncIterator[Event | Notice]:
        """Everything that happens from now on; see `Engine.events`.

        A cancelled `anext` loses nothing: the next one goes on.
        """
        native = self._open_engine()._opened.native
        return Awaited(event_steps(native.events(cursor(after), None)))

    async def metrics(self) -> str:
        """Counts and gauges per gateway, and of the ledger, as OpenMetrics text."""
        return await _dropped(self._open_engine().metrics)

    async def close(self) -> None:
        """Stop sending, let the gateways answer, and free the directory; see `Engine.close`."""
        if self._engine is not None:
            await _settled(self._engine.close)

    def _open_engine(self) -> Engine:
        if self._engine is None:
            raise EngineClosed("The engine is not open yet: use `async with`, or await open().")
        return self._engine

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_error: object) -> None:
        with suppress(EngineForked):
            await self.close()

    def __repr__(self) -> str:
        return f"<AsyncEngine on {self._config.directory or 'a ledger in memory'}>"


class AsyncCampaign(Known):
    """A campaign of a running engine; see `Campaign`, whose names it has.

    `AsyncEngine.launch`, `AsyncEngine.campaign` and `AsyncEngine.campaigns` make these.
    """

    def __init__(self, campaign: Campaign) -> None:
        super().__init__(campaign._row)
        self._campaign = campaign

    @property
    def state(self) -> CampaignState:
        """Where it stands now; not awaited, since it asks no thread and waits for nothing."""
        return self._campaign.state

    @property
    def ended(self) -> bool:
        """Whether nothing more will be sent or awaited."""
        return self._campaign.ended

    async def snapshot(self) -> Progress:
        """How far it is now."""
        return await _dropped(self._campaign.snapshot)

    def progress(self, every_s: float = 1) -> AsyncIterator[Progress]:
        """Watch it, with `async for`; see `Campaign.progress`."""
        return Awaited(self._campaign._progress_steps(every_s))

    async def wait(self, timeout_s: float | None = None) -> Progress:
        """Wait until it has ended; see `Campaign.wait`."""
        return await anext(Awaited(self._campaign._end_steps(timeout_s)))

    def events(self, after: int | None = None) -> AsyncIterator[Event | Notice]:
        """Everything that happens in it, up to its end, with `async for`; see `Campaign.events`.

        A cancelled `anext` loses nothing: the next one goes on.
        """
        return Awaited(self._campaign._event_steps(after))

    async def pause(self) -> None:
        """Stop sending; durable when this returns. The expiry of the campaign goes on."""
        await _settled(self._campaign.pause)

    async def resume(self) -> None:
        """Go on sending after `pause`; durable when this returns."""
        await _settled(self._campaign.resume)

    async def cancel(self) -> None:
        """End it: nothing more leaves once this returns; see `Campaign.cancel`."""
        await _settled(self._campaign.cancel)

    async def erase(self) -> None:
        """Erase the personal data of its people, once it has ended; see `Campaign.erase`."""
        await _settled(self._campaign.erase)

    async def archive(self) -> None:
        """Move it to an archive file of its own, once it has ended; see `Campaign.archive`."""
        await _settled(self._campaign.archive)

    async def report(self) -> Report:
        """What became of everybody, as of now. It balances once the campaign has ended.

        Writing it blocks: `await to_thread.run_sync(report.write, directory)`.
        """
        return await _dropped(self._campaign.report)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AsyncCampaign):
            return NotImplemented
        return self._campaign == other._campaign

    def __hash__(self) -> int:
        return hash((AsyncCampaign, self._campaign))


async def _settled(work: Callable[[], T]) -> T:
    """Run it on a worker thread to its end, whatever is cancelled meanwhile."""
    with anyio.CancelScope(shield=True):
        return await anyio.to_thread.run_sync(work)
    raise AssertionError("a shielded scope swallows no cancellation")


async def _dropped(work: Callable[[], T]) -> T:
    """Run it on a worker thread; cancelled, nobody waits for it or looks at what it gives."""
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)


async def _plan_from(
    engine: Engine, scenario: str, to: AsyncIterable[Recipient | Excluded], values: Values
) -> Plan:
    """A plan whose audience comes from the event loop, in chunks."""
    native = engine._opened.native
    planner = await _dropped(partial(native.planner, scenario, pairs(values)))
    chunk: list[object] = []
    async for person in to:
        chunk.append(person)
        if len(chunk) == CHUNK:
            await _dropped(partial(planner.push, chunk))
            chunk = []
    await _dropped(partial(planner.push, chunk))
    return await _dropped(partial(finished, planner))
