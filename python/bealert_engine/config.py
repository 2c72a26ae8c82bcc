"""A whole configuration, from Python objects or from a TOML file."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bealert_engine import _durations as durations
from bealert_engine import _readers as readers
from bealert_engine._durations import Duration
from bealert_engine._tables import Problem, Reader, Table, Values, Wrong, settle
from bealert_engine.errors import ConfigError
from bealert_engine.gateways import Smpp
from bealert_engine.scenario import Scenario, language

__all__ = ["Config"]


@dataclass(frozen=True)
class Config:
    """What an engine is opened with.

    Attributes:
        data: The ledger directory; None keeps the ledger in memory, gone at the end. A relative
            one starts at `base`.
        default_country: Two letters; completes numbers written without a country.
        languages: For recipients whose own language a scenario does not have, in this order.
        erase_after: How long after its end the personal data of a campaign is erased by itself.
        archive_after: How long after its end a campaign is moved to an archive file by itself.
        gateways: In the order of preference, where they do not say a priority.
        scenarios: The reusable messages.
        base: Where relative paths start: the directory of the TOML file, or the working directory.
        source: The TOML file this was read from, named in later problems.

    Raises:
        ConfigError: With everything that is wrong.

    >>> config = Config(data=None, default_country="be", languages=["nl", "fr"])
    >>> config.default_country, config.languages
    ('BE', ('nl', 'fr'))
    """

    _: KW_ONLY
    data: str | os.PathLike[str] | None
    default_country: str | None = None
    languages: Sequence[str] = ()
    erase_after: Duration | None = None
    archive_after: Duration | None = None
    gateways: Sequence[Smpp] = ()
    scenarios: Sequence[Scenario] = ()
    base: Path | None = None
    source: Path | None = None

    def __post_init__(self) -> None:
        problems = settle(self, CONFIG, "Engine")
        if problems:
            raise ConfigError(problems)

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str], *, secrets: bool = True) -> Config:
        """Read a configuration file.

        Args:
            path: The TOML file; `data` and `file:` secrets are relative to its directory.
            secrets: Whether a secret that cannot be had is a problem. Commands that connect to
                nothing pass False, and so work without the secrets at hand.

        Raises:
            ConfigError: With everything that is wrong, each with file, table and key.
        """
        from bealert_engine._toml import read_config

        return read_config(Path(path), secrets=secrets)

    @property
    def directory(self) -> Path | None:
        """The ledger directory as an absolute path, or None for a ledger in memory."""
        return None if self.data is None else (self._base() / self.data).absolute()

    def to_wire(self, *, secrets: bool = True) -> str:
        """Everything as the one JSON text that the Rust core takes, secrets resolved.

        Hand it on at once and do not keep it: it holds passwords in plain text, unless `secrets`
        is False, which leaves them empty.

        Raises:
            ConfigError: With every secret that cannot be had.
        """
        directory = self.directory
        return json.dumps(
            {
                "data": None if directory is None else str(directory),
                "default_country": self.default_country,
                "languages": list(self.languages),
                "erase_after_ms": _milliseconds(self.erase_after),
                "archive_after_ms": _milliseconds(self.archive_after),
                "gateways": self._gateways(secrets=secrets),
                "scenarios": [scenario.wire() for scenario in self.scenarios],
            },
            ensure_ascii=False,
            allow_nan=False,
        )

    def _gateways(self, *, secrets: bool) -> list[dict[str, Any]]:
        wired: list[dict[str, Any]] = []
        problems: list[str] = []
        for order, gateway in enumerate(self.gateways):
            try:
                password = gateway.resolve_password(self._base()) if secrets else ""
            except Wrong as wrong:
                place = self._place(gateway)
                problems += [problem.under("password").at(place) for problem in wrong.problems]
            else:
                wired.append(gateway.wire(password=password, order=order))
        if problems:
            raise ConfigError(problems)
        return wired

    def _base(self) -> Path:
        return self.base if self.base is not None else Path.cwd()

    def _place(self, gateway: Smpp) -> str:
        if self.source is None:
            return f"Smpp({gateway.name!r})"
        return f"{self.source}: [gateways.{gateway.name}]"


def _data(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str | os.PathLike):
        raise Wrong("must be the path of a directory, in quotes")
    return readers.path(os.fspath(value))


def _country(value: object) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}", readers.text(value)):
        raise Wrong(f'{value!r} is not a country of two letters like "BE"')
    return readers.text(value).upper()


def _languages(value: object) -> tuple[str, ...]:
    return readers.listed(value, language)


def _age(value: object) -> timedelta | None:
    """Read an age, which may be of years."""
    return None if value is None else durations.age(value)


def _milliseconds(age: Duration | None) -> int | None:
    return None if age is None else durations.age(age) // timedelta(milliseconds=1)


def _each(kind: type) -> Reader:
    """Read a list of objects of one type."""

    def read_one(value: object) -> object:
        if not isinstance(value, kind):
            raise Wrong(f"must be a {kind.__name__}, not {type(value).__name__}")
        return value

    def read(value: object) -> tuple[Any, ...]:
        return readers.listed(value, read_one)

    return read


def _names_differ(values: Values) -> Iterator[Problem]:
    for key in ("gateways", "scenarios"):
        for twice in _twice(named.name for named in values.get(key, ())):
            yield Problem(key, f"two of them are called {twice!r}")


def _twice(names: Iterable[str]) -> list[str]:
    counts = Counter(names)
    return [name for name, count in counts.items() if count > 1]


CONFIG = Table(
    keys={
        "data": _data,
        "default_country": _country,
        "languages": _languages,
        "erase_after": _age,
        "archive_after": _age,
        "gateways": _each(Smpp),
        "scenarios": _each(Scenario),
    },
    between=_names_differ,
)
"""What an engine may be given; in a TOML file, the keys outside of any table."""
