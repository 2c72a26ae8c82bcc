"""A whole configuration, from Python objects or from a TOML file."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bealert_engine import _durations as durations
from bealert_engine import _readers as readers
from bealert_engine._durations import Duration
from bealert_engine._mailboxes import allowed
from bealert_engine._tables import Problem, Reader, Table, Values, Wrong, settle
from bealert_engine.bounces import Bounces, bounces_of
from bealert_engine.errors import ConfigError
from bealert_engine.gateways import Gateway, Smpp, Smtp
from bealert_engine.scenario import Scenario, language
from bealert_engine.secret import file_of, resolve

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
        senders: Addresses that e-mail may be sent from, or "@domain" for all of a domain; without
            any, all may.
        bounces: Where bounces and delivery reports of e-mail come in; see `Bounces`, or a mapping
            with the same keys.
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
    senders: Sequence[str] = ()
    bounces: Bounces | Mapping[str, Any] | None = None
    gateways: Sequence[Gateway] = ()
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
            ConfigError: With every secret and file that cannot be had.
        """
        directory = self.directory
        bounces = None if self.bounces is None else bounces_of(self.bounces).wire(self._base())
        return json.dumps(
            {
                "data": None if directory is None else str(directory),
                "default_country": self.default_country,
                "languages": list(self.languages),
                "erase_after_ms": _milliseconds(self.erase_after),
                "archive_after_ms": _milliseconds(self.archive_after),
                "senders": list(self.senders),
                "bounces": bounces,
                "gateways": self._gateways(secrets=secrets),
                "scenarios": self._scenarios(),
            },
            ensure_ascii=False,
            allow_nan=False,
        )

    def _gateways(self, *, secrets: bool) -> list[dict[str, Any]]:
        wired: list[dict[str, Any]] = []
        problems: list[str] = []
        for order, gateway in enumerate(self.gateways):
            revealed: dict[str, str] = {}
            files: dict[str, str] = {}
            for key, secret in gateway.secrets().items() if secrets else ():
                try:
                    revealed[key] = resolve(secret, self._base())
                    if (file := file_of(secret, self._base())) is not None:
                        files[key] = str(file)
                except Wrong as wrong:
                    problems += self._at(
                        gateway, [problem.under(key) for problem in wrong.problems]
                    )
            wired.append(gateway.wire(secrets=revealed, files=files, order=order))
        if problems:
            raise ConfigError(problems)
        return wired

    def _scenarios(self) -> list[dict[str, Any]]:
        wired: list[dict[str, Any]] = []
        problems: list[str] = []
        for scenario in self.scenarios:
            try:
                wired.append(scenario.loaded(self._base()).wire())
            except Wrong as wrong:
                problems += self._at(scenario, wrong.problems)
        if problems:
            raise ConfigError(problems)
        return wired

    def _base(self) -> Path:
        return self.base if self.base is not None else Path.cwd()

    def _at(self, named: Gateway | Scenario, problems: Iterable[Problem]) -> list[str]:
        """The problems of a gateway or scenario, with its place."""
        place = f"{type(named).__name__}({named.name!r})"
        if self.source is not None:
            group = "scenarios" if isinstance(named, Scenario) else "gateways"
            place = f"{self.source}: [{group}.{named.name}]"
        return [problem.at(place) for problem in problems]


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


def _senders(value: object) -> tuple[str, ...]:
    return readers.listed(value, allowed)


def _age(value: object) -> timedelta | None:
    """Read an age, which may be of years."""
    return None if value is None else durations.age(value)


def _milliseconds(age: Duration | None) -> int | None:
    return None if age is None else durations.age(age) // timedelta(milliseconds=1)


def _each(*kinds: type) -> Reader:
    """Read a list of objects of these types."""
    named = " or ".join(kind.__name__ for kind in kinds)

    def read_one(value: object) -> object:
        if not isinstance(value, kinds):
            raise Wrong(f"must be a {named}, not {type(value).__name__}")
        return value

    def read(value: object) -> tuple[Any, ...]:
        return readers.listed(value, read_one)

    return read


def _fits_together(values: Values) -> Iterator[Problem]:
    yield from _names_differ(values)
    for gateway in values.get("gateways", ()):
        if isinstance(gateway, Smtp) and gateway.receipts and values.get("bounces") is None:
            yield Problem(
                "bounces", f"missing: {gateway.name!r} asks for receipts, which come in there"
            )


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
        "senders": _senders,
        "bounces": bounces_of,
        "gateways": _each(Smpp, Smtp),
        "scenarios": _each(Scenario),
    },
    between=_fits_together,
)
"""What an engine may be given; in a TOML file, the keys outside of any table."""
