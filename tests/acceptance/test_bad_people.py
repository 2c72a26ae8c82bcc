"""What a bad list gets: refused as a whole, with everything that is wrong in it."""

from __future__ import annotations

from typing import Any

import pytest

HEADER = b"id,name,phone,street\n"
BAD_ROWS = HEADER + (
    b"p1,Anna,+33 6 39 98 00 01,Kerkstraat\n"
    b",Bram,+33 6 39 98 00 02,Kerkstraat\n"
    b"p1,Carl,+33 6 39 98 00 03,Kerkstraat\n"
    b"p4,Dirk,+33 6 39 98 00 04\n"
    b"p5,\xe9l,+33 6 39 98 00 05,Kerkstraat\n"
    b"p6,Fien,+33 6 39 98 00 06,Kerkstraat,more\n"
    b"p7,Gust,+33 6 39 98 00 07,Kerkstraat\n"
)
FINDINGS = [
    "row 3, column id: missing",
    "row 4, column id: 'p1' again, as in row 2",
    "row 5, has 3 cells, the header 4",
    "row 6, column name: not UTF-8",
    "row 7, has 5 cells, the header 4",
]


@pytest.mark.parametrize(
    ("octets", "finding"),
    [
        (b"", "is empty"),
        (b"name,phone\nAnna,1\n", "row 1, column id: missing"),
        (b"id;phone\n1;2\n", "separated by semicolons"),
        (b"id,name\np1,Anna\n", "neither"),
        (b"id,phone,phone\np1,1,2\n", "a second column is called 'phone'"),
        (b"id,phone,\np1,1,2\n", "column 3: has no name"),
        (b"id,phone,n\xe9\np1,1,2\n", "column 3: not UTF-8"),
    ],
)
@pytest.mark.parametrize("options", [[], ["--exclude-bad-rows"]])
def test_a_bad_header_is_refused(
    bealert: Any, octets: bytes, finding: str, options: list[str]
) -> None:
    config = bealert.config(2775)
    to = bealert.home / "people.csv"
    to.write_bytes(octets)
    ran = bealert.run("plan", "news", "--config", config, "--to", to, *options, "--json", code=3)
    assert any(finding in problem for problem in ran.json["error"]["problems"]), ran.json
    assert finding in ran.err


@pytest.mark.parametrize("command", ["plan", "launch", "launch --wait"])
def test_every_bad_row_is_named_at_once_and_nothing_is_sent(
    bealert: Any, smsc: Any, command: str
) -> None:
    far_end = smsc()
    config = bealert.config(far_end.port)
    to = bealert.home / "people.csv"
    to.write_bytes(BAD_ROWS)
    name, *wait = command.split()
    arguments = [name, "burglary", *wait, "--config", config, "--to", to]
    if name == "launch":
        arguments += ["--by", "me", "--key", "k1"]
    ran = bealert.run(*arguments, "--json", code=3)
    problems = ran.json["error"]["problems"]
    assert len(problems) == len(FINDINGS)
    for finding, problem in zip(FINDINGS, problems, strict=True):
        assert finding in problem
        assert finding in ran.err
    assert far_end.books()["submits"] == 0


def test_problems_of_the_list_and_of_the_plan_come_together(bealert: Any) -> None:
    config = bealert.config(2775)
    to = bealert.home / "people.csv"
    to.write_bytes(b"id,phone\n,1\np2,+33639980002\n")
    ran = bealert.run("plan", "burglary", "--config", config, "--to", to, "--json", code=3)
    problems = "\n".join(ran.json["error"]["problems"])
    assert "row 2, column id: missing" in problems
    assert "street" in problems, "the template's missing variable"
    assert "p2" in problems, "and for whom"


def test_with_exclude_bad_rows_the_rest_is_sent_and_every_row_accounted_for(
    bealert: Any, smsc: Any
) -> None:
    far_end = smsc()
    config = bealert.config(far_end.port)
    to = bealert.home / "people.csv"
    to.write_bytes(BAD_ROWS)
    ran = bealert.run(
        *("launch", "burglary", "--config", config, "--to", to, "--by", "me", "--key", "k1"),
        *("--wait", "--exclude-bad-rows", "--json"),
    )
    report = ran.json
    assert report["balanced"] is True
    assert report["people"] == 7
    assert report["excluded"] == 5
    assert report["totals"]["sms"]["delivered"] == 2
    assert report["totals"]["sms"]["skipped"] == 5
    bealert.run("report", "k1", "--config", config, "--out", "out")
    rows = (bealert.home / "out" / "report.csv").read_text()
    for finding in ("column id: missing", "has 3 cells", "not UTF-8", "has 5 cells"):
        assert finding in rows
    assert far_end.books()["unique"] == 2


def test_a_list_that_is_not_there_is_a_wrong_option(bealert: Any) -> None:
    config = bealert.config(2775)
    ran = bealert.run("plan", "news", "--config", config, "--to", "nobody.csv", code=2)
    assert "nobody.csv cannot be read" in ran.err


def test_a_quote_that_is_never_closed_is_found(bealert: Any) -> None:
    config = bealert.config(2775)
    to = bealert.home / "people.csv"
    to.write_bytes(b'id,phone\np1,"0470\np2,0471\n')
    ran = bealert.run("plan", "news", "--config", config, "--to", to, "--json", code=3)
    assert "row 2, cannot be read as CSV" in ran.json["error"]["problems"][0]


def test_long_lists_of_problems_are_cut_for_people_but_not_in_json(bealert: Any) -> None:
    config = bealert.config(2775)
    to = bealert.home / "people.csv"
    to.write_bytes(b"id,phone\n" + b",1\n" * 200)
    ran = bealert.run("plan", "news", "--config", config, "--to", to, "--json", code=3)
    assert len(ran.json["error"]["problems"]) == 200
    assert "and 150 more" in ran.err
