"""The quick start of the README runs as shown, twice, and sends once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_it_runs_as_shown(tmp_path: Path) -> None:
    [quick_start] = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.S | re.M)
    (tmp_path / "quickstart.py").write_text(quick_start)
    first, second = (_run(tmp_path) for _ in range(2))
    assert "1 person" in first
    assert first.splitlines()[-1].startswith("True ")
    assert second.splitlines()[-1].startswith("True ")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["totals"]["sms"]["delivered"] == 1
    assert (tmp_path / "out" / "report.csv").exists()


def _run(directory: Path) -> str:
    command = [sys.executable, "-W", "error", "quickstart.py"]
    ran = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
