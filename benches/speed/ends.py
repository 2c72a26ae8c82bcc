"""Far ends in processes of their own, and programs that say one JSON value."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "target" / "peers"
LEAN = PEERS / "release" / "lean"

END_WITHIN_S = 10.0


class Failed(Exception):
    """A program did not do what it was started for."""


class Sink:
    """`lean sink`, an SMSC, on a free port until the block ends.

    Attributes:
        port: Where it listens.
        options: What it was started with.
    """

    what = "sink"
    port: int

    def __init__(self, *options: str, port: int = 0) -> None:
        self.options = options
        self._port = port

    def __enter__(self) -> Self:
        command = [str(LEAN), self.what, "--with-parent", "--port", str(self._port), *self.options]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        if not first.startswith("listening on "):
            raise Failed("the far end did not start")
        self.port = int(first.rsplit(":", 1)[1])
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            self._process.communicate(timeout=END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def books(self) -> dict[str, Any]:
        """What it has seen up to now."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        books: dict[str, Any] = json.loads(self._process.stdout.readline())
        return books


class MailSink(Sink):
    """`lean smtp-sink`, a mail relay."""

    what = "smtp-sink"


class PostfixSink:
    """Postfix's `smtp-sink`. It keeps no books, so what it took is what the client counted."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    def __enter__(self) -> Self:
        user = ["-u", "root"] if os.getuid() == 0 else []
        command = ["smtp-sink", *user, f"127.0.0.1:{self.port}", "1000"]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE)
        until = time.monotonic() + END_WITHIN_S
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return self
            time.sleep(0.02)
        self._process.kill()
        raise Failed(f"smtp-sink does not listen: {self._process.communicate()}")

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.communicate()

    def books(self) -> dict[str, Any]:
        """Nothing."""
        return {}


class Program:
    """A program that says a JSON value per line, and ends with its standard input."""

    def __init__(self, command: list[str], *, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.communicate()

    def says(self) -> dict[str, Any]:
        """The next value."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _, errors = self.process.communicate(timeout=self._timeout_s)
            raise Failed(errors.strip()[-2000:])
        said: dict[str, Any] = json.loads(line)
        return said


def run(command: list[str], *, timeout_s: float) -> dict[str, Any]:
    """Run a program to its end; the JSON value that it said."""
    said: dict[str, Any] = json.loads(to_its_end(command, timeout_s=timeout_s))
    return said


def to_its_end(command: list[str], *, timeout_s: float) -> str:
    """Run a program; what it said."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            cwd=ROOT,
            env=environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{shlex.join(command)} did not end within {timeout_s:.0f} s") from None
    if done.returncode != 0:
        raise Failed(f"{shlex.join(command)}\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
    return done.stdout


def environment() -> dict[str, str]:
    """Ours, without what would let another installation in."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def driver(name: str, *options: str, file: str = "driver.py") -> list[str]:
    """The command for one of the programs in `driver.py`, or in another file."""
    return [sys.executable, str(Path(__file__).parent / file), name, *options]
