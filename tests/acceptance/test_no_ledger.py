"""A directory that holds no ledger is a wrong place, not a broken ledger."""

from __future__ import annotations

from typing import Any


def test_what_reads_a_directory_without_a_ledger_is_exit_2(bealert: Any) -> None:
    (bealert.home / "empty").mkdir()
    for command in (
        ["verify", "empty"],
        ["campaigns", "--data", "empty"],
        ["show", "k", "--data", "empty"],
        ["cancel", "k", "--data", "empty"],
    ):
        error = bealert.run(*command, "--json", code=2).json["error"]
        assert "There is no ledger" in error["message"], command
    assert list((bealert.home / "empty").iterdir()) == []


def test_a_broken_ledger_is_exit_1(bealert: Any) -> None:
    (bealert.home / "broken").mkdir()
    (bealert.home / "broken" / "ledger.sqlite").write_text("no database")
    error = bealert.run("verify", "broken", "--json", code=1).json["error"]
    assert error["kind"] == "LedgerError"
