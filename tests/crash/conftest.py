"""Processes that are killed, far ends in processes of their own, and what both leave behind."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
WITHIN_S = 100


@dataclass
class FarEnd:
    """A simulator that outlives every kill."""

    process: subprocess.Popen[str]
    port: int

    def account(self) -> tuple[dict[str, int], dict[str, Taken]]:
        """Its books, and what it accepted by number."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        taken = {
            to: Taken(parts, total, accepted, text)
            for _, to, text, parts, total, accepted, _ in told["messages"]
        }
        return told["books"], taken


@dataclass(frozen=True)
class Taken:
    """What far ends have of the one message to a number."""

    parts: int
    total: int
    accepted: int
    text: str

    @property
    def complete(self) -> bool:
        return self.parts == self.total

    def beside(self, other: Taken | None) -> Taken:
        """With what another far end has of the same message."""
        if other is None:
            return self
        if self.text == other.text:
            return replace(self, accepted=self.accepted + other.accepted)
        # Each has another part of it, or one has them all.
        parts = min(self.parts + other.parts, self.total)
        accepted = self.accepted + other.accepted - (self.parts + other.parts <= self.total)
        return replace(self, parts=parts, accepted=accepted)


@dataclass
class Host:
    """Starts the same host application again and again, and ends it as the power cord would."""

    spec: dict[str, Any]
    chance: random.Random
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, HERE / "host.py", json.dumps(self.spec)],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def killed(self, stage: str | None, within_s: float) -> str:
        """Start it, kill it at a random moment after it said `stage`; where that was."""
        process = self.start()
        reached = stage or "start"
        assert process.stdout is not None
        if stage is not None:
            for line in process.stdout:
                if line.strip() == stage:
                    break
        after_s = self.chance.uniform(0, within_s)
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        last = [line.strip() for line in process.stdout] or [reached]
        process.stdout.close()
        return f"{last[-1]} (+{after_s:.3f} s after {reached})"

    def to_the_end(self) -> None:
        """Start it and let it finish."""
        process = self.start()
        out, _ = process.communicate(timeout=WITHIN_S)
        assert process.returncode == 0
        assert out.split()[-1] == "ended"


@pytest.fixture
def seed() -> int:
    """Decides when kills come; BEALERT_SEED repeats a run that failed."""
    seed = int(os.environ.get("BEALERT_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"BEALERT_SEED={seed}")
    return seed


@pytest.fixture
def chance(seed: int) -> random.Random:
    return random.Random(seed)


@pytest.fixture
def far_end() -> Iterator[Callable[..., FarEnd]]:
    """Start a simulator with options."""
    started: list[subprocess.Popen[str]] = []

    def start(**options: Any) -> FarEnd:
        process = subprocess.Popen(
            [sys.executable, HERE / "far_end.py", json.dumps({"keep_messages": True, **options})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return FarEnd(process, int(process.stdout.readline()))

    yield start
    for process in started:
        process.communicate(timeout=20)  # its input ends, and so does it
        assert process.returncode == 0


@pytest.fixture
def host(chance: random.Random, tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """A host application with a directory of its own."""
    hosts: list[Host] = []

    def make(**spec: Any) -> Host:
        hosts.append(Host({"data": str(tmp_path / "var"), "asyncio": False, **spec}, chance))
        return hosts[-1]

    yield make
    for process in [process for one in hosts for process in one.started]:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def verified() -> Callable[[object], None]:
    """`bealert verify DIR` finds nothing and ends with 0."""

    def verify(directory: object) -> None:
        command = [sys.executable, "-m", "bealert_engine.cli", "verify", str(directory)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=WITHIN_S, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return verify
