"""What a host is told of a directory that it holds itself, and of a place for no report."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be


def test_a_directory_held_by_this_process_is_told_apart(news: Any, tmp_path: Path) -> None:
    with be.Engine(data=tmp_path, gateways=[], scenarios=[news]):
        with pytest.raises(be.DirectoryHeld) as held:
            be.Engine(data=tmp_path)
        assert held.value.pid == os.getpid()
        assert "another engine of this process" in str(held.value)


def test_reading_the_lock_file_does_not_let_another_process_in(tmp_path: Path) -> None:
    child = f"""
import bealert_engine as be
try:
    be.Engine(data={str(tmp_path)!r})
except be.DirectoryHeld as held:
    print(held.pid)
"""
    with be.Engine(data=tmp_path):
        shutil.copy(tmp_path / "lock", tmp_path / "copy")
        ran = subprocess.run(
            [sys.executable, "-c", child], capture_output=True, text=True, timeout=60
        )
        assert ran.stdout.strip() == str(os.getpid()), ran.stderr


def test_a_report_to_an_impossible_place_names_it_and_says_what_to_do(
    news: Any, smsc: Any, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with be.Engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        plan = engine.plan("news", to=[be.Recipient("p", phone="+33639981234")])
        campaign = engine.launch(plan, by="tests", key="k")
        campaign.wait(timeout_s=30)
        for place in (file, file / "below", Path("/proc/nowhere")):
            with pytest.raises(OSError, match="another place") as failed:
                campaign.report().write(place)
            assert str(place) in str(failed.value)
