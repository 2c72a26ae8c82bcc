"""How readers wait for the engine: the steps once, and a driver for each way to wait.

The engine rings a descriptor when there is something to look at. A reader arms it, looks, and
waits only if it found nothing, so nothing is missed in between. The steps are generators that
touch neither descriptor, clock nor event loop; `blocking` and `Awaited` drive them.
"""

from __future__ import annotations

import math
import select
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

from bealert_engine.errors import EngineClosed
from bealert_engine.events import Event, EventRow, Notice, NoticeRow, entry
from bealert_engine.progress import Progress, ProgressRow

REST_S = 0.02
"""Pause after a wake-up that brought nothing yet: at most 50 looks per second at a busy campaign,
and an end that is noticed 20 ms late at worst."""

EVENT_REST_S = 0.005
"""The same for events, which come in a steady stream: at most 200 batches per second."""

POLL_S = 0.25
"""Between two looks at a ledger that another process writes: it rings nobody."""

BATCH = 1_000
"""Entries taken from the journal at once: a few milliseconds of reading."""

T = TypeVar("T")


class Wait(NamedTuple):
    """Wait until the descriptor is readable (None: just sleep), but not longer than this."""

    fd: int | None
    at_most_s: float | None


class Look(NamedTuple):
    """Call this; it may read the ledger. The result goes back into the generator."""

    call: Callable[[], Any]


class Found(NamedTuple, Generic[T]):
    """Hand these out."""

    items: Sequence[T]


Clock: TypeAlias = Callable[[], float]
"""Monotonic seconds."""

Steps: TypeAlias = Generator[Wait | Look | Found[T], Any, None]


class Watch(Protocol):
    """What rings when the progress of a campaign changes."""

    def fd(self) -> int | None: ...
    def arm(self) -> None: ...
    def progress(self) -> ProgressRow: ...


class Subscription(Protocol):
    """A cursor in the journal that rings when there is more."""

    def fd(self) -> int | None: ...
    def arm(self) -> None: ...
    def take(self, most: int) -> list[EventRow | NoticeRow]: ...


def progress_steps(watch: Watch, every_s: float, clock: Clock = time.monotonic) -> Steps[Progress]:
    """A look at once and then one in every `every_s`; the last as soon as the campaign ended."""
    due = clock()
    while True:
        watch.arm()
        progress: Progress = yield Look(lambda: Progress.of(watch.progress()))
        if progress.ended or clock() >= due:
            yield Found((progress,))
        if progress.ended:
            return
        if clock() >= due:
            due = max(due + every_s, clock())
        yield from _rest(watch.fd(), due if every_s > 0 else None, clock)


def end_steps(
    watch: Watch, timeout_s: float | None, clock: Clock = time.monotonic
) -> Steps[Progress]:
    """The last look at a campaign, once it has ended."""
    deadline = None if timeout_s is None else clock() + timeout_s
    while True:
        watch.arm()
        progress: Progress = yield Look(lambda: Progress.of(watch.progress()))
        if progress.ended:
            yield Found((progress,))
            return
        if deadline is not None and clock() >= deadline:
            raise TimeoutError(f"the campaign is {progress.state} after {timeout_s} s; it goes on")
        yield from _rest(watch.fd(), deadline, clock)


def event_steps(subscription: Subscription) -> Steps[Event | Notice]:
    """Everything an engine has to tell, until it is closed."""

    def take() -> list[Event | Notice] | None:
        try:
            return _take(subscription)
        except EngineClosed:
            return None

    while True:
        subscription.arm()
        entries: list[Event | Notice] | None = yield Look(take)
        if entries is None:
            return
        if entries:
            yield Found(entries)
        else:
            yield from _pause(subscription.fd())


def campaign_event_steps(
    subscription: Subscription, has_ended: Callable[[], bool]
) -> Steps[Event | Notice]:
    """Everything of one campaign up to its end, also if that is past already."""
    ended: bool = yield Look(has_ended)
    while True:
        subscription.arm()
        entries: list[Event | Notice] = yield Look(lambda: _take(subscription))
        if entries:
            yield Found(entries)
            ended = ended or any(isinstance(e, Notice) and e.code == "ended" for e in entries)
        elif ended:
            return
        else:
            yield from _pause(subscription.fd())


def backlog_steps(subscription: Subscription) -> Steps[Event | Notice]:
    """Everything that stands in the journal now."""
    while entries := (yield Look(lambda: _take(subscription))):
        yield Found(entries)


def _take(subscription: Subscription) -> list[Event | Notice]:
    return [entry(row) for row in subscription.take(BATCH)]


def _pause(fd: int | None) -> Generator[Wait, Any, None]:
    if fd is None:
        yield Wait(None, POLL_S)
    else:
        yield Wait(fd, None)
        yield Wait(None, EVENT_REST_S)


def _rest(fd: int | None, until: float | None, clock: Clock) -> Generator[Wait, Any, None]:
    """Wait for the bell, then a little longer: what rings once rings often."""

    def left_s(most: float | None) -> float | None:
        if until is None:
            return most
        left = max(until - clock(), 0.0)
        return left if most is None else min(left, most)

    if fd is None:
        yield Wait(None, left_s(POLL_S))
    else:
        yield Wait(fd, left_s(None))
        yield Wait(None, left_s(REST_S))


def blocking(steps: Steps[T]) -> Iterator[T]:
    """Drive the steps on this thread. Ctrl-C gets through."""
    answer = None
    try:
        while True:
            step = steps.send(answer)
            answer = None
            if isinstance(step, Found):
                yield from step.items
            elif isinstance(step, Look):
                answer = step.call()
            else:
                block(step)
    except StopIteration:
        return


def block(wait: Wait) -> None:
    """Wait on this thread."""
    if wait.fd is None:
        time.sleep(wait.at_most_s or 0.0)
        return
    bell = select.poll()
    bell.register(wait.fd, select.POLLIN)
    bell.poll(None if wait.at_most_s is None else wait.at_most_s * 1000)


class Awaited(AsyncIterator[T]):
    """Drive the steps in an event loop, of asyncio or trio.

    Cancelling `__anext__` loses nothing: the next call goes on with the same step, and a wait goes
    on to the end it had. Looks run on a worker thread, since they may read files.
    """

    def __init__(self, steps: Steps[T]) -> None:
        self._steps = steps
        self._found: deque[T] = deque()
        self._step: Wait | Look | None = None
        self._until = math.inf
        self._over = False

    def __aiter__(self) -> Awaited[T]:
        return self

    async def __anext__(self) -> T:
        while not self._found:
            await self._advance()
        return self._found.popleft()

    async def _advance(self) -> None:
        if self._over:
            raise StopAsyncIteration
        answer = None
        if isinstance(self._step, Look):
            answer = await anyio.to_thread.run_sync(self._step.call)
        elif self._step is not None:
            await _readable(self._step.fd, self._until)
        else:
            await anyio.lowlevel.checkpoint()
        self._step = None
        try:
            step = self._steps.send(answer)
        except BaseException as ending:
            self._over = True
            if isinstance(ending, StopIteration):
                raise StopAsyncIteration from None
            raise
        if isinstance(step, Found):
            self._found.extend(step.items)
        else:
            self._step = step
            if isinstance(step, Wait):
                patience = math.inf if step.at_most_s is None else step.at_most_s
                self._until = anyio.current_time() + patience


async def _readable(fd: int | None, until: float) -> None:
    if fd is None:
        await anyio.sleep_until(until)
        return
    with anyio.CancelScope(deadline=until):
        await anyio.wait_readable(fd)
