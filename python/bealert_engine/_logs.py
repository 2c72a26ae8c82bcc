"""What the Rust core logs, handed to Python's `logging`.

The core's threads never enter the interpreter: they queue records, and one Python thread per
engine takes them out and emits them as `bealert_engine.<area>`.
"""

from __future__ import annotations

import logging
import threading
from typing import Protocol

__all__ = ["LogThread"]

TAKE_S = 1.0
"""How long one wait for records lasts; a record that comes ends it at once."""

JOIN_S = 2.0
"""How long closing waits for the last records to be emitted; a slow handler keeps them longer."""


class Source(Protocol):
    """Where records come from: area, level, text; None when there will be no more."""

    def logs(self, at_most_s: float) -> list[tuple[str, int, str]] | None: ...


class LogThread:
    """Emits the records of one engine until it has ended."""

    def __init__(self, source: Source) -> None:
        self._thread = threading.Thread(
            target=_emit, args=(source,), name="bealert-logs", daemon=True
        )
        self._thread.start()

    def join(self) -> None:
        """Wait until the last records of an engine that has ended are emitted."""
        if self._thread is not threading.current_thread():
            self._thread.join(JOIN_S)


def _emit(source: Source) -> None:
    while (records := source.logs(TAKE_S)) is not None:
        for area, level, text in records:
            logging.getLogger(f"bealert_engine.{area}").log(level, "%s", text)
