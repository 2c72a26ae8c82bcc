"""Where and of what a figure was measured."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from ends import ROOT


def description() -> str:
    """Machine, system, versions, date and commit."""
    commit = said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    changed = said("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no")
    parts = [
        processor(),
        f"{os.cpu_count()} cores shared with the far end",
        f"{memory_gib():.0f} GiB",
        f"Linux {platform.release()}",
        said("rustc", "--version").split(" (")[0],
        f"Python {sys.version.split()[0]}",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"commit {commit}{' with changes' if changed else ''}",
        f"load {os.getloadavg()[0]:.1f} when it began",
    ]
    return ", ".join(part for part in parts if part)


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if "model name" in line), "")


def memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)


def said(*command: str) -> str:
    """What a program says in one line; empty where there is none."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
