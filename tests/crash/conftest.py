"""Processes that are killed, far ends in processes of their own, and what both leave behind."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
WITHIN_S = 100

MOMENTS = [("launched", 0.9), ("launched", 0.9), ("open", 0.15), ("launching", 0.08), (None, 0.5)]
"""After what, and how long after it at most, a kill comes: mostly while messages are under way."""

POWER_CUTS = 0.3
"""Share of the kills with which the power fails."""


@dataclass
class FarEnd:
    """A simulator that outlives every kill."""

    process: subprocess.Popen[str]
    port: int

    def reset(self) -> None:
        """Break its connections."""
        assert self.process.stdin is not None
        self.process.stdin.write("reset\n")
        self.process.stdin.flush()

    def told(self) -> dict[str, Any]:
        """Its books, and what it accepted."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def account(self) -> tuple[dict[str, int], dict[str, Taken]]:
        """The same of an SMSC, by number."""
        told = self.told()
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
    environment: dict[str, str] | None = None
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, HERE / "host.py", json.dumps(self.spec)],
            stdout=subprocess.PIPE,
            text=True,
            env=self.environment,
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

    def killed_often(self, disk: FaultyDisk, kills: int) -> None:
        """Start and kill it so often; with some kills the power fails too."""
        for _ in range(kills):
            print("killed at", self.killed(*self.chance.choice(MOMENTS)))
            if self.chance.random() < POWER_CUTS:
                print("and the power fails")
                disk.cut_power()
            else:
                disk.outlive()

    def to_the_end(self) -> None:
        """Start it and let it finish."""
        process = self.start()
        out, _ = process.communicate(timeout=WITHIN_S)
        assert process.returncode == 0
        assert out.split()[-1] == "ended"


@dataclass
class Watched:
    """A host application that answers questions, see watched.py."""

    process: subprocess.Popen[str]
    data: Path

    def ask(self, question: str) -> dict[str, Any]:
        """Its answer."""
        self.begin(question)
        return self.answer()

    def begin(self, question: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"it has ended with {self.process.wait()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def until(self, condition: Callable[[dict[str, Any]], bool], within_s: float = 30) -> Any:
        """Look until something holds."""
        deadline = time.monotonic() + within_s
        while not condition(seen := self.ask("look")):
            assert time.monotonic() < deadline, seen
            time.sleep(0.01)
        return seen

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def reserved(self) -> int:
        """How far sending may have gone, by what is committed."""
        with contextlib.closing(sqlite3.connect(self.data / "ledger.sqlite")) as ledger:
            ledger.execute("PRAGMA query_only = on")
            [total] = ledger.execute("SELECT sum(reserved) FROM block").fetchone()
        return int(total)


STALLED = -1


@dataclass
class FaultyDisk:
    """Faults of the files in one directory, for processes that run with `environment`."""

    directory: Path
    platter: Path
    control: mmap.mmap
    environment: dict[str, str]

    def set(self, *, writes: int = 0, syncs: int = 0, reads: int = 0) -> None:
        """From now on calls fail with this errno, wait (STALLED), or pass (0)."""
        self.control[:8] = struct.pack("=ii", writes, syncs)
        self.control[20:24] = struct.pack("=i", reads)

    @property
    def hits(self) -> int:
        """Calls that failed or waited."""
        return self._counted()[0]

    @property
    def waits(self) -> int:
        """Calls that wait now."""
        return self._counted()[1]

    @property
    def passed(self) -> int:
        """Syncs that succeeded."""
        return self._counted()[2]

    def _counted(self) -> tuple[int, int, int]:
        hits, waits, passed = struct.unpack("=iii", self.control[8:20])
        return hits, waits, passed

    def outlive(self) -> None:
        """The process is gone and the system lives: what was written reaches the disk in time."""
        shutil.rmtree(self.platter)
        self.platter.mkdir()
        for file in self.directory.glob("ledger.sqlite*"):
            if not file.name.endswith("-shm"):
                shutil.copy2(file, self.platter)

    def cut_power(self) -> None:
        """Leave in the directory what the disk had; nobody may be using it."""
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(self.platter, self.directory)


@pytest.fixture(scope="session")
def shims(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Compile what stands between a process and the system, by its name."""
    built: dict[str, Path] = {}

    def build(name: str) -> Path:
        if name not in built:
            target = tmp_path_factory.mktemp("shims") / f"{name}.so"
            source = HERE / f"{name}.c"
            command = ["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", target, source]
            subprocess.run([*command, "-ldl", "-lpthread"], check=True)
            built[name] = target
        return built[name]

    return build


@pytest.fixture
def disk(shims: Callable[[str], Path], tmp_path: Path) -> Iterator[FaultyDisk]:
    """A disk under `tmp_path / "var"` that fails on command."""
    directory, platter, control = (tmp_path / name for name in ("var", "platter", "control"))
    platter.mkdir()
    control.write_bytes(bytes(24))
    with control.open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 24)
    environment = {
        **os.environ,
        "LD_PRELOAD": str(shims("faulty_disk")),
        "FAULTY_DISK_UNDER": str(directory),
        "FAULTY_DISK_CONTROL": str(control),
        "FAULTY_DISK_PLATTER": str(platter),
    }
    yield FaultyDisk(directory, platter, mapped, environment)
    mapped.close()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    """Start a host application with a campaign under way: `watched(environment, people=...)`."""
    started: list[subprocess.Popen[str]] = []

    def start(environment: dict[str, str] | None = None, **spec: Any) -> Watched:
        spec = {"data": str(tmp_path / "var"), **spec}
        process = subprocess.Popen(
            [sys.executable, HERE / "watched.py", json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "launched\n"
        return Watched(process, Path(spec["data"]))

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


@pytest.fixture
def far_end() -> Iterator[Callable[..., FarEnd]]:
    """Start a simulated SMSC or relay with options."""
    started: list[subprocess.Popen[str]] = []

    def start(kind: str = "smsc", **options: Any) -> FarEnd:
        given = json.dumps({"keep_messages": True, **options})
        process = subprocess.Popen(
            [sys.executable, HERE / "far_end.py", kind, given],
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

    def make(environment: dict[str, str] | None = None, **spec: Any) -> Host:
        hosts.append(Host({"data": str(tmp_path / "var"), **spec}, chance, environment))
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
