"""The API in three flavours: a test that takes `flavour` runs blocking, on asyncio and on trio."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

import bealert_engine as be
from bealert_engine import testing
from bealert_engine._people import invented_people

NEWS = be.Scenario(
    "news", kind="news", expiry="1h", sms={"nl": "Weg weer open.", "fr": "Rue rouverte."}
)
ALERT = be.Scenario(
    "alert", kind="warning", expiry="2h", sms={"nl": "Gevaar in {{ street }}. Blijf binnen."}
)


class Flavour:
    """How an engine is opened; what it gives is used as if it blocked."""

    def __init__(self, name: str, portal: BlockingPortal | None) -> None:
        self.name = name
        self.portal = portal

    def engine(self, **options: Any) -> Any:
        if self.portal is None:
            return be.Engine(**options)
        return Blocking(self.portal, be.AsyncEngine(**options))

    def from_toml(self, path: Any) -> Any:
        if self.portal is None:
            return be.Engine.from_toml(path)
        return Blocking(self.portal, be.AsyncEngine.from_toml(path))


class Blocking:
    """An asynchronous object whose methods block until their awaitable is done."""

    def __init__(self, portal: BlockingPortal, thing: Any) -> None:
        self._portal = portal
        self._thing = thing

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._thing, name)
        if not callable(value):
            return value
        return lambda *args, **kwargs: self._wrapped(
            self._portal.call(_called, value, args, kwargs)
        )

    def __enter__(self) -> Blocking:
        self._portal.call(self._thing.__aenter__)
        return self

    def __exit__(self, *error: Any) -> None:
        self._portal.call(self._thing.__aexit__, *error)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Blocking) and self._thing == other._thing

    def __hash__(self) -> int:
        return hash(self._thing)

    def _wrapped(self, value: Any) -> Any:
        if isinstance(value, be.AsyncCampaign | be.AsyncEngine):
            return Blocking(self._portal, value)
        if isinstance(value, list):
            return [self._wrapped(item) for item in value]
        if isinstance(value, AsyncIterator):
            return self._iterated(value)
        return value

    def _iterated(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        while True:
            try:
                item = self._portal.call(anext, items)
            except StopAsyncIteration:
                return
            yield item


async def _called(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    value = function(*args, **kwargs)
    if inspect.isawaitable(value):
        awaitable: Awaitable[Any] = value
        return await awaitable
    return value


@pytest.fixture(params=["sync", "asyncio", "trio"])
def flavour(request: pytest.FixtureRequest) -> Iterator[Flavour]:
    if request.param == "sync":
        yield Flavour("sync", None)
        return
    with start_blocking_portal(request.param) as portal:
        yield Flavour(request.param, portal)


@pytest.fixture
def smsc() -> Iterator[testing.Simulator]:
    with testing.smsc() as simulator:
        yield simulator


@pytest.fixture
def news() -> be.Scenario:
    return NEWS


@pytest.fixture
def alert() -> be.Scenario:
    return ALERT


@pytest.fixture
def people() -> Callable[..., list[be.Recipient]]:
    """Invented people: `people(100, unusable=3)`."""
    return lambda count, **options: list(invented_people(count, **options))
