"""Smpplib with a window of our own around it: what somebody does who has read about windows.

    target/peers/release/lean sink --port 2775
    .venv-peers/bin/python benches/peers/smpplib_window.py --port 2775 --count 50000 --window 100

One thread: it sends while the window has room, and reads while there is something to read. It has
no limit, no ledger and no retry. Prints one JSON value, as `smpplib_readme.py`.
"""

from __future__ import annotations

import select

import smpplib.client
from smpplib_readme import Counted, bound, options, say, send, spent

GIVE_UP_S = 5.0  # without news from the far end


def main() -> None:
    asked = options("Measure smpplib with a window.")
    asked.add_argument("--window", type=int, default=100)
    chosen = asked.parse_args()
    counted = Counted()
    client = bound(chosen, counted)
    before = spent()
    stalled = not exchange(client, counted, chosen.count, chosen.window, chosen.receipts)
    say(chosen.count, counted, before, stalled=stalled)


def exchange(
    client: smpplib.client.Client, counted: Counted, count: int, window: int, receipts: bool
) -> bool:
    """Send everything and read what comes; whether all of it came."""
    poll = select.poll()
    poll.register(client._socket, select.POLLIN)
    sent = 0
    while counted.responses < count or (receipts and counted.receipts < count):
        room = sent < count and sent - counted.responses < window
        if room:
            send(client, sent, receipts=receipts)
            sent += 1
        ready = poll.poll(0 if room else GIVE_UP_S * 1000)
        if ready:
            client.read_once()
        elif not room:
            return False
    return True


if __name__ == "__main__":
    main()
