"""Where a measurement keeps its ledger."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bealert_engine.cli.exits import Unusable
from bealert_engine.cli.gateway_url import RelayUrl, SmscUrl

VAR = Path("var")


@contextmanager
def ledger_directory(chosen: Path | None) -> Iterator[Path]:
    """The directory that was chosen, which is new and is kept; else one that passes.

    That is below var/, not in /tmp: that is often kept in memory, where fsync is free.
    """
    if chosen is not None:
        if chosen.exists() and any(chosen.iterdir()):
            raise Unusable(f"{chosen} is not empty: a measurement wants a new directory.")
        yield chosen
        return
    VAR.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=VAR) as directory:
        yield Path(directory)


def must_be_near(url: SmscUrl | RelayUrl, goes_out: str, *, live: bool) -> None:
    """Refuse what is not on this machine, where nobody has said that it is meant."""
    if not url.is_loopback and not live:
        raise Unusable(
            f"{url} is not on this machine. --live-gateway says that you mean it: {goes_out} "
            "go out."
        )
