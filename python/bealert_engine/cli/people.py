"""people.csv: who gets it, with everything that is wrong in the file found at once."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from bealert_engine import Excluded
from bealert_engine.cli.exits import Unusable
from bealert_engine.errors import PlanRefused
from bealert_engine.recipient import Recipient

ADDRESS_COLUMNS = ("phone", "email")

MOST_REMEMBERED = 10_000
"""Problems whose words are kept; further ones are only counted."""


class PeopleFile:
    """A list of people as a stream of recipients, read once, in constant memory but for the ids.

    A bad row gives no recipient: `problems` names it, with row and column as a spreadsheet counts
    them (the header is row 1). With `exclude_bad_rows` it gives an `Excluded` instead, so that a
    report counts it. Blank lines are no rows. A blank cell is no value: the plan's own value of
    that name stands in for it, if there is one.

    Args:
        path: A CSV file in UTF-8, with commas.
        exclude_bad_rows: Whether bad rows are excluded rather than a reason to refuse the list.

    Raises:
        Unusable: The file cannot be read.
        PlanRefused: Its header cannot be used; nothing of it can be sent.
    """

    def __init__(self, path: Path, *, exclude_bad_rows: bool = False) -> None:
        self.problems: list[str] = []
        self.bad_rows = 0
        self._exclude = exclude_bad_rows
        self._path = path
        try:
            file = path.open("rb")
        except OSError as error:
            raise Unusable(f"{path} cannot be read: {error.strerror}.") from error
        self._rows = _rows(file)
        try:
            self._header = self._read_header()
        except PlanRefused:
            self._rows.close()
            raise
        self._id_at = self._header.index("id")
        self._seen: dict[str, int] = {}
        self._stream = self._read()

    def __iter__(self) -> Iterator[Recipient | Excluded]:
        """The rest of the list: iterating again goes on, it does not start over."""
        return self._stream

    def rest(self) -> None:
        """Read to the end, so that `problems` is complete."""
        for _ in self._stream:
            pass

    def _read_header(self) -> list[str]:
        try:
            number, cells, broken = next(self._rows)
        except StopIteration:
            raise PlanRefused(f"{self._path}: is empty: the first row names the columns") from None
        names = [cell.strip() for cell in cells]
        problems = [broken] if broken else list(_header_problems(names))
        if problems:
            raise PlanRefused([f"{self._path}: row {number}, {problem}" for problem in problems])
        return names

    def _read(self) -> Iterator[Recipient | Excluded]:
        bad: list[tuple[int, str, str]] = []
        with closing(self._rows):
            for number, cells, broken in self._rows:
                person = cells[self._id_at].strip() if self._id_at < len(cells) else ""
                problems = [broken] if broken else self._judge(person, cells)
                if not problems:
                    self._seen[person] = number
                    yield self._recipient(person, cells)
                    continue
                self._note(number, problems)
                if self._exclude:
                    bad.append((number, person, f"row {number}: {'; '.join(problems)}"))
        # Last, when all good ids are known: a bad row may not take the id of a good one.
        for number, person, reason in bad:
            yield Excluded(self._free_id(number, person), "", reason)

    def _judge(self, person: str, cells: Sequence[str]) -> list[str]:
        problems = []
        if len(cells) != len(self._header):
            problems.append(f"has {len(cells)} cells, the header {len(self._header)}")
        if not "".join(cells).isascii():
            problems += [
                f"column {name}: not UTF-8: {_readable(cell)!r}"
                for name, cell in zip(self._header, cells, strict=False)
                if _broken(cell)
            ]
        if not person:
            problems.append("column id: missing")
        elif person in self._seen:
            first = self._seen[person]
            problems.append(f"column id: {_readable(person)!r} again, as in row {first}")
        return problems

    def _recipient(self, person: str, cells: Sequence[str]) -> Recipient:
        filled = {
            name: cell
            for name, cell in zip(self._header, map(str.strip, cells), strict=True)
            if cell
        }
        del filled["id"]
        return Recipient(
            person,
            phone=filled.pop("phone", None),
            email=filled.pop("email", None),
            name=filled.pop("name", None),
            language=filled.pop("language", None),
            values=filled,
        )

    def _note(self, number: int, problems: list[str]) -> None:
        self.bad_rows += 1
        if len(self.problems) < MOST_REMEMBERED:
            self.problems += [f"{self._path}: row {number}, {problem}" for problem in problems]

    def _free_id(self, number: int, person: str) -> str:
        """Its own id where it has one that nobody else has, else one made of its row."""
        name = person if person and not _broken(person) else f"row {number}"
        if name in self._seen:
            name = f"row {number}"
        while name in self._seen:
            name = f"({name})"
        self._seen[name] = number
        return name


def _header_problems(names: list[str]) -> Iterator[str]:
    for place, name in enumerate(names, 1):
        if not name:
            yield f"column {place}: has no name"
        elif _broken(name):
            yield f"column {place}: not UTF-8: {_readable(name)!r}"
        elif name in names[: place - 1]:
            yield f"column {place}: a second column is called {name!r}"
    if "id" not in names:
        yield f"column id: missing{_separator_hint(names)}"
    if not set(ADDRESS_COLUMNS) & set(names):
        yield "column phone or email: there is neither, so no address"


def _rows(file: io.BufferedReader) -> Generator[tuple[int, list[str], str | None]]:
    """Each row with its number in a spreadsheet, its cells, and what is wrong with its quotes.

    Octets that are not UTF-8 come as surrogates, so that the row and column can be named. The mark
    that spreadsheets put at the beginning of a file is no part of a cell, nor of its quotes.
    """
    with io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="") as text:
        reader = csv.reader(text, strict=True)
        for number in itertools.count(1):
            broken = None
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                cells, broken = [], f"cannot be read as CSV: {error} (line {reader.line_num})"
            if cells or broken:
                yield number, cells, broken


def _broken(text: str) -> bool:
    return not text.isascii() and any("\udc80" <= sign <= "\udcff" for sign in text)


def _readable(text: str) -> str:
    return text.encode(errors="surrogateescape").decode(errors="replace")


def _separator_hint(names: list[str]) -> str:
    for sign, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if any(sign in name for name in names):
            return f": the columns are separated by {word}; save the list with commas"
    return ""
