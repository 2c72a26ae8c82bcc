"""A list without a single row is a mistake; one without anybody to reach is said aloud."""

from __future__ import annotations

from typing import Any

HEADER = "id,phone,language,street\n"


def test_a_list_with_only_a_header_is_refused(bealert: Any, smsc: Any) -> None:
    far_end = smsc()
    config = bealert.config(far_end.port)
    to = bealert.home / "nobody.csv"
    to.write_text(HEADER + "\n\n")
    arguments = ["--config", config, "--to", to, "--json"]
    for command in (
        ["plan", "news"],
        ["launch", "news", "--by", "me", "--key", "k"],
        ["launch", "news", "--by", "me", "--key", "k", "--wait", "--exclude-bad-rows"],
    ):
        ran = bealert.run(*command, *arguments, code=3)
        assert ran.json["error"]["kind"] == "PlanRefused"
        assert "nobody to alert" in ran.json["error"]["problems"][0]
    assert not (bealert.home / "var").exists()


def test_a_list_of_bad_rows_names_the_rows_alone(bealert: Any) -> None:
    to = bealert.home / "bad.csv"
    to.write_text(HEADER + ",+33639980001,nl,\n")
    arguments = ["plan", "news", "--config", bealert.config(2775), "--to", to, "--json"]
    (problem,) = bealert.run(*arguments, code=3).json["error"]["problems"]
    assert "row 2" in problem


def test_where_everybody_is_excluded_it_is_said(bealert: Any, smsc: Any) -> None:
    far_end = smsc()
    config = bealert.config(far_end.port)
    to = bealert.home / "unreachable.csv"
    to.write_text(HEADER + "p1,unknown,nl,\np2,,nl,\n")
    arguments = ["news", "--config", config, "--to", to]
    assert "nobody gets it" in bealert.run("plan", *arguments).out
    launch = ["launch", *arguments, "--by", "me", "--key", "k", "--wait", "--json"]
    ran = bealert.run(*launch)
    assert "Nobody gets it" in ran.err
    assert ran.json["balanced"] is True
    assert ran.json["totals"]["sms"]["skipped"] == 2
    assert far_end.books()["submits"] == 0
