"""Host applications that are told what to do, one step after the other, and killed in between."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


class Child:
    """A host application in a process of its own; see `host.py`."""

    def __init__(self, flavour: str, fault: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, HERE / "host.py", flavour, fault],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ready = False

    def ask(self, *command: Any) -> Any:
        """Have it do something, and wait for what it says."""
        self.tell(*command)
        return self._answer()

    def tell(self, *command: Any) -> None:
        """Have it do something, and wait for nothing."""
        if not self._ready:
            assert self._answer() == "ready"
            self._ready = True
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """End it as the power cord would."""
        self._process.kill()
        self._hang_up()

    def end(self) -> None:
        """Let it end by itself, with whatever it has open."""
        self._hang_up(within_s=30)
        assert self._process.returncode == 0

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the host application ended on its own"
        return json.loads(line)

    def _hang_up(self, within_s: float = 10) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(within_s)


@pytest.fixture
def child() -> Iterator[Callable[..., Child]]:
    """Start a host application; the next one is started ahead, since that takes a while."""
    started: list[Child] = []
    ahead: dict[tuple[str, str], Child] = {}

    def start(flavour: str, fault: str = "") -> Child:
        taken = ahead.pop((flavour, fault), None) or Child(flavour, fault)
        ahead[flavour, fault] = Child(flavour, fault)
        started.extend((taken, ahead[flavour, fault]))
        return taken

    yield start
    for one in started:
        one.kill()
