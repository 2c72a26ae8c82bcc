"""What is measured side by side with e-mail: our engine, its peers, and the raw client."""

from __future__ import annotations

import resource
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contenders import LONGEST_S, Contender, built
from ends import PEERS, ROOT, run, to_its_end

SIZE = 4_096
"""Octets of a letter, multipart and personal."""

WINDOW = 16
"""Messages of a connection that wait for their reply, with BDAT."""


@dataclass(frozen=True)
class Letters:
    """One measurement of one contender.

    Attributes:
        port: Where the far end listens.
        count: How many letters.
        connections: How many connections.
        mode: The highest rung of the dialogue that may be used.
        more: Options for our engine alone.
    """

    port: int
    count: int
    connections: int = 8
    mode: str = "joined"
    more: tuple[str, ...] = ()

    def options(self) -> list[str]:
        """As every peer here takes them."""
        asked = ["--port", str(self.port), "--count", str(self.count)]
        return [*asked, "--connections", str(self.connections), "--size", str(SIZE)]


def letters(
    connections: int = 8, mode: str = "joined", more: tuple[str, ...] = ()
) -> Callable[[int, int], Letters]:
    """What everybody is to do."""
    return lambda port, count: Letters(port, count, connections, mode, more)


def _ours(task: Letters) -> list[str]:
    command = [sys.executable, "-m", "bealert_engine.cli", "bench", "email", "--json"]
    command += ["--gateway", f"smtp://127.0.0.1:{task.port}", "--count", str(task.count)]
    command += ["--connections", str(task.connections), "--size", str(SIZE), "--mode", task.mode]
    return [*command, *task.more]


def _raw(task: Letters) -> list[str]:
    command = [str(PEERS / "release" / "lean"), "smtp-blast", *task.options()]
    # It learns nothing, so it is told what ours finds out.
    mode = "joined" if task.mode == "auto" else task.mode
    return [*command, "--mode", mode, "--window", str(WINDOW)]


def _python(script: str, *options: str) -> Callable[[Letters], list[str]]:
    python = str(ROOT / ".venv-peers" / "bin" / "python")
    path = str(ROOT / "benches" / "peers" / script)
    return lambda task: [python, path, *task.options(), *options]


def _python_missing() -> str:
    package = "lib/python*/site-packages/aiosmtplib"
    return "" if any((ROOT / ".venv-peers").glob(package)) else ".venv-peers is not made"


class SmtpSource(Contender):
    """Postfix's `smtp-source -d`, the fastest generator known. It says nothing: it is watched."""

    def measure(self, task: Letters) -> dict[str, Any]:
        """What it took, from its start to its end."""
        before, began = _children_cpu_s(), time.monotonic()
        to_its_end(self.command(task), timeout_s=LONGEST_S)
        elapsed_s = time.monotonic() - began
        return {
            "messages_per_second": task.count / elapsed_s,
            "elapsed_s": elapsed_s,
            "cpu_us_per_message": (_children_cpu_s() - before) / task.count * 1e6,
            "submitted": task.count,
            "accepted": task.count,
        }


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _smtp_source(task: Letters) -> list[str]:
    command = ["smtp-source", "-d", "-s", str(task.connections), "-m", str(task.count)]
    command += ["-l", str(SIZE), "-N", "-f", "bench@example.org", "-t", "user@example.org"]
    return [*command, f"127.0.0.1:{task.port}"]


def _postfix_missing() -> str:
    missing = [name for name in ("smtp-source", "smtp-sink") if shutil.which(name) is None]
    return f"{' and '.join(missing)}: .ci/setup installs them" if missing else ""


OURS = Contender("ours", _ours)

RAW = Contender("raw client", _raw, built("release", "lean"))

SMTP_SOURCE = SmtpSource("smtp-source -d", _smtp_source, _postfix_missing)

SMTPLIB = Contender("smtplib, built letters", _python("smtplib_threads.py"), _python_missing)

SMTPLIB_PREBUILT = Contender(
    "smtplib, pre-built", _python("smtplib_threads.py", "--prebuilt"), _python_missing
)

AIOSMTPLIB = Contender("aiosmtplib, built letters", _python("aiosmtplib_pool.py"), _python_missing)

AIOSMTPLIB_PREBUILT = Contender(
    "aiosmtplib, pre-built", _python("aiosmtplib_pool.py", "--prebuilt"), _python_missing
)


def key(path: Path, kind: str) -> None:
    """A new key for DKIM: `rsa` (2048 bits) or `ed25519`."""
    asked = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if kind == "rsa" else ["ED25519"]
    to_its_end(["openssl", "genpkey", "-algorithm", *asked, "-out", str(path)], timeout_s=60)


def signatures_per_second() -> float:
    """RSA-2048 signatures that all cores make at most, with the library that ours signs with."""
    said = run([str(PEERS / "release" / "lean"), "rsa-signs"], timeout_s=60)
    return float(said["signatures_per_second"])
