"""Aiosmtplib on kept connections: a task per connection.

    target/peers/release/lean smtp-sink --port 2525
    .venv-peers/bin/python benches/peers/aiosmtplib_pool.py --port 2525 --count 2000 --connections 8

Prints one JSON value. It has no limit, no ledger and no retry.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator

import aiosmtplib
from letters import SENDER, cpu_s, maker, options, recipient, say


async def send_all(chosen: argparse.Namespace) -> int:
    """How many were accepted."""
    numbers = iter(range(chosen.count))
    tasks = [connection(chosen, numbers) for _ in range(chosen.connections)]
    return sum(await asyncio.gather(*tasks))


async def connection(chosen: argparse.Namespace, numbers: Iterator[int]) -> int:
    make, accepted = maker(chosen), 0
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=chosen.port, start_tls=False)
    async with client:
        for number in numbers:
            letter = make(number)
            if isinstance(letter, bytes):
                await client.sendmail(SENDER, [recipient(number)], letter)
            else:
                await client.send_message(letter)
            accepted += 1
    return accepted


def main() -> None:
    chosen = options("Measure aiosmtplib.")
    began, spent_s = time.monotonic(), cpu_s()
    accepted = asyncio.run(send_all(chosen))
    say(chosen.count, accepted, began, spent_s)


if __name__ == "__main__":
    main()
