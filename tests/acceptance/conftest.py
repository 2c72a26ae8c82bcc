"""The command line, driven the way an operator does: as processes."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "bealert_engine.cli"]
WITHIN_S = 60

FIGURES = {
    "messages_per_second",
    "elapsed_s",
    "cpu_us_per_message",
    "submitted",
    "accepted",
    "delivered",
    "failed",
    "uncertain",
    "response_ms",
    "launch_to_first_ms",
    "peak_rss_mb",
    "plan_and_launch_s",
}
"""What `bealert bench` says of every channel."""

CONFIG = """
data = "var"
default_country = "BE"
languages = ["nl", "en"]

[gateways.sms-a]
type = "smpp"
host = "127.0.0.1"
port = {port}
system_id = "bealert"
password = "env:SMSC_PASSWORD"
sender = "BE-Alert"
{gateway}

[scenarios.burglary]
kind = "warning"
expiry = "2h"
sms.nl = "Inbraak in {{{{ street }}}}. Bel 101 bij onraad."
sms.en = "Burglary in {{{{ street }}}}. Call 101 if in doubt."

[scenarios.news]
kind = "info"
expiry = "2h"
sms.en = "The street is open again."

[scenarios.empty]
kind = "info"
expiry = "2h"
sms.en = ""
"""


@dataclass
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on standard output."""
        return json.loads(self.out)


@dataclass
class Bealert:
    """Runs commands in a directory, and ends what still runs."""

    home: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)
    environment: dict[str, str] = field(
        default_factory=lambda: {**os.environ, "SMSC_PASSWORD": "hush-12", "NO_COLOR": "1"}
    )

    def run(self, *arguments: object, code: int = 0) -> Ran:
        """Run a command to its end; `code` is how it must end."""
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, (
            f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        assert "hush-12" not in done.stdout + done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def bench(self, channel: str, *options: object) -> Any:
        """Measure, and give the figures: they are all there, and the books balance."""
        measured = self.run("bench", channel, "--json", *options).json
        assert set(measured) >= FIGURES
        assert measured["messages_per_second"] > 0
        assert measured["cpu_us_per_message"] > 0
        assert set(measured["response_ms"]) >= {"p50", "p99"}
        assert measured["wrong"] == []
        return measured

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Start a command that goes on."""
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def people(self, count: int, name: str = "people.csv") -> Path:
        """A list of people with fictitious numbers."""
        path = self.home / name
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["id", "name", "phone", "email", "language", "street"])
            for number in range(count):
                phone = f"+33 6 39 98 {number // 100:02} {number % 100:02}"
                rows.writerow([f"p{number}", "Anna", phone, "", "nl", f"Kerkstraat {number}"])
        return path

    def config(self, port: int, gateway: str = "", name: str = "bealert.toml") -> Path:
        """A configuration for an SMSC at `port`, with further keys of its gateway."""
        path = self.home / name
        path.write_text(CONFIG.format(port=port, gateway=gateway))
        return path


def ended(process: subprocess.Popen[str], number: int | None = None) -> Ran:
    """Signal a process, if asked to, and wait for its end."""
    if number is not None:
        process.send_signal(number)
    out, err = process.communicate(timeout=WITHIN_S)
    return Ran(process.returncode, out, err)


def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


@dataclass
class Smsc:
    """A simulated SMSC in its own process."""

    process: subprocess.Popen[str]
    port: int

    def books(self) -> dict[str, int]:
        """End it; what it counted."""
        ran = ended(self.process, signal.SIGTERM)
        assert ran.code == 0, ran.err
        books: dict[str, int] = json.loads(ran.out)
        return books


@pytest.fixture
def bealert(tmp_path: Path) -> Iterator[Bealert]:
    """Commands in a directory of their own."""
    runner = Bealert(tmp_path)
    yield runner
    for process in runner.started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def smsc(bealert: Bealert) -> Callable[..., Smsc]:
    """Start `bealert simulate smsc` with options."""

    def start(*options: object) -> Smsc:
        process = bealert.start("simulate", "smsc", "--port", 0, *options)
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("listening on 127.0.0.1:"), first
        return Smsc(process, int(first.rsplit(":", 1)[1]))

    return start


@pytest.fixture(name="until")
def until_fixture() -> Callable[[Callable[[], bool]], None]:
    """`until`, for tests: pytest imports each of them on its own."""
    return until


@pytest.fixture(name="ended")
def ended_fixture() -> Callable[..., Ran]:
    """`ended`, for tests."""
    return ended
