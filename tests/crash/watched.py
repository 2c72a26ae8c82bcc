"""A host application that answers questions while its disk, its clock or its far end misbehaves.

Run as `python watched.py SPEC`, a JSON object. It opens, launches by key and says `launched`. Each
line of its input is a question then, answered with a line of JSON; it ends with its input.
"""

from __future__ import annotations

import json
import logging
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import bealert_engine as be

WITHIN_S = 90


class Application:
    """One engine with one campaign, and what it logs."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.logged: list[str] = []
        self.launches = 0
        handler = logging.Handler(logging.INFO)
        handler.emit = lambda record: self.logged.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger("bealert_engine").addHandler(handler)
        logging.getLogger("bealert_engine").setLevel(logging.INFO)
        ports = spec["ports"]
        options = {"system_id": "bealert", "sender": "BE-Alert", **spec.get("gateway", {})}
        gateways = [
            be.Smpp(
                f"sms-{number}",
                host="127.0.0.1",
                port=port,
                password=be.Secret("password"),
                **options,
            )
            for number, port in enumerate(ports)
        ]
        text = {"nl": "Bericht, {{ id }}."}
        kind, expiry = spec.get("kind", "warning"), spec.get("expiry", "2h")
        scenario = be.Scenario("message", kind=kind, expiry=expiry, sms=text)
        self.engine = be.Engine(data=spec["data"], gateways=gateways, scenarios=[scenario])
        people = [
            be.Recipient(f"p{n:05}", phone=f"+336 39 98 {n:04}") for n in range(spec["people"])
        ]
        self.other = self.engine.plan("message", to=people[:1])
        plan = self.engine.plan("message", to=people)
        self.campaign = self.engine.launch(plan, by="tests", key="incident")

    def look(self) -> dict[str, Any]:
        """How it stands, without waiting for anything."""
        now = self.campaign.snapshot()
        metrics = dict(
            line.rsplit(" ", 1) for line in self.engine.metrics().splitlines() if line[0] != "#"
        )
        return {
            "state": now.state,
            "stalled": now.stalled,
            "sent": now.sms.sent,
            "delivered": now.sms.delivered,
            "open": now.sms.open,
            "uncertain": now.sms.uncertain,
            "metrics": {name: float(value) for name, value in metrics.items()},
            "logged": self.logged,
        }

    def launch(self) -> dict[str, Any]:
        """What becomes of another launch."""
        try:
            self.engine.launch(self.other, by="tests", key="another")
        except be.BealertError as error:
            return {"error": type(error).__name__, "text": str(error)}
        return {"error": None}

    def more(self) -> dict[str, Any]:
        """Another launch, to one person."""
        self.launches += 1
        self.engine.launch(self.other, by="tests", key=f"more-{self.launches}")
        return {"error": None}

    def end(self) -> dict[str, Any]:
        """What became of everybody, once all have ended."""
        self.campaign.wait(timeout_s=WITHIN_S)
        return self.account()

    def account(self) -> dict[str, Any]:
        """What has become of everybody so far."""
        report = self.campaign.report()
        entries = list(self.campaign.events()) if self.campaign.ended else []
        events = [entry for entry in entries if isinstance(entry, be.Event)]
        delivered = Counter(event.recipient for event in events if event.state == "delivered")
        return {
            "balanced": report.balanced,
            "totals": report.totals["sms"],
            "doubled": report.possibly_doubled,
            "uncertain": report.uncertain,
            "doubts": sum(event.state == "uncertain" for event in events),
            "reported_twice": [who for who, count in delivered.items() if count > 1],
        }

    def rows(self) -> dict[str, Any]:
        """Address and state of everybody."""
        return {"rows": [(row.address, row.state) for row in self.campaign.report().rows()]}

    def close(self) -> dict[str, Any]:
        """How closing ends."""
        try:
            self.engine.close()
        except be.BealertError as error:
            return {"error": type(error).__name__, "text": str(error), "logged": self.logged}
        return {"error": None, "logged": self.logged}


def serve(spec: dict[str, Any]) -> None:
    application = Application(spec)
    questions: dict[str, Callable[[], dict[str, Any]]] = {
        "look": application.look,
        "launch": application.launch,
        "more": application.more,
        "end": application.end,
        "account": application.account,
        "rows": application.rows,
        "close": application.close,
    }
    print("launched", flush=True)
    for line in sys.stdin:
        print(json.dumps(questions[line.strip()]()), flush=True)
    application.close()


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))
