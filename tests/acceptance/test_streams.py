"""What a command writes arrives whole, whatever is at the other end of its streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

OLD_LOCALE = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}

COMMAND = [sys.executable, "-m", "bealert_engine.cli"]


@pytest.fixture
def accented(bealert: Any) -> Path:
    path: Path = bealert.home / "accented.csv"
    path.write_text(
        "id,name,phone,language,street\n"
        "p1,Anaïs,+33639980001,nl,Allée ≤ 3\n"
        "p2,Zoé,nonsense é,nl,Allée\n",
        encoding="utf-8",
    )
    return path


def plan_of(bealert: Any, to: Path) -> list[Any]:
    return ["plan", "burglary", "--config", bealert.config(2775), "--to", to]


def test_an_old_locale_gets_whole_json_and_readable_words(bealert: Any, accented: Path) -> None:
    arguments = plan_of(bealert, accented)
    expected = bealert.run(*arguments, "--json").json
    bealert.environment |= OLD_LOCALE
    assert bealert.run(*arguments, "--json").json == expected
    assert "Inbraak in All\\xe9e \\u2264 3." in bealert.run(*arguments).out
    bealert.environment["PYTHONIOENCODING"] = "ISO-8859-1"
    ran = run(bealert, *arguments, "--json", stdout=subprocess.PIPE)
    assert json.loads(ran.stdout.decode("ascii")) == expected


def test_options_in_an_old_locale_are_read_as_utf_8(bealert: Any, smsc: Any) -> None:
    config = bealert.config(smsc().port)
    bealert.environment |= OLD_LOCALE
    arguments = ["launch", "news", "--config", config, "--to", bealert.people(2), "--wait"]
    names = ["--by", "André".encode(), "--key", "éé".encode(), "--json"]
    ran = run(bealert, *arguments, *names, stdout=subprocess.PIPE)
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert (report["by"], report["key"]) == ("André", "éé")


def test_octets_that_are_no_text_are_refused(bealert: Any) -> None:
    arguments = ["--config", bealert.config(2775), "--to", bealert.people(2), "--json"]
    for command in (
        ["launch", "news", "--by", "me", "--key", b"\xff\xfe"],
        ["plan", b"\xff\xfe"],
        ["plan", "news", "--set", b"street=\xff\xfe"],
    ):
        ran = run(bealert, *command, *arguments, stdout=subprocess.PIPE)
        assert ran.returncode == 2, ran.stderr
        assert b"Traceback" not in ran.stderr
        assert json.loads(ran.stdout)["error"]


def run(bealert: Any, *arguments: Any, stdout: int) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *(one if isinstance(one, bytes) else str(one) for one in arguments)],
        cwd=bealert.home,
        env=bealert.environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )


def into_a_closed_pipe(bealert: Any, *arguments: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a command whose reader has gone before it says a word."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return run(bealert, *arguments, stdout=writing)
    finally:
        os.close(writing)


def test_a_reader_that_has_gone_is_no_error(bealert: Any, smsc: Any) -> None:
    far_end = smsc()
    config = bealert.config(far_end.port)
    to = bealert.people(20)
    launch = ["launch", "news", "--config", config, "--to", to, "--by", "me"]
    ran = into_a_closed_pipe(bealert, *launch, "--key", "k", "--wait")
    assert (ran.returncode, ran.stderr) == (0, b"campaign 1, key 'k': 20 people\n")
    assert bealert.run("show", "k", "--data", "var", "--json").json["state"] == "done"
    for command in (
        ["campaigns", "--data", "var"],
        ["show", "k", "--data", "var"],
        ["report", "k", "--data", "var", "--out", "out"],
        ["plan", "news", "--config", config, "--to", to],
        ["verify", "var"],
    ):
        ran = into_a_closed_pipe(bealert, *command)
        assert (ran.returncode, ran.stderr) == (0, b""), command
        ran = into_a_closed_pipe(bealert, *command, "--json")
        assert ran.returncode == 0, command
        assert b"rror" not in ran.stderr, command
    for command in (["--help"], ["--version"], ["plan", "--help"]):
        assert into_a_closed_pipe(bealert, *command).stderr == b"", command
    assert far_end.books()["unique"] == 20
