"""Secrets come from where they are kept, and go nowhere else."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from bealert_engine import Secret
from bealert_engine._tables import Wrong
from bealert_engine.secret import LARGEST_FILE_OCTETS, resolve


def test_a_secret_from_the_host_is_taken_as_it_is(tmp_path: Path) -> None:
    assert resolve(Secret("env:NOT_A_REFERENCE"), tmp_path) == "env:NOT_A_REFERENCE"


def test_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEALERT_TEST_SECRET", "abc ")
    assert resolve("env:BEALERT_TEST_SECRET", tmp_path) == "abc "
    monkeypatch.setenv("BEALERT_TEST_SECRET", "")
    with pytest.raises(Wrong, match="BEALERT_TEST_SECRET is empty"):
        resolve("env:BEALERT_TEST_SECRET", tmp_path)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (None, "cannot read the secret file .*: No such file"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"x" * (LARGEST_FILE_OCTETS + 1), "has over 65536 octets"),
    ],
)
def test_files_that_hold_no_secret(tmp_path: Path, octets: bytes | None, expected: str) -> None:
    if octets is not None:
        (tmp_path / "secret").write_bytes(octets)
    with pytest.raises(Wrong, match=expected):
        resolve("file:secret", tmp_path)


def test_a_file_loses_only_its_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(" two words \r\n")
    assert resolve("file:secret", tmp_path) == " two words "
    assert resolve(f"file:{tmp_path / 'secret'}", Path("/nowhere")) == " two words "


def test_it_shows_nowhere() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {secret!s:>40}"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)
    assert secret == Secret("hunter2")
    assert secret != Secret("hunter3")
    assert secret != "hunter2"
    with pytest.raises(TypeError, match="takes a str"):
        Secret(5)  # type: ignore[arg-type]
