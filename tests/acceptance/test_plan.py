"""`bealert plan`: what would be sent, without sending it."""

from __future__ import annotations

from typing import Any


def test_a_plan_says_who_gets_it_who_does_not_and_why(bealert: Any) -> None:
    config = bealert.config(2775, "parts_per_second = 5")
    to = bealert.people(9)
    with to.open("a") as file:
        file.write("bad,Bob,unknown,,nl,Kerkstraat\n")
    ran = bealert.run("plan", "burglary", "--config", config, "--to", to, "--json")
    plan = ran.json
    assert plan["people"] == 10
    assert plan["parts"] == 9
    assert [one["recipient"] for one in plan["excluded"]] == ["bad"]
    assert plan["excluded"][0]["reason"]
    assert abs(plan["duration_s"] - 9 / 5) < 0.5
    assert plan["example"]["text"] == "Inbraak in Kerkstraat 0. Bel 101 bij onraad."
    assert not (bealert.home / "var").exists(), "a plan leaves nothing behind"

    words = bealert.run("plan", "burglary", "--config", config, "--to", to).out
    assert "10: 9 get it, 1 excluded" in words
    assert "Inbraak in Kerkstraat 0." in words
    assert plan["hash"] in words


def test_it_needs_no_secret_and_the_same_content_has_the_same_hash(bealert: Any) -> None:
    config = bealert.config(2775)
    to = bealert.people(5)
    arguments = ["plan", "news", "--config", config, "--to", to, "--json"]
    first = bealert.run(*arguments).json
    del bealert.environment["SMSC_PASSWORD"]
    assert bealert.run(*arguments).json["hash"] == first["hash"]


def test_set_gives_values_that_a_recipient_overrides(bealert: Any) -> None:
    config = bealert.config(2775)
    to = bealert.home / "people.csv"
    to.write_text("id,phone,language,street\np1,+33639980001,nl,\np2,+33639980002,nl,Own\n")
    arguments = ["plan", "burglary", "--config", config, "--to", to, "--json"]
    refused = bealert.run(*arguments, code=3).json["error"]["problems"]
    assert "street" in refused[0]
    assert "p1" in refused[0]
    plan = bealert.run(*arguments, "--set", "street=Given = this").json
    assert "Given = this" in plan["example"]["text"]


def test_what_is_wrong_with_the_command_line_or_the_configuration_is_exit_2(bealert: Any) -> None:
    to = bealert.people(1)
    config = bealert.config(2775)
    for arguments in (
        ["plan"],
        ["plan", "news", "--to", to],
        ["plan", "news", "--config", config, "--to", to, "--what"],
        ["plan", "news", "--config", "nowhere.toml", "--to", to],
        ["plan", "news", "--config", config, "--to", to, "--set", "street"],
        ["plan", "news", "--config", config, "--to", to, "--set", "a=1", "--set", "a=2"],
        ["no-such-command"],
    ):
        ran = bealert.run(*arguments, "--json", code=2)
        assert ran.json["error"], "one JSON value also when it fails"
        assert ran.err


def test_every_problem_of_the_configuration_is_named_at_once(bealert: Any) -> None:
    config = bealert.config(2775, 'windw = 5\nreceipt_wait = "soon"')
    ran = bealert.run(
        "plan", "news", "--config", config, "--to", bealert.people(1), "--json", code=2
    )
    problems = "\n".join(ran.json["error"]["problems"])
    assert "windw" in problems
    assert "receipt_wait" in problems
    assert "[gateways.sms-a]" in problems


def test_a_refused_plan_is_exit_3(bealert: Any) -> None:
    config = bealert.config(2775)
    to = bealert.people(1)
    for scenario in ("empty", "unheard-of"):
        ran = bealert.run("plan", scenario, "--config", config, "--to", to, "--json", code=3)
        assert ran.json["error"]["problems"]


def test_json_is_one_value_on_stdout_and_the_words_are_on_stderr(bealert: Any) -> None:
    arguments = ["plan", "news", "--config", bealert.config(2775), "--to", bealert.people(3)]
    plain = bealert.run(*arguments)
    assert plain.err == ""
    ran = bealert.run(*arguments, "--json")
    assert ran.json["people"] == 3
    assert "3 get it" in ran.err
