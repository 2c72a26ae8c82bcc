"""The TOML file: the same tables, with names instead of objects and with places in messages."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bealert_engine import _readers as readers
from bealert_engine._tables import Problem, Table, Wrong, did_you_mean
from bealert_engine.config import CONFIG, Config
from bealert_engine.errors import ConfigError
from bealert_engine.gateways import Smpp, Smtp
from bealert_engine.gateways.smpp import SMPP
from bealert_engine.gateways.smtp import SMTP
from bealert_engine.scenario import SCENARIO, Scenario
from bealert_engine.secret import resolve

LARGEST_FILE_OCTETS = 16 * 1024 * 1024
"""A configuration is read whole; a larger file is not one."""

GATEWAY_TYPES: dict[str, tuple[Table, type]] = {"smpp": (SMPP, Smpp), "smtp": (SMTP, Smtp)}
LATER_TYPES = {"sip": "voice"}


def read_config(path: Path, *, secrets: bool) -> Config:
    """Read a file whole, or raise `ConfigError` with everything that is wrong in it."""
    document = _parse(path)
    reading = _Reading(path, secrets=secrets)
    gateways = reading.tables(document.pop("gateways", {}), "gateways", reading.gateway)
    scenarios = reading.tables(document.pop("scenarios", {}), "scenarios", reading.scenario)
    values = reading.table(document, CONFIG, Config, "top level,")
    if "bounces" not in document:
        reading.check_receipts(gateways)
    if reading.problems:
        raise ConfigError(reading.problems)
    values |= {"gateways": gateways, "scenarios": scenarios}
    values |= {"base": reading.base, "source": path}
    return Config(**values)


def _parse(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            octets = file.read(LARGEST_FILE_OCTETS + 1)
        if len(octets) > LARGEST_FILE_OCTETS:
            raise ConfigError(f"{path}: has over {LARGEST_FILE_OCTETS} octets")
        return tomllib.loads(octets.decode())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    except ValueError as error:  # more digits than Python turns into a number
        raise ConfigError(f"{path}: a number in it is far too large") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: its lists and tables stand too deep in each other") from error


class _Reading:
    """One file being read, and the problems found so far."""

    def __init__(self, path: Path, *, secrets: bool) -> None:
        self.path = path
        self.base = path.absolute().parent
        self.secrets = secrets
        self.problems: list[str] = []

    def tables(
        self, raw: object, group: str, read_one: Callable[[dict[str, Any], str], Any]
    ) -> list[Any]:
        """Read `[group.NAME]` for every name; what cannot be used is left out and noted."""
        if not isinstance(raw, Mapping):
            self._note(f"[{group}]", [Problem("", f"must hold tables, like [{group}.NAME]")])
            return []
        made = []
        for name, fields in raw.items():
            place = f"[{group}.{name}]"
            if not isinstance(fields, Mapping):
                self._note(place, [Problem("", "must be a table")])
                continue
            before = len(self.problems)
            try:
                readers.name(name)
            except Wrong as wrong:
                self._note(place, wrong.problems)
            make, values = read_one(dict(fields), place)
            if len(self.problems) == before:
                made += self.usable(make(name, **values), place)
        return made

    def usable(self, made: Any, place: str) -> list[Any]:
        """What was made, with its files at hand, unless one cannot be had."""
        if not isinstance(made, Scenario):
            return [made]
        try:
            return [made.loaded(self.base)]
        except Wrong as wrong:
            self._note(place, wrong.problems)
            return []

    def gateway(self, fields: dict[str, Any], place: str) -> tuple[Any, dict[str, Any]]:
        """Read a gateway by its type; the type decides which keys there are."""
        kind = fields.pop("type", None)
        if isinstance(kind, str) and kind in GATEWAY_TYPES:
            table, record = GATEWAY_TYPES[kind]
            values = self.table(fields, table, record, place)
            keys = {"password": values.get("password"), "ca": values.get("ca")}
            keys |= {f"dkim.{at}.key": one.key for at, one in enumerate(values.get("dkim", ()))}
            for key, secret in keys.items():
                self.look_up(key, secret, place)
            return record, values
        self._note(place, [Problem("type", _unusable_type(kind))])
        return None, {}

    def scenario(self, fields: dict[str, Any], place: str) -> tuple[Any, dict[str, Any]]:
        """Read a scenario."""
        return Scenario, self.table(fields, SCENARIO, Scenario, place)

    def look_up(self, key: str, secret: Any, place: str) -> None:
        """Note a secret that cannot be had; what it says is not kept."""
        if secret is None or not self.secrets:
            return
        try:
            resolve(secret, self.base)
        except Wrong as wrong:
            self._note(place, [problem.under(key) for problem in wrong.problems])

    def check_receipts(self, gateways: list[Any]) -> None:
        """Note a relay that asks for receipts which nobody receives."""
        for gateway in gateways:
            if isinstance(gateway, Smtp) and gateway.receipts:
                wanted = Problem("receipts", "wants [bounces], where reports come in")
                self._note(f"[gateways.{gateway.name}]", [wanted])

    def table(self, raw: dict[str, Any], table: Table, record: type, place: str) -> dict[str, Any]:
        """Read one table, noting its problems at this file and place."""
        values, problems = table.read(raw, record)
        self._note(place, problems)
        return {key: value for key, value in values.items() if key in raw}

    def _note(self, place: str, problems: list[Problem]) -> None:
        self.problems += [problem.at(f"{self.path}: {place}") for problem in problems]


def _unusable_type(kind: object) -> str:
    if kind is None:
        return f"missing; known are {', '.join(GATEWAY_TYPES)}"
    if not isinstance(kind, str):
        return "must be text in quotes"
    if kind in LATER_TYPES:
        return f'the {LATER_TYPES[kind]} channel ("{kind}") is not in this version'
    return f'unknown type "{kind}"{did_you_mean(kind, GATEWAY_TYPES)}'
