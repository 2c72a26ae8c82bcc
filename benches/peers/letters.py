"""The letter that the Python peers send, what they are asked, and what they say.

A text and an HTML part with the reader's number in both, about four kilobytes on the wire; the
standard library builds it, as the documentation of both clients shows. With `--prebuilt` it is
built once and a number is patched in its octets: what a client costs without the letter.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP

SENDER = "bench@example.org"

NUMBER = "{:09}"

LINE = "Exercise: this text measures a relay, please do nothing, {name}.\n"


def recipient(number: int) -> str:
    """As `bealert bench email`: a domain that nobody can have (RFC 2606)."""
    return f"user{NUMBER}@example.org".format(number)


def options(what: str, *, processes: bool = False) -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=what)
    asked.add_argument("--port", type=int, required=True)
    asked.add_argument("--count", type=int, default=2_000)
    asked.add_argument("--connections", type=int, default=8)
    asked.add_argument("--size", type=int, default=4_096)
    asked.add_argument("--prebuilt", action="store_true")
    if processes:
        asked.add_argument("--processes", type=int, default=2)
    return asked.parse_args()


def built(number: int, size: int) -> EmailMessage:
    """A letter to one person."""
    name = f"user {NUMBER}".format(number)
    letter = EmailMessage(policy=SMTP)
    letter["From"] = f"BE-Alert <{SENDER}>"
    letter["To"] = f"{name} <{recipient(number)}>"
    letter["Subject"] = f"Exercise {NUMBER}".format(number)
    line = LINE.format(name=name)
    # Both parts and some 700 octets of headers and boundaries.
    lines = max(1, (size - 700) // (2 * len(line)))
    letter.set_content(line * lines)
    letter.add_alternative(f"<html><body><p>{line * lines}</p></body></html>", subtype="html")
    return letter


def maker(chosen: argparse.Namespace) -> Callable[[int], EmailMessage] | Callable[[int], bytes]:
    """What makes the letter to a number."""
    if not chosen.prebuilt:
        return lambda number: built(number, chosen.size)
    mark = 123_456_789
    octets = bytes(built(mark, chosen.size))
    return lambda number: octets.replace(
        NUMBER.format(mark).encode(), NUMBER.format(number).encode()
    )


def cpu_s() -> float:
    """CPU time of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def say(count: int, accepted: int, began: float, spent_s: float) -> None:
    """One JSON value with the keys of `bealert bench email` that a client can know."""
    elapsed_s = time.monotonic() - began
    figures = {
        "messages_per_second": round(accepted / max(elapsed_s, 1e-9), 1),
        "elapsed_s": round(elapsed_s, 3),
        "cpu_us_per_message": round((cpu_s() - spent_s) / max(accepted, 1) * 1e6, 1),
        "submitted": count,
        "accepted": accepted,
    }
    print(json.dumps(figures))
