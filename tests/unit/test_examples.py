"""What stands in examples/ works, and rings no phone."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import phonenumbers
import pytest

from bealert_engine import Config
from bealert_engine._people import MOST_PEOPLE, UNUSABLE, UNUSABLE_EMAILS, invented_people

EXAMPLES = Path(__file__).parents[2] / "examples"


def is_possible(phone: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(phone, "BE"))
    except phonenumbers.NumberParseException:
        return False


def test_the_configuration_can_be_used() -> None:
    config = Config.from_toml(EXAMPLES / "bealert.toml")
    assert [scenario.name for scenario in config.scenarios] == ["burglary", "newsletter"]
    assert config.directory is not None
    config.to_wire()


def test_every_usable_number_is_fictitious_and_possible() -> None:
    numbers = [person.phone or "" for person in invented_people(MOST_PEOPLE)]
    assert len(set(numbers)) == MOST_PEOPLE
    for phone in numbers:
        assert phone.replace(" ", "").startswith("+3363998")
        assert is_possible(phone)
        assert not phonenumbers.is_valid_number(phonenumbers.parse(phone)), "assigned to somebody"


@pytest.mark.parametrize("phone", UNUSABLE)
def test_the_unusable_are_no_numbers(phone: str) -> None:
    assert not is_possible(phone)


@pytest.mark.parametrize(("count", "unusable"), [(0, 0), (1, 1), (7, 3), (5000, 20), (99, 98)])
def test_exactly_as_many_are_unusable_as_asked(count: int, unusable: int) -> None:
    people = list(invented_people(count, unusable=unusable))
    assert len({person.id for person in people}) == count
    assert sum(not is_possible(person.phone or "") for person in people) == unusable


@pytest.mark.parametrize(("count", "unmailable"), [(0, 0), (1, 1), (7, 3), (5000, 15), (99, 98)])
def test_exactly_as_many_have_no_address_as_asked(count: int, unmailable: int) -> None:
    people = list(invented_people(count, unusable=unmailable, unmailable=unmailable))
    assert len({person.email for person in people} - set(UNUSABLE_EMAILS)) == count - unmailable
    usable = [person.email or "" for person in people if person.email not in UNUSABLE_EMAILS]
    assert all(email.endswith("@mail.example") for email in usable)


def test_too_many_people_are_refused() -> None:
    with pytest.raises(ValueError, match="10000"):
        list(invented_people(MOST_PEOPLE + 1))


def test_the_script_writes_what_the_generator_invents() -> None:
    script = [sys.executable, str(EXAMPLES / "make_people.py"), "--count", "50", "--unusable", "2"]
    script += ["--unmailable", "3"]
    text = subprocess.run(script, check=True, capture_output=True, text=True, timeout=60).stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    people = list(invented_people(50, unusable=2, unmailable=3))
    assert [row["id"] for row in rows] == [person.id for person in people]
    assert [row["phone"] for row in rows] == [person.phone for person in people]
    assert [row["email"] for row in rows] == [person.email for person in people]
    assert {row["language"] for row in rows} == {"nl", "fr", "de", "en"}
    assert all(row["street"] for row in rows)
