"""A host application that does what it is told, and can be killed at any moment.

Run as `python host.py FLAVOUR FAULT`. Each line of its input is a command as a JSON list, and it
answers with a line: what it gives, or the error as `{"error": NAME}`. FLAVOUR is "sync", "asyncio"
or "trio". FAULT is empty, or one of `PLANTED`.
"""

from __future__ import annotations

import functools
import inspect
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from anyio.from_thread import start_blocking_portal

import bealert_engine as be

SCENARIOS = [
    be.Scenario("news", kind="news", expiry="1h", sms={"nl": "Weg weer open, {{ name }}."}),
    be.Scenario("alert", kind="warning", expiry="1h", sms={"nl": "Blijf binnen. " * 13}),
]
"""One is never sent again where it may have left, and has one part; the other is, and has two."""


class Host:
    """The public API by name; `asyncio` and `trio` go through `AsyncEngine`."""

    def __init__(self, flavour: str, stack: ExitStack) -> None:
        self._portal = None
        if flavour != "sync":
            self._portal = stack.enter_context(start_blocking_portal(flavour))
        self._engine: Any = None

    def do(self, command: str, *args: Any) -> Any:
        """Carry out one command."""
        done: Any = getattr(self, f"do_{command}")(*args)
        return done

    def do_open(self, port: int, data: str | None) -> None:
        options: dict[str, Any] = {
            "data": data,
            "gateways": [gateway(port)],
            "scenarios": SCENARIOS,
        }
        if self._portal is None:
            self._engine = be.Engine(**options)
        else:
            self._engine = be.AsyncEngine(**options)
            self._call(self._engine.open)

    def do_close(self) -> None:
        self._call(self._engine.close)

    def do_launch(self, key: str, scenario: str, first: int, count: int, excluded: int) -> int:
        plan = self._call(self._engine.plan, scenario, to=people(first, count, excluded))
        campaign = self._call(self._engine.launch, plan, by="tests", key=key)
        return int(campaign.id)

    def do_pause(self, key: str) -> None:
        self._call(self._find(key).pause)

    def do_resume(self, key: str) -> None:
        self._call(self._find(key).resume)

    def do_cancel(self, key: str) -> None:
        self._call(self._find(key).cancel)

    def do_look(self, key: str) -> dict[str, Any]:
        """Its number, its state and its counts."""
        campaign = self._find(key)
        progress = self._call(campaign.snapshot)
        return {
            "id": campaign.id,
            "state": progress.state,
            "people": campaign.people,
            "counted": progress.sms.total,
        }

    def do_keys(self) -> list[str]:
        return [campaign.key for campaign in self._call(self._engine.campaigns)]

    def do_end(self, key: str) -> dict[str, Any]:
        """Wait for its end, then everything that there is to know about it."""
        campaign = self._find(key)
        last = self._call(campaign.wait, timeout_s=60)
        report = self._call(campaign.report)
        rows = [
            (row.recipient, row.address, row.state, row.parts, row.reason) for row in report.rows()
        ]
        events = list(self._all(campaign.events(after=0)))
        steps = [event for event in events if isinstance(event, be.Event)]
        return {
            "state": last.state,
            "counted": {name: getattr(last.sms, name) for name in STATES},
            "open": last.sms.open,
            "report": report.as_dict(),
            "rows": rows,
            "sequence": [event.seq for event in events],
            "doubts": [step.recipient for step in steps if step.state == "uncertain"],
        }

    def _find(self, key: str) -> Any:
        return self._call(self._engine.campaign, key)

    def _call(self, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        if self._portal is None:
            return function(*args, **options)
        work = functools.partial(function, *args, **options)
        return self._portal.call(settled, work)

    def _all(self, items: Any) -> Iterator[Any]:
        """What an iterator of either kind gives, up to its end."""
        if self._portal is None:
            return iter(items)
        return iter(self._portal.call(collected, items))


STATES = (
    "accepted",
    "delivered",
    "confirmed",
    "failed",
    "expired",
    "cancelled",
    "skipped",
    "uncertain",
)


async def settled(work: Callable[[], Any]) -> Any:
    done = work()
    return await done if inspect.isawaitable(done) else done


async def collected(items: Any) -> list[Any]:
    return [item async for item in items]


def gateway(port: int) -> be.Smpp:
    return be.Smpp(
        "sms-a",
        host="127.0.0.1",
        port=port,
        system_id="bealert",
        password=be.Secret("password"),
        sender="BE-Alert",
        window=8,
        parts_per_second=120,
        receipt_wait="3s",
        response_timeout="500ms",
        reconnect_max="100ms",
        retry={"attempts": 4, "first": "30ms", "max": "60ms"},
    )


def people(first: int, count: int, excluded: int) -> list[be.Recipient]:
    """Numbers that the regulator keeps for fiction, each of one campaign only."""
    reachable = [
        be.Recipient(f"p{number}", phone=f"+336 3998 {number:04}", name="An")
        for number in range(first, first + count)
    ]
    return reachable + [be.Recipient(f"x{number}", phone="none") for number in range(excluded)]


class Forgetful(Host):
    """Pauses nothing, and says it did."""

    def do_pause(self, key: str) -> None:
        self._find(key)


class Amnesiac(Host):
    """Does not know its keys: a launch that is repeated is another campaign."""

    def do_launch(self, key: str, *content: Any) -> int:
        return super().do_launch(
            f"{key} {len(self.do_keys())}" if key in self.do_keys() else key, *content
        )


class Generous(Host):
    """Sends everything twice."""

    def do_launch(self, key: str, *content: Any) -> int:
        given = super().do_launch(key, *content)
        super().do_launch(f"{key} again", *content)
        return given

    def do_keys(self) -> list[str]:
        return [key for key in super().do_keys() if not key.endswith(" again")]


class Careless(Host):
    """Loses somebody in its report."""

    def do_end(self, key: str) -> dict[str, Any]:
        end = super().do_end(key)
        return {**end, "rows": end["rows"][1:]}


PLANTED: dict[str, type[Host]] = {
    "": Host,
    "forgetful": Forgetful,
    "amnesiac": Amnesiac,
    "generous": Generous,
    "careless": Careless,
}


def main(flavour: str, fault: str) -> None:
    with ExitStack() as stack:
        host = PLANTED[fault](flavour, stack)
        print(json.dumps("ready"), flush=True)
        for line in sys.stdin:
            try:
                answer = host.do(*json.loads(line))
            except be.BealertError as error:
                answer = {"error": type(error).__name__}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
