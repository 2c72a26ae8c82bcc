"""A far end that is served until somebody ends it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeAlias

from bealert_engine.cli.exits import ExitCode, Terminated, Unusable, sigterm_raises
from bealert_engine.cli.streams import write_out
from bealert_engine.errors import BealertError
from bealert_engine.testing import Relay, Simulator

LOOK_EVERY_S = 0.2
"""How soon the end of the parent is noticed."""

FarEnd: TypeAlias = Simulator | Relay


def serve(listen: Callable[[], FarEnd], *, with_parent: bool) -> ExitCode:
    """Say where it listens, wait for a signal, and say its books as JSON."""
    try:
        far_end = listen()
    except ValueError as error:
        raise Unusable(str(error)) from None
    with sigterm_raises(), far_end:
        with contextlib.suppress(KeyboardInterrupt, Terminated):
            write_out(f"listening on {far_end.host}:{far_end.port}\n")
            _wait(far_end, with_parent=with_parent)
        # A terminal and a supervisor may both signal: the books are said all the same.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        books = far_end.books()
        failure = far_end.failure()
    write_out(json.dumps(books) + "\n")
    if failure is not None:
        raise BealertError(f"The simulator had to stop: {failure}")
    return ExitCode.DONE


def _wait(far_end: FarEnd, *, with_parent: bool) -> None:
    over = threading.Event()
    if with_parent:
        threading.Thread(target=_until_input_ends, args=(over,), daemon=True).start()
    while not over.is_set() and far_end.failure() is None:
        time.sleep(LOOK_EVERY_S)


def _until_input_ends(over: threading.Event) -> None:
    # os.read, since a daemon thread must not hold the lock of sys.stdin when the process ends.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    over.set()
