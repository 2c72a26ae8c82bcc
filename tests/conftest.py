"""Every test run: Ctrl-C means what it does at a terminal, and the end says what was left out."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter

import pytest


def pytest_configure() -> None:
    """A shell that starts this in the background has Ctrl-C ignored, as has every child then."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def seed() -> int:
    """Decides what is left to chance; BEALERT_SEED repeats a run that failed."""
    seed = int(os.environ.get("BEALERT_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"BEALERT_SEED={seed}")
    return seed


@pytest.fixture
def chance(seed: int) -> random.Random:
    return random.Random(seed)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    terminalreporter.section("left out")
    for reason, count in sorted(reasons.items()):
        terminalreporter.line(f"{count} tests: {reason}")
    if not reasons:
        terminalreporter.line("nothing: every test ran")


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(report.longrepr)
