"""Options that several commands take, and what they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bealert_engine import Config
from bealert_engine.cli.exits import Unusable

ConfigFile = Annotated[
    Path,
    typer.Option("--config", metavar="F", help="The TOML file with gateways and scenarios."),
]
ConfigFileOrNone = Annotated[
    Path | None,
    typer.Option("--config", metavar="F", help="The TOML file that names the data directory."),
]
DataOrNone = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data directory itself, instead of --config."),
]
People = Annotated[
    Path,
    typer.Option(
        "--to",
        metavar="people.csv",
        help="Who gets it: columns id, name, phone, email, language; others are template values.",
    ),
]
Values = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="name=value",
        help="A value that templates see; may be repeated. A recipient's own value wins.",
    ),
]
ExcludeBadRows = Annotated[
    bool,
    typer.Option(
        "--exclude-bad-rows",
        help="Send to the rest, and count bad rows of the list as excluded, with the reason.",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="One JSON value on standard output, all else on standard error."),
]
CampaignId = Annotated[str, typer.Argument(metavar="ID", help="The campaign's id or its key.")]


def values_of(settings: list[str] | None) -> dict[str, str]:
    """What `--set name=value` says.

    >>> values_of(["street=Kerkstraat", "note=a=b"])
    {'street': 'Kerkstraat', 'note': 'a=b'}
    """
    values: dict[str, str] = {}
    for setting in settings or ():
        name, equals, value = setting.partition("=")
        if not equals or not name.strip().isidentifier():
            raise Unusable(f"--set {setting!r} is not of the form name=value.")
        if name.strip() in values:
            raise Unusable(f"--set names {name.strip()!r} twice.")
        values[name.strip()] = value
    return values


def held_directory(config: Config) -> Path:
    """The data directory of a configuration, for commands that need one on disk."""
    if config.directory is None:
        raise Unusable(f'{config.source} names no data directory: add data = "var" to it.')
    return config.directory


def data_directory(config: Path | None, data: Path | None) -> Path:
    """The data directory that `--config` or `--data` names."""
    if (config is None) == (data is None):
        raise Unusable("Say where the ledger is: either --config F or --data DIR.")
    if config is not None:
        return held_directory(Config.from_toml(config, secrets=False))
    assert data is not None
    return data.absolute()


def ledger_directory(config: Path | None, data: Path | None) -> Path:
    """The same, for commands that read: it must be there."""
    directory = data_directory(config, data)
    if not directory.is_dir():
        raise Unusable(f"There is no ledger at {directory}: nothing was launched there yet.")
    return directory
