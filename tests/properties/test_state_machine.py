"""Any history of launches, commands, crashes and openings, beside a small model of what it means.

Hypothesis picks the steps; the host application runs in a process of its own, over the blocking or
the asynchronous API, and is killed with `kill -9`. The simulator outlives it and keeps its own
books. After each history every campaign is led to its end, and then: everybody counted exactly
once (I1), doubles doubted and named (I3), states as the model has them (I6), counts equal to the
report (I7), one campaign per key (I8), nothing sent after a stop (I10).

`BEALERT_HISTORIES` asks for more histories than there are in a normal run. A history that fails is
printed step by step, and tried again first in the next run.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bealert_engine import _engine, testing

HISTORIES = int(os.environ.get("BEALERT_HISTORIES") or 20)
STEPS = 14

SETTLED_S = 0.05
"""What was written before a stop has reached the simulator by then."""

REFUSED, UNDELIVERED = "7", "3"
"""How the numbers end that are refused for good, and whose receipts say so."""

FAULTS: dict[str, Any] = {
    "numbers": [
        {"suffix": REFUSED, "status": 0x0B},
        {"suffix": UNDELIVERED, "receipt": "UNDELIV"},
        {"suffix": "5", "status": 0x08, "times": 1},
    ],
    "response_ms": 4,
    "receipt_ms": 20,
    "early_receipts": 0.1,
    "repeated_receipts": 0.1,
}

ENDED = {"done", "cancelled"}


@dataclass(frozen=True)
class Content:
    """What makes a plan the same."""

    scenario: str
    first: int
    count: int
    excluded: int


@dataclass
class Model:
    """What a campaign must be."""

    content: Content
    id: int
    states: frozenset[str]
    stopped_at: int | None = None
    """What had left when it was stopped; nothing more may."""

    @property
    def people(self) -> int:
        return self.content.count + self.content.excluded


RUNNING = frozenset({"running", "done"})
PAUSED = frozenset({"paused", "done"})
CANCELLED = frozenset({"cancelling", "cancelled"})

SIZES = st.sampled_from([1, 30, 49])
contents = st.tuples(st.sampled_from(["news", "alert"]), SIZES, st.integers(0, 3))
moments = st.floats(0, 0.06)


class Histories(RuleBasedStateMachine):
    """Campaigns of one data directory, or of one ledger in memory, and one far end."""

    durable = True
    start: Callable[[str], Any]

    campaigns = Bundle("campaigns")

    def __init__(self) -> None:
        super().__init__()
        self.smsc = testing.smsc(**FAULTS)
        self.directory = tempfile.TemporaryDirectory()
        self.models: dict[str, Model] = {}
        """The campaigns that there are: not those of a launch that a crash undid."""
        self.launches = 0
        self.open = False
        self.harmed = False
        """Whether anything may be in doubt: a process was killed, or a connection lost."""

    @initialize(flavour=st.sampled_from(["sync", "asyncio", "trio"]))
    def begin(self, flavour: str) -> None:
        self.flavour = flavour
        self.host = self.start(flavour)
        self.reopen()

    def reopen(self) -> None:
        if self.open:
            return
        data = self.directory.name if self.durable else None
        assert self.host.ask("open", self.smsc.port, data) is None
        self.open = True

    # ---- launching

    @precondition(lambda self: self.open)
    @rule(target=campaigns, content=contents)
    def launch(self, content: tuple[str, int, int]) -> str:
        key, made = self.new(content)
        self.models[key] = Model(made, self.host.ask(*command(key, made)), RUNNING)
        return key

    @precondition(lambda self: self.open)
    @rule(
        target=campaigns,
        content=contents,
        name=st.sampled_from(["pause", "cancel"]),
        after_s=moments,
    )
    def launch_and_stop(self, content: tuple[str, int, int], name: str, after_s: float) -> str:
        """In the middle of it, which chance alone would seldom hit."""
        key = self.launch(content)
        time.sleep(after_s)
        self.command(name, key, PAUSED if name == "pause" else CANCELLED)
        return key

    @precondition(lambda self: self.open)
    @rule(key=campaigns)
    def launch_again(self, key: str) -> None:
        """I8: whatever became of it, it is the same campaign, and nothing more is sent for it."""
        if key not in self.models:
            return
        model = self.models[key]
        assert self.host.ask(*command(key, model.content)) == model.id

    @precondition(lambda self: self.open)
    @rule(key=campaigns, more=st.sampled_from(["scenario", "count", "excluded"]))
    def launch_another_under_its_key(self, key: str, more: str) -> None:
        if key not in self.models:
            return
        content = self.models[key].content
        other: Any = {"scenario": "alert" if content.scenario == "news" else "news"}.get(more)
        changed = {more: other or getattr(content, more) + 1}
        other = dataclasses.replace(content, **changed)
        assert self.host.ask(*command(key, other)) == {"error": "KeyConflict"}

    @precondition(lambda self: self.open and self.durable)
    @rule(target=campaigns, content=contents, after_s=moments)
    def crash_in_a_launch(self, content: tuple[str, int, int], after_s: float) -> str:
        """It was launched, whole, or it was not; then its key is free."""
        key, made = self.new(content)
        self.host.tell(*command(key, made))
        time.sleep(after_s)
        self.crash()
        self.reopen()
        keys = self.host.ask("keys")
        assert keys.count(key) <= 1
        if key in keys:
            self.models[key] = Model(made, self.host.ask("look", key)["id"], RUNNING)
        return key

    # ---- commands

    @precondition(lambda self: self.open)
    @rule(key=campaigns)
    def pause(self, key: str) -> None:
        self.command("pause", key, PAUSED)

    @precondition(lambda self: self.open)
    @rule(key=campaigns)
    def resume(self, key: str) -> None:
        self.command("resume", key, RUNNING)

    @precondition(lambda self: self.open)
    @rule(key=consumes(campaigns))
    def cancel(self, key: str) -> None:
        self.command("cancel", key, CANCELLED)

    @precondition(lambda self: self.open and self.durable)
    @rule(key=campaigns, name=st.sampled_from(["pause", "resume", "cancel"]), after_s=moments)
    def crash_in_a_command(self, key: str, name: str, after_s: float) -> None:
        """What was not answered took effect, or did not."""
        if key not in self.models:
            return
        model = self.models[key]
        wanted = {"pause": PAUSED, "resume": RUNNING, "cancel": CANCELLED}[name]
        possible = model.states | wanted
        self.host.tell(name, key)
        time.sleep(after_s)
        self.crash()
        model.states, model.stopped_at = possible, None
        self.reopen()
        found = self.host.ask("look", key)["state"]
        assert found in possible
        self.is_now(key, found)

    def command(self, name: str, key: str, then: frozenset[str]) -> None:
        if key not in self.models:
            return
        model = self.models[key]
        done = self.host.ask(name, key)
        if done is None:
            model.states = CANCELLED if model.states == CANCELLED else then
            self.note_stop(key)
            return
        # Only what has ended, or is about to, can't be commanded.
        assert done == {"error": "CampaignEnded"}
        found = self.host.ask("look", key)["state"]
        assert found in ENDED | {"cancelling"}
        self.is_now(key, found)

    def is_now(self, key: str, found: str) -> None:
        """The model knows no more than what was seen."""
        model = self.models[key]
        model.states = frozenset({found})
        if found not in ENDED:
            model.states = next(s for s in (RUNNING, PAUSED, CANCELLED) if found in s)
        self.note_stop(key)

    # ---- what else happens

    @precondition(lambda self: self.open)
    @rule()
    def close(self) -> None:
        self.host.ask("close")
        self.open = False
        if not self.durable:
            self.models.clear()

    @precondition(lambda self: not self.open)
    @rule()
    def open_again(self) -> None:
        self.reopen()

    @precondition(lambda self: self.durable)
    @rule()
    def crash(self) -> None:
        self.host.kill()
        self.host = self.start(self.flavour)
        self.open, self.harmed = False, True

    @rule()
    def lose_the_connection(self) -> None:
        self.harmed |= self.smsc.reset_connections() > 0

    @rule(for_s=st.floats(0.01, 0.15))
    def time_passes(self, for_s: float) -> None:
        time.sleep(for_s)

    # ---- what holds after every step

    @invariant()
    def states_are_those_of_the_model(self) -> None:
        """I6, and everybody is counted once at any time."""
        if not self.open:
            return
        for key, model in self.models.items():
            found = self.host.ask("look", key)
            assert found["id"] == model.id
            assert found["state"] in model.states, (found, model)
            assert found["counted"] == found["people"] == model.people

    @invariant()
    def nothing_is_sent_after_a_stop(self) -> None:
        """I10."""
        left = self.left()
        for key, model in self.models.items():
            if model.stopped_at is not None:
                assert left[key] == model.stopped_at, f"{key} was sent after it was stopped"

    def note_stop(self, key: str) -> None:
        model = self.models[key]
        model.stopped_at = None
        if not model.states <= RUNNING:
            time.sleep(SETTLED_S)
            model.stopped_at = self.left()[key]

    # ---- the end

    def teardown(self) -> None:
        try:
            if hasattr(self, "host"):
                self.lead_to_the_end()
        finally:
            self.smsc.close()
            self.directory.cleanup()

    def lead_to_the_end(self) -> None:
        self.reopen()
        self.states_are_those_of_the_model()
        for key in self.models:
            if self.host.ask("look", key)["state"] == "paused":
                self.command("resume", key, RUNNING)
        ends = {key: self.host.ask("end", key) for key in self.models}
        assert sorted(self.host.ask("keys")) == sorted(self.models)
        self.nothing_is_sent_after_a_stop()
        self.host.ask("close")
        self.host.end()
        for key, end in ends.items():
            self.accounted(self.models[key], end)
        if self.durable:
            findings, campaigns, _, _ = _engine.verify(self.directory.name)
            assert (findings, campaigns) == ([], len(self.models))

    def accounted(self, model: Model, end: dict[str, Any]) -> None:
        report, rows = end["report"], end["rows"]
        assert end["state"] in model.states
        # I1, I7: everybody ends once, in the report, the rows and the counts alike.
        assert report["balanced"]
        assert report["people"] == len(rows) == model.people
        assert len({row[0] for row in rows}) == len(rows)
        counted = {state: count for state, count in end["counted"].items() if count}
        assert end["open"] == 0
        assert counted == Counter(row[2] for row in rows)
        assert counted == {state: n for state, n in report["totals"]["sms"].items() if n}
        assert counted.get("skipped", 0) == model.content.excluded
        assert end["sequence"] == sorted(set(end["sequence"]))
        self.agrees_with_the_far_end(model, end)

    def agrees_with_the_far_end(self, model: Model, end: dict[str, Any]) -> None:
        taken = {message.destination: message for message in self.smsc.messages()}
        doubts = Counter(end["doubts"])
        named = set(end["report"]["possibly_doubled"])
        for person, address, state, parts, reason in end["rows"]:
            if state == "skipped":
                continue
            message = taken.get(address.removeprefix("+"))
            copies = 0 if message is None else message.accepted
            # I3: as often as it was in doubt, and named.
            assert copies <= 1 + doubts[person]
            assert copies <= 1 or person in named
            if state in ("delivered", "accepted"):
                assert message is not None, f"{person} is lost"
                assert message.parts == message.total == parts
            if state == "cancelled":
                assert copies == 0 or doubts[person] or (message and message.parts < parts)
            if not doubts[person]:
                assert state in self.expected(model, address, message), (person, state, reason)
        assert self.harmed or not doubts, "nothing was lost, and yet something is in doubt"
        assert set(end["report"]["uncertain"]) | named <= doubts.keys()

    def expected(self, model: Model, address: str, message: Any) -> set[str]:
        """How somebody who was never in doubt may end."""
        ends = {"failed" if address.endswith((REFUSED, UNDELIVERED)) else "delivered"}
        if self.harmed:
            ends.add("accepted")  # a receipt that found nobody may come again too late
        if "cancelled" in model.states:
            ends.add("cancelled")
            if message is not None and message.parts < message.total:
                ends.add("failed")  # one part was taken, another was not to be tried again
        return ends

    def left(self) -> Counter[str]:
        """How much was taken, by campaign: each has numbers of its own."""
        owners = {
            model.content.first + offset: key
            for key, model in self.models.items()
            for offset in range(model.content.count)
        }
        left: Counter[str] = Counter()
        for message in self.smsc.messages():
            left[owners.get(int(message.destination[-4:]), "")] += message.parts + message.accepted
        return left

    def new(self, content: tuple[str, int, int]) -> tuple[str, Content]:
        self.launches += 1
        scenario, count, excluded = content
        return f"k{self.launches}", Content(scenario, self.launches * 50, count, excluded)


class InMemory(Histories):
    """The same without a ledger on disk: closing ends everything."""

    durable = False


def command(key: str, content: Content) -> tuple[Any, ...]:
    return ("launch", key, *dataclasses.astuple(content))


@pytest.mark.timeout(60 + 20 * HISTORIES)
@pytest.mark.parametrize(
    ("machine", "histories"), [(Histories, HISTORIES), (InMemory, HISTORIES // 2)]
)
def test_any_history(machine: type[Histories], histories: int, child: Callable[..., Any]) -> None:
    run_state_machine_as_test(
        of(machine, child),
        settings=settings(
            max_examples=histories,
            stateful_step_count=STEPS,
            deadline=None,
            print_blob=True,
            # Processes and time don't shrink: a shorter history is another one.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("fault", ["", "forgetful", "amnesiac", "generous", "careless"])
def test_a_planted_fault_is_found(fault: str, child: Callable[..., Any]) -> None:
    """What can't fail proves nothing: a host application with a fault of its own, see `host.py`."""
    machine = of(Histories, functools.partial(child, fault=fault))()
    with pytest.raises(AssertionError) if fault else nullcontext():
        try:
            machine.begin(flavour="sync")
            key = machine.launch_and_stop(content=("news", 49, 1), name="pause", after_s=0.05)
            machine.states_are_those_of_the_model()
            machine.nothing_is_sent_after_a_stop()
            machine.launch_again(key=key)
            machine.crash()
        finally:
            machine.teardown()


def of(machine: type[Histories], start: Callable[..., Any]) -> type[Histories]:
    """The machine with what it starts."""
    return type(machine.__name__, (machine,), {"start": staticmethod(start)})
