"""An engine and a far end in a network of their own, whose only cable is pulled for a while.

Run as `unshare -rn python pulled_cable.py`. While the interface is down no packet arrives, and
nobody is told. What became of all is a line of JSON.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import time
from collections.abc import Callable

import bealert_engine as be
from bealert_engine import testing

PEOPLE = 2_500
PULLED_S = 4.0
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


def cable(*, plugged: bool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, name))[1]
        flags = flags | IFF_UP if plugged else flags & ~IFF_UP
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags))


def until(condition: Callable[[], bool], within_s: float = 30) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def alert() -> dict[str, object]:
    cable(plugged=True)
    text = {"nl": "Bericht, {{ id }}."}
    scenario = be.Scenario("message", kind="warning", expiry="2h", sms=text)
    people = [be.Recipient(f"p{n:05}", phone=f"+336 39 98 {n:04}") for n in range(PEOPLE)]
    with testing.smsc(receipt_ms=20, receipt_retry_ms=300, receipt_timeout_ms=2_000) as smsc:
        gateway = smsc.gateway(
            window=50,
            parts_per_second=1_000,
            response_timeout="700ms",
            enquire_interval="500ms",
            receipt_wait="8s",
        )
        with be.Engine(data=None, gateways=[gateway], scenarios=[scenario]) as engine:
            plan = engine.plan("message", to=people)
            campaign = engine.launch(plan, by="tests", key="k")
            until(lambda: campaign.snapshot().sms.delivered > 300)
            cable(plugged=False)
            began = time.monotonic()
            noticed = until(lambda: 'bealert_gateway_up{gateway="sms-a"} 0' in engine.metrics(), 10)
            time.sleep(max(PULLED_S - (time.monotonic() - began), 0))
            before = campaign.snapshot().sms.delivered
            cable(plugged=True)
            went_on = until(lambda: campaign.snapshot().sms.delivered > before + 300)
            campaign.wait(timeout_s=60)
            report = campaign.report()
            events = [event for event in campaign.events() if isinstance(event, be.Event)]
        books = smsc.books()
        twice = [f"p{int(m.destination[-4:]):05}" for m in smsc.messages() if m.accepted > 1]
    return {
        "people": PEOPLE,
        "noticed": noticed,
        "went_on": went_on,
        "balanced": report.balanced,
        "unique": books["unique"],
        "duplicates": books["duplicates"],
        "doubts": sum(event.state == "uncertain" for event in events),
        "doubled": report.possibly_doubled,
        "twice": twice,
    }


if __name__ == "__main__":
    print(json.dumps(alert()))
