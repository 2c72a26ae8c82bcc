"""`--key` and `--by` name a launch: blank ones are refused, digits are no trap."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("wait", [["--wait"], []])
def test_a_blank_key_or_name_launches_nothing(bealert: Any, smsc: Any, wait: list[str]) -> None:
    far_end = smsc()
    config = bealert.config(far_end.port)
    launch = ["launch", "news", "--config", config, "--to", bealert.people(2), "--json", *wait]
    for names, word in (
        (["--by", "me", "--key", ""], "--key"),
        (["--by", "me", "--key", "  "], "--key"),
        (["--by", "", "--key", "k"], "--by"),
    ):
        ran = bealert.run(*launch, *names, code=2)
        assert word in ran.json["error"]["message"]
    assert not (bealert.home / "var").exists()
    assert far_end.books()["submits"] == 0


def test_digits_are_an_id_where_there_is_one_and_a_key_elsewhere(bealert: Any, smsc: Any) -> None:
    config = bealert.config(smsc().port)
    launch = ["launch", "news", "--config", config, "--to", bealert.people(2)]
    launch += ["--by", "me", "--wait"]
    ran = bealert.run(*launch, "--key", "2")
    assert "only digits" in ran.err
    ran = bealert.run(*launch, "--key", "other")
    assert "only digits" not in ran.err
    bealert.run(*launch, "--key", "4711")
    for typed, key in (("1", "2"), ("2", "other"), ("3", "4711"), ("4711", "4711")):
        shown = bealert.run("show", typed, "--config", config, "--json").json
        assert shown["key"] == key, typed
        bealert.run("report", typed, "--config", config, "--out", f"out-{typed}")
        assert f'"key": "{key}"' in (bealert.home / f"out-{typed}" / "report.json").read_text()
    holder = bealert.start("run", "--config", config)
    assert holder.stdout is not None
    assert "holding" in holder.stdout.readline()
    ran = bealert.run("cancel", "2", "--config", config, code=1)
    assert "ended" in ran.err
    bealert.run("cancel", "4712", "--config", config, code=2)
