"""Options that several commands take, and what they stand for."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from bealert_engine import Config, Ledger, LedgerCampaign, UnknownCampaign
from bealert_engine._naming import check_names
from bealert_engine.cli.exits import Unusable
from bealert_engine.cli.streams import typed

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
        values[name.strip()] = typed(value)
    return values


def names_of(by: str, key: str) -> tuple[str, str]:
    """What `--by` and `--key` say; an unset variable of a script is a blank one."""
    by, key = typed(by), typed(key)
    try:
        check_names(by=by, key=key)
    except ValueError as error:
        raise Unusable(f"--{error}.") from None
    return by, key


def is_number(text: str) -> bool:
    """Whether a campaign could have it as its id.

    >>> is_number("7"), is_number("007"), is_number("k7")
    (True, False, False)
    """
    return text.isascii() and text.isdigit() and not text.startswith("0")


def campaign_of(ledger: Ledger, text: str) -> LedgerCampaign:
    """The campaign that an `ID` of the command line means: an id if there is one, else a key."""
    if is_number(text):
        with suppress(UnknownCampaign):
            return ledger.campaign(int(text))
    return ledger.campaign(typed(text))


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
    if not (directory / "ledger.sqlite").is_file():
        raise Unusable(f"There is no ledger at {directory}: nothing was launched there yet.")
    return directory
