"""Whatever stands in a list of people: each row is somebody, or a problem with its place."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bealert_engine import Excluded, PlanRefused, Recipient
from bealert_engine._shown import shown
from bealert_engine.cli.people import PeopleFile

run = settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

pieces = st.sampled_from(
    [
        *(b"id", b"phone", b"name", b"p1", b"p2", b"0470123456", b"=1+1", b"x" * 140_000),
        *(b",", b",", b"\n", b"\n", b"\r\n", b"\r", b'"', b'""', b";", b"\t", b" ", b"\0"),
        *(b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", "é".encode(), "\u202e".encode()),
    ]
)
cells = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8)


@run
@given(
    octets=st.lists(pieces, max_size=40).map(b"".join) | st.binary(max_size=120),
    header=st.booleans(),
)
def test_any_octets(octets: bytes, header: bool, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"id,name,phone\n" + octets if header else octets)
    strict, lenient = judged(path, exclude=False), judged(path, exclude=True)
    if strict is None or lenient is None:
        assert strict is lenient is None
        return
    people, file = strict
    everybody, again = lenient
    # The same people and the same problems either way; what is excluded is what was wrong.
    assert file.problems == again.problems
    assert [one for one in everybody if isinstance(one, Recipient)] == people
    assert len(everybody) - len(people) == file.bad_rows == again.bad_rows
    assert (file.bad_rows == 0) == (not file.problems)
    ids = [named(one) for one in everybody]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    for problem in PlanRefused(file.problems).problems:
        assert problem.startswith(f"{path}: row ")
        assert problem == shown(problem)


@run
@given(
    rows=st.lists(st.tuples(cells, cells, cells), max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from(["", "\ufeff"]),
)
def test_a_list_that_is_right_is_read_as_it_is(
    rows: list[tuple[str, str, str]], end: str, mark: str, tmp_path: Path
) -> None:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "phone", "street", "name"])
    for number, (phone, street, name) in enumerate(rows):
        writer.writerow([f"p{number}", phone, street, name])
    path = tmp_path / "people.csv"
    path.write_text(mark + written.getvalue(), newline="")
    found = judged(path, exclude=False)
    assert found is not None
    people, file = found
    assert file.problems == []
    for number, (person, (phone, street, name)) in enumerate(zip(people, rows, strict=True)):
        values = {"street": street.strip()} if street.strip() else {}
        expected = (f"p{number}", phone.strip() or None, name.strip() or None, values)
        assert (person.id, person.phone, person.name, dict(person.values)) == expected


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_quote_that_is_never_closed_is_one_problem(end: bytes, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b'id,phone\np1,0470123456\np2,"0470' + end)
    found = judged(path, exclude=True)
    assert found is not None
    assert [named(one) for one in found[0]] == ["p1", "row 3"]


def judged(path: Path, *, exclude: bool) -> tuple[list[Recipient | Excluded], PeopleFile] | None:
    """Everybody in it; None where its header is refused, in words."""
    try:
        file = PeopleFile(path, exclude_bad_rows=exclude)
    except PlanRefused:
        return None
    return list(file), file


def named(one: Recipient | Excluded) -> str:
    return one.id if isinstance(one, Recipient) else one.recipient
