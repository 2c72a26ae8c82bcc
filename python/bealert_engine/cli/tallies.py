"""Campaigns and their counts in words and as JSON."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from rich.table import Table

from bealert_engine import LedgerCampaign, Progress
from bealert_engine.cli.output import columns

STATES = (
    "queued",
    "submitted",
    "accepted",
    "delivered",
    "confirmed",
    "failed",
    "expired",
    "cancelled",
    "skipped",
    "uncertain",
)
"""Every dispatch is counted in exactly one of these."""


def campaign_json(campaign: LedgerCampaign) -> dict[str, Any]:
    """A campaign as `bealert campaigns --json` lists it."""
    return {
        "id": campaign.id,
        "key": campaign.key,
        "scenario": campaign.scenario,
        "kind": campaign.kind,
        "by": campaign.by,
        "state": campaign.state,
        "people": campaign.people,
        "launched_at": campaign.launched_at.isoformat(),
        "ended_at": None if campaign.ended_at is None else campaign.ended_at.isoformat(),
    }


def progress_json(progress: Progress) -> dict[str, Any]:
    """Counts as `bealert show --json` gives them."""
    return dataclasses.asdict(progress)


def tally_table(progress: Progress) -> Table:
    """A line per channel that is used, a column per state that has somebody in it."""
    used = {name: tally for name, tally in progress.channels.items() if tally.total}
    named = [state for state in STATES if any(getattr(tally, state) for tally in used.values())]
    table = columns("channel", "people", *named, right=["people", *named])
    for name, tally in used.items():
        counts = [f"{getattr(tally, state):,}" for state in named]
        table.add_row(name, f"{tally.total:,}", *counts)
    return table


def clock(at: datetime) -> str:
    """A time as people on this machine read it."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
