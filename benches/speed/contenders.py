"""What is measured side by side with SMS: our engine, its peers, and the raw client."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ends import PEERS, ROOT, run

LONGEST_S = 240.0
"""No measurement takes as long; what does has hung."""


@dataclass(frozen=True)
class Task:
    """One measurement of one contender.

    Attributes:
        port: Where the far end listens.
        count: How many messages.
        window: Unanswered requests.
        receipts: Whether receipts are asked for and awaited.
        rate: Messages per second at most, for our engine alone.
    """

    port: int
    count: int
    window: int
    receipts: bool = False
    rate: float | None = None

    def options(self) -> list[str]:
        """As every peer here takes them."""
        asked = ["--port", str(self.port), "--count", str(self.count), "--window"]
        return [*asked, str(self.window), *(["--receipts"] if self.receipts else [])]


@dataclass(frozen=True)
class Contender:
    """One of those measured.

    Attributes:
        name: As the table says it.
        command: The program for a task.
        missing: Why it can't run here; empty if it can.
    """

    name: str
    command: Callable[[Any], list[str]]
    missing: Callable[[], str] = lambda: ""

    def measure(self, task: Any) -> dict[str, Any]:
        """What it says it reached."""
        return run(self.command(task), timeout_s=LONGEST_S)


def _ours(task: Task) -> list[str]:
    command = [sys.executable, "-m", "bealert_engine.cli", "bench", "sms", "--json"]
    command += ["--gateway", f"smpp://bench:bench@127.0.0.1:{task.port}"]
    command += ["--count", str(task.count), "--window", str(task.window)]
    if task.rate is not None:
        command += ["--rate", f"{task.rate:g}"]
    return [*command, *(["--receipts"] if task.receipts else [])]


def built(*path: str) -> Callable[[], str]:
    file = PEERS.joinpath(*path)
    return lambda: "" if file.exists() else f"{file.relative_to(ROOT)} is not built"


def _jsmpp_missing() -> str:
    return "no JVM" if shutil.which("java") is None else built("jsmpp", "PeerJsmpp.class")()


def _smpplib(script: str) -> Callable[[Task], list[str]]:
    python = str(ROOT / ".venv-peers" / "bin" / "python")
    path = str(ROOT / "benches" / "peers" / script)

    def command(task: Task) -> list[str]:
        window = [] if script == "smpplib_readme.py" else ["--window", str(task.window)]
        options = ["--port", str(task.port), "--count", str(task.count), *window]
        return [python, path, *options, *(["--receipts"] if task.receipts else [])]

    return command


def _smpplib_missing() -> str:
    return "" if (ROOT / ".venv-peers").exists() else ".venv-peers is not made"


OURS = Contender("ours", _ours)

RAW = Contender(
    "raw client",
    lambda task: [str(PEERS / "release" / "lean"), "blast", *task.options()],
    built("release", "lean"),
)

SMPP34 = Contender(
    "smpp34",
    lambda task: [str(PEERS / "release" / "peer-smpp34"), *task.options()],
    built("release", "peer-smpp34"),
)

JSMPP = Contender(
    "jSMPP",
    lambda task: [
        "java",
        "-cp",
        f"{PEERS / 'jsmpp'}:{PEERS / 'jsmpp' / '*'}",
        "PeerJsmpp",
        *task.options(),
    ],
    _jsmpp_missing,
)

SMPPLIB_README = Contender("smpplib as its README", _smpplib("smpplib_readme.py"), _smpplib_missing)

SMPPLIB_WINDOW = Contender("smpplib with a window", _smpplib("smpplib_window.py"), _smpplib_missing)
