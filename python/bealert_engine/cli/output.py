"""What goes where: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from bealert_engine._shown import shown as harmless
from bealert_engine.cli.streams import StreamConsole, stdout_takes_all, write_out

PLAIN_WIDTH = 120
"""Columns where the output is no terminal: a log keeps lines whole that 80 would break."""

MOST_PROBLEMS = 50
"""Problems that are listed; a list with a wrong column has as many as it has rows."""


class Output:
    """The two streams of a command.

    With `as_json` the result is one JSON value on standard output and the words for people go to
    standard error; without it the words are the result.
    """

    said_json = False
    """Whether this process has written its JSON value: there is never a second one."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.errors = console(to_errors=True)
        self.people = self.errors if as_json else console(to_errors=False)

    @property
    def live(self) -> bool:
        """Whether a person watches: bars move, instead of lines that follow each other."""
        return self.people.is_terminal

    def say(self, what: RenderableType = "", *, style: str = "") -> None:
        """Say something of the result in words."""
        if isinstance(what, str):
            self.people.print(Text(shown(what), style=style), soft_wrap=True)
        else:
            self.people.print(what)

    def note(self, text: str, *, style: str = "") -> None:
        """Say something that is no result: what is going on, or what went wrong."""
        self.errors.print(Text(shown(text), style=style), soft_wrap=True)

    def result(self, value: Any) -> None:
        """Give the JSON value, if it was asked for."""
        if self.as_json and not Output.said_json:
            Output.said_json = True
            escaped = not stdout_takes_all()
            write_out(json.dumps(value, ensure_ascii=escaped, allow_nan=False, indent=2) + "\n")

    def fail(self, kind: str, message: str, problems: Iterable[str] = ()) -> None:
        """Say an error, with at most `MOST_PROBLEMS` of its problems."""
        problems = list(problems)
        first = message.splitlines()[0] if problems else message
        self.note(first, style="bold red")
        for problem in problems[:MOST_PROBLEMS]:
            self.note(f"  - {problem}")
        if len(problems) > MOST_PROBLEMS:
            self.note(f"  and {len(problems) - MOST_PROBLEMS:,} more")
        self.result({"error": {"kind": kind, "message": first, "problems": problems}})

    def show_logs(self, level: int = logging.WARNING) -> None:
        """Write the engine's log records to standard error, around a live bar if there is one."""
        logger = logging.getLogger("bealert_engine")
        logger.addHandler(_Records(self))
        logger.setLevel(level)


class _Records(logging.Handler):
    """Writes each record as a line."""

    def __init__(self, out: Output) -> None:
        super().__init__()
        # A bar is drawn on the console of the people: lines must go through the same one.
        self._console = out.people if out.live else out.errors

    def emit(self, record: logging.LogRecord) -> None:
        area = record.name.removeprefix("bealert_engine.")
        line = Text(shown(f"{record.levelname.lower()} {area}: {record.getMessage()}"), style="dim")
        self._console.print(line, soft_wrap=True)


def console(*, to_errors: bool) -> Console:
    """A console that prints what it is given: no markup, no emoji codes, no guessed colours."""
    made = StreamConsole(stderr=to_errors, markup=False, emoji=False, highlight=False)
    if not made.is_terminal:
        made.width = PLAIN_WIDTH
    return made


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Two columns: what, and how it is."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    for name, value in rows:
        table.add_row(Text(shown(name)), Text(shown(value)))
    return table


def columns(*names: str, right: Iterable[str] = ()) -> Table:
    """A table with these columns, numbers to the `right`."""
    right = set(right)
    table = Table(box=None, pad_edge=False, header_style="cyan", padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return table


def shown(text: str) -> str:
    r"""`text` as a terminal may show it, with the lines and tabs of our own words.

    >>> shown("Anna" + chr(27) + "[31m" + chr(9) + "12")
    'Anna�[31m\t12'
    """
    return harmless(text, kept="\n\t")


def counted(number: float, one: str, many: str | None = None) -> str:
    """A number with its word.

    >>> counted(1, "person", "people"), counted(4980, "part")
    ('1 person', '4,980 parts')
    """
    word = one if number == 1 else many or f"{one}s"
    return f"{number:,} {word}"


def span(seconds: float | None) -> str:
    """A duration as people say it.

    >>> span(9.96), span(75), span(7_200), span(0.25), span(None)
    ('10 s', '1 min 15 s', '2 h 0 min', '0.2 s', 'unknown')
    """
    if seconds is None:
        return "unknown"
    if seconds < 1:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
