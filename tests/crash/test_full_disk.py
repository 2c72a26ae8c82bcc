"""A disk that is full: sending stops within one reservation, says so, and goes on with room."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bealert_engine import testing

PEOPLE = 5_000  # as small_disk.py has it


def test_sending_stops_says_so_and_goes_on(tmp_path: Path) -> None:
    script = Path(__file__).parent / "small_disk.py"
    with testing.smsc(receipt_ms=10) as smsc:
        process = subprocess.Popen(
            ["unshare", "-rm", sys.executable, script, tmp_path, str(smsc.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            if process.stdout.readline() != "mounted\n":
                # A container may forbid mounts; `test_failing_disk.py` tries ENOSPC there too.
                pytest.skip("no small disk can be mounted here")
            assert process.stdout.readline() == "full\n"
            time.sleep(0.3)  # what is reserved already may leave
            before = smsc.books()
            time.sleep(1.5)
            after = smsc.books()
            assert after["submits"] == before["submits"] < PEOPLE, "it sends beyond what is durable"
            out, err = process.communicate("\n", timeout=60)
        finally:
            process.kill()
            process.wait()
        assert process.returncode == 0, err
        books = smsc.books()
    told = json.loads(out)
    print(told)
    assert "full" in told["logged"][0]
    assert len(told["notices"]) == 1
    assert "full" in told["notices"][0]
    assert "full" in told["refused"]
    assert told["balanced"]
    assert told["findings"] == []
    assert told["totals"]["delivered"] == books["unique"] == PEOPLE
    assert (told["uncertain"], books["duplicates"]) == (0, 0)
