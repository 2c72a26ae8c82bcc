"""A simulated SMSC or relay in a process of its own, which tells its books when asked.

Run as `python far_end.py KIND OPTIONS`, KIND being `smsc` or `relay`, and the options of the
simulator as JSON. It says its port, then answers each line of its input with what it has counted
and accepted so far (`reset` breaks its connections instead), and ends with it.
"""

from __future__ import annotations

import json
import sys

from bealert_engine import _engine


def serve(kind: str, options: str) -> None:
    simulator = _engine.Relay if kind == "relay" else _engine.Smsc
    native = simulator.open("127.0.0.1", 0, options)
    print(native.port, flush=True)
    for line in sys.stdin:
        if line.strip() == "reset":
            native.reset_connections()
            continue
        messages = native.messages()
        if kind == "relay":
            # Of a letter, whom it was for: the books tell whether two were the same.
            messages = [recipient for message in messages for recipient in message[1]]
        answer = {"books": native.books(), "messages": messages}
        print(json.dumps(answer), flush=True)
    native.close()


if __name__ == "__main__":
    serve(*sys.argv[1:])
