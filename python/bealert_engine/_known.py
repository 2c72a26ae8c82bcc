"""What stands firm about a campaign once it is launched."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from bealert_engine.events import moment
from bealert_engine.progress import ENDS, CampaignState
from bealert_engine.scenario import Kind, Uncertain

__all__ = ["CampaignRow", "Known"]

CampaignRow: TypeAlias = tuple[
    int, str, str, str, Kind, Uncertain, str, int, CampaignState, int, int, int | None
]
"""As the Rust core gives it: id, key, hash, scenario, kind, policy, by, people, state, and when it
was launched, expires and ended, in ms since 1970."""


class Known:
    """The fixed attributes of a campaign, as the ledger has them."""

    def __init__(self, row: CampaignRow) -> None:
        self._row = row

    @property
    def id(self) -> int:
        """Its number in the ledger, from 1 on."""
        return self._row[0]

    @property
    def key(self) -> str:
        """The launch key: launching the same plan under it again is the same campaign."""
        return self._row[1]

    @property
    def hash(self) -> str:
        """Hash of the plan: scenario, content, values, recipients and policy."""
        return self._row[2]

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self._row[3]

    @property
    def kind(self) -> Kind:
        """Kind of the scenario."""
        return self._row[4]

    @property
    def policy(self) -> Uncertain:
        """What becomes of uncertain messages: "resend" or "hold"."""
        return self._row[5]

    @property
    def by(self) -> str:
        """Who launched it."""
        return self._row[6]

    @property
    def people(self) -> int:
        """Everybody it was planned for, the excluded included."""
        return self._row[7]

    @property
    def launched_at(self) -> datetime:
        """When it was launched, in UTC."""
        return moment(self._row[9])

    @property
    def expires_at(self) -> datetime:
        """What is not sent by then ends as `expired`, in UTC."""
        return moment(self._row[10])

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, in UTC; None if it had not when this object was made."""
        return None if self._row[11] is None else moment(self._row[11])

    @property
    def _had_ended(self) -> bool:
        """Whether it had ended when this object was made; no end state is ever left."""
        return self._row[8] in ENDS

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.key!r}>"
