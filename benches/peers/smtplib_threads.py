"""The standard library's smtplib on kept connections: processes, with a thread for each.

    target/peers/release/lean smtp-sink --port 2525
    .venv-peers/bin/python benches/peers/smtplib_threads.py --port 2525 --count 4000 --connections 8

Prints one JSON value. It has no limit, no ledger and no retry.
"""

from __future__ import annotations

import argparse
import multiprocessing
import smtplib
import threading
import time

from letters import SENDER, cpu_s, maker, options, recipient, say


def main() -> None:
    chosen = options("Measure smtplib.", processes=True)
    began, spent_s = time.monotonic(), cpu_s()
    numbers = [range(first, chosen.count, chosen.processes) for first in range(chosen.processes)]
    with multiprocessing.Pool(chosen.processes) as pool:
        accepted = sum(pool.starmap(process, [(chosen, share) for share in numbers]))
        pool.close()
        pool.join()
    say(chosen.count, accepted, began, spent_s)


def process(chosen: argparse.Namespace, numbers: range) -> int:
    """Sends its share over its own connections; how many were accepted."""
    connections = max(1, chosen.connections // chosen.processes)
    accepted: list[int] = []
    threads = [
        threading.Thread(target=connection, args=(chosen, numbers[first::connections], accepted))
        for first in range(connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(accepted)


def connection(chosen: argparse.Namespace, numbers: range, accepted: list[int]) -> None:
    make = maker(chosen)
    with smtplib.SMTP("127.0.0.1", chosen.port) as client:
        for number in numbers:
            letter = make(number)
            if isinstance(letter, bytes):
                client.sendmail(SENDER, [recipient(number)], letter)
            else:
                client.send_message(letter)
            accepted.append(number)


if __name__ == "__main__":
    main()
