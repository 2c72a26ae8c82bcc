"""Our engine over its public API, for what `bealert bench email` does not measure.

    python benches/speed/driver_mail.py queued --port 2525 --count 200000

Each prints a JSON value and ends with its standard input.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

from driver import resident_mb, say

import bealert_engine as be
from bealert_engine.cli.bench.letters import SENDER, letter


def main() -> None:
    asked = argparse.ArgumentParser(description="Drive the engine for a measurement.")
    asked.add_argument("what", choices=sorted(DRIVERS))
    asked.add_argument("--port", type=int, required=True)
    asked.add_argument("--count", type=int, default=1_000)
    asked.add_argument("--connections", type=int, default=8)
    asked.add_argument("--mode", default="auto")
    chosen = asked.parse_args()
    DRIVERS[chosen.what](chosen)


def queued(chosen: argparse.Namespace) -> None:
    """Everybody launched and next to nobody sent to."""
    with opened(chosen, messages_per_second=1) as engine:
        engine.launch(engine.plan("bench", to=people(chosen.count)), by="bench", key="bench")
        time.sleep(1.0)
        say(resident_mb=resident_mb())
        sys.stdin.read()


def connected(chosen: argparse.Namespace) -> None:
    """Every connection has sent, and stays."""
    with opened(chosen) as engine:
        count = chosen.count * 20
        campaign = engine.launch(engine.plan("bench", to=people(count)), by="bench", key="bench")
        campaign.wait(timeout_s=120)
        say(resident_mb=resident_mb())
        sys.stdin.read()


DRIVERS = {"queued": queued, "connected": connected}


def opened(chosen: argparse.Namespace, messages_per_second: float | None = None) -> be.Engine:
    relay = be.Smtp(
        "bench",
        host="127.0.0.1",
        port=chosen.port,
        tls="none",
        sender=SENDER,
        connections=chosen.connections,
        mode=chosen.mode,
        messages_per_second=messages_per_second,
    )
    return be.Engine(data=None, gateways=[relay], scenarios=[letter(4_096)])


def people(count: int) -> Iterator[be.Recipient]:
    for number in range(count):
        yield be.Recipient(f"b{number:09}", email=f"user{number:09}@example.org")


if __name__ == "__main__":
    main()
