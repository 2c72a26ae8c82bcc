"""`bealert pause`, `resume`, `cancel`, `erase`, `archive`: commands to the process that sends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bealert_engine import Control, open_ledger
from bealert_engine.cli.exits import ExitCode
from bealert_engine.cli.options import (
    AsJson,
    CampaignId,
    ConfigFileOrNone,
    DataOrNone,
    campaign_of,
    ledger_directory,
)
from bealert_engine.cli.output import Output


def pause(
    campaign: CampaignId,
    *,
    config: ConfigFileOrNone = None,
    data: DataOrNone = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Hold a campaign: nothing more of it leaves. Its expiry goes on."""
    return _order(Control.pause, campaign, ledger_directory(config, data), as_json=as_json)


def resume(
    campaign: CampaignId,
    *,
    config: ConfigFileOrNone = None,
    data: DataOrNone = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Go on with a paused campaign."""
    return _order(Control.resume, campaign, ledger_directory(config, data), as_json=as_json)


def cancel(
    campaign: CampaignId,
    *,
    config: ConfigFileOrNone = None,
    data: DataOrNone = None,
    as_json: AsJson = False,
) -> ExitCode:
    """End a campaign: what has not left ends `cancelled`; what has left is still accounted for."""
    return _order(Control.cancel, campaign, ledger_directory(config, data), as_json=as_json)


def erase(
    campaign: CampaignId,
    *,
    config: ConfigFileOrNone = None,
    data: DataOrNone = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Erase the personal data of a campaign that has ended; its ids, states and counts stay."""
    return _order(Control.erase, campaign, ledger_directory(config, data), as_json=as_json)


def archive(
    campaign: CampaignId,
    *,
    config: ConfigFileOrNone = None,
    data: DataOrNone = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Move a campaign that has ended to an archive file; everything still finds and reads it."""
    return _order(Control.archive, campaign, ledger_directory(config, data), as_json=as_json)


def _order(
    order: Callable[[Control, int], None], campaign: str, directory: Path, *, as_json: bool
) -> ExitCode:
    number = _number(directory, campaign)
    order(Control(directory), number)
    return _said(directory, number, as_json=as_json)


def _number(directory: Path, campaign: str) -> int:
    with open_ledger(directory) as ledger:
        return campaign_of(ledger, campaign).id


def _said(directory: Path, campaign: int, *, as_json: bool) -> ExitCode:
    out = Output(as_json=as_json)
    with open_ledger(directory) as ledger:
        found = ledger.campaign(campaign)
        state = found.state
    out.say(f"campaign {found.id}, key {found.key!r}: {state}")
    out.result({"id": found.id, "key": found.key, "state": state})
    return ExitCode.DONE
