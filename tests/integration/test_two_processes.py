"""Several processes want one data directory: one has it, the others are told who has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be

PROCESSES = 6

OPENS = """
import sys
import bealert_engine as be
print("ready", flush=True)
sys.stdin.readline()
try:
    engine = be.Engine(data=sys.argv[1])
except be.DirectoryHeld as held:
    print("held by", held.pid, flush=True)
else:
    print("open", flush=True)
    sys.stdin.readline()
    engine.close()
"""


def _start(directory: Path) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", OPENS, str(directory)]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)


def _says(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_of_many_that_open_at_once_one_does(tmp_path: Path) -> None:
    processes = [_start(tmp_path) for _ in range(PROCESSES)]
    try:
        assert {_says(process) for process in processes} == {"ready"}
        for process in processes:
            _go(process)
        said = {process.pid: _says(process) for process in processes}
        [winner] = [pid for pid, what in said.items() if what == "open"]
        assert {what for pid, what in said.items() if pid != winner} == {f"held by {winner}"}
        for process in processes:
            process.communicate("\n", timeout=30)
            assert process.returncode == 0
    finally:
        for process in processes:
            process.kill()
            process.wait()
    be.Engine(data=tmp_path).close()


def test_the_holder_is_not_disturbed(people: Any, news: Any, smsc: Any, tmp_path: Path) -> None:
    gateway = smsc.gateway(parts_per_second=500)
    with be.Engine(data=tmp_path, gateways=[gateway], scenarios=[news]) as engine:
        campaign = engine.launch(engine.plan("news", to=people(500)), by="tests", key="k")
        for _ in range(3):
            other = _start(tmp_path)
            assert _says(other) == "ready"
            _go(other)
            assert _says(other) == f"held by {os.getpid()}"
            other.communicate(timeout=30)
            with pytest.raises(be.DirectoryHeld):
                be.Engine(data=tmp_path, gateways=[gateway], scenarios=[news])
        assert campaign.wait(timeout_s=60).sms.delivered == 500
        assert campaign.report().balanced
    assert (smsc.books()["duplicates"], smsc.books()["binds"]) == (0, 1)
    # What is closed is free, for this process and for another.
    be.Engine(data=tmp_path).close()
    other = _start(tmp_path)
    assert _says(other) == "ready"
    _go(other)
    assert _says(other) == "open"
    other.communicate("\n", timeout=30)
    assert other.returncode == 0
