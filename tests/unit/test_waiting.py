"""The steps of waiting, without an engine, a clock or an event loop."""

from __future__ import annotations

from typing import Any

import pytest

from bealert_engine import _waiting as waiting
from bealert_engine.errors import EngineClosed, EngineFailed
from bealert_engine.events import Notice

NOBODY = [0] * 12


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Watch:
    """States in turn; the last one stays."""

    def __init__(self, *states: str, fd: int | None = 7) -> None:
        self.states = list(states)
        self.calls: list[str] = []
        self._fd = fd

    def fd(self) -> int | None:
        return self._fd

    def arm(self) -> None:
        self.calls.append("arm")

    def progress(self) -> Any:
        self.calls.append("look")
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return state, [NOBODY] * 3, None, 0.0, 0, None


def driven(steps: Any, clock: Clock, woken_after: float = 1e9) -> list[Any]:
    """Everything the steps ask for; a wait takes its time, or is woken."""
    trace: list[Any] = []
    answer = None
    while True:
        try:
            step = steps.send(answer)
        except StopIteration:
            return trace
        answer = None
        if isinstance(step, waiting.Look):
            answer = step.call()
        elif isinstance(step, waiting.Found):
            trace += [("found", round(clock.now - 100, 3), item) for item in step.items]
        else:
            trace.append(step)
            patience = 1e9 if step.at_most_s is None else step.at_most_s
            clock.now += min(patience, woken_after) if step.fd is not None else patience


def test_a_look_at_once_then_one_per_period_without_drift() -> None:
    clock = Clock()
    watch = Watch(*["running"] * 6, "done")
    trace = driven(waiting.progress_steps(watch, 1.0, clock), clock)
    assert [at for kind, at, _ in _found(trace)] == [0, 1, 2, 3, 4, 5, 6]


def test_bells_between_two_looks_are_not_handed_out() -> None:
    clock = Clock()
    watch = Watch(*["running"] * 40, "done")
    trace = driven(waiting.progress_steps(watch, 0.5, clock), clock, woken_after=0.03)
    assert [at for _, at, _ in _found(trace)] == [0, 0.5, 1.0, 1.5, 1.85]


def test_the_end_is_handed_out_at_once() -> None:
    clock = Clock()
    trace = driven(
        waiting.progress_steps(Watch("running", "done"), 60, clock), clock, woken_after=0.1
    )
    (_, began, _), (_, ended, last) = _found(trace)
    assert (began, last.state) == (0, "done")
    assert ended == pytest.approx(0.1 + waiting.REST_S)


def test_every_look_is_armed_before() -> None:
    watch = Watch("running", "running", "done")
    driven(waiting.progress_steps(watch, 1.0, clock := Clock()), clock)
    assert watch.calls == ["arm", "look"] * 3


def test_nobody_rings_so_it_looks_now_and_then() -> None:
    clock = Clock()
    watch = Watch("running", "running", "done", fd=None)
    trace = driven(waiting.end_steps(watch, None, clock), clock)
    assert trace[:2] == [waiting.Wait(None, waiting.POLL_S)] * 2


def test_waiting_gives_up_in_time() -> None:
    clock = Clock()
    with pytest.raises(TimeoutError, match="running after 2"):
        driven(waiting.end_steps(Watch("running"), 2, clock), clock)
    assert clock.now == pytest.approx(102)


class Subscription:
    """Batches in turn; an exception is raised."""

    def __init__(self, *batches: Any) -> None:
        self.batches = list(batches)

    def fd(self) -> int:
        return 7

    def arm(self) -> None:
        pass

    def take(self, most: int) -> Any:
        batch = self.batches.pop(0)
        if isinstance(batch, Exception):
            raise batch
        return batch


def notice(seq: int, code: str = "paused") -> Any:
    return seq, 0, 1, None, code, code


def test_events_end_with_the_engine_but_not_with_a_fault() -> None:
    stream = Subscription([notice(1), notice(2)], [], [notice(3)], EngineClosed())
    trace = driven(waiting.event_steps(stream), Clock(), woken_after=0)
    assert [item.seq for _, _, item in _found(trace)] == [1, 2, 3]
    with pytest.raises(EngineFailed):
        driven(waiting.event_steps(Subscription(EngineFailed())), Clock())


def test_events_of_a_campaign_end_with_it() -> None:
    stream = Subscription([notice(1)], [], [notice(2, "ended")], [notice(3)], [])
    trace = driven(waiting.campaign_event_steps(stream, lambda: False), Clock(), woken_after=0)
    assert [item.seq for _, _, item in _found(trace)] == [1, 2, 3]
    past = Subscription([notice(1)], [])
    trace = driven(waiting.campaign_event_steps(past, lambda: True), Clock())
    assert [item.seq for _, _, item in _found(trace)] == [1]
    torn = Subscription([notice(1)], EngineClosed())
    with pytest.raises(EngineClosed):
        driven(waiting.campaign_event_steps(torn, lambda: False), Clock(), woken_after=0)


def _found(trace: list[Any]) -> list[Any]:
    assert all(isinstance(s, waiting.Wait) or isinstance(s[2], Notice | object) for s in trace)
    return [step for step in trace if not isinstance(step, waiting.Wait)]
