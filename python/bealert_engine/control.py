"""Commands to the process that holds a data directory."""

from __future__ import annotations

import os

from bealert_engine import _engine
from bealert_engine._naming import check_names
from bealert_engine.campaign import find
from bealert_engine.plan import Plan

__all__ = ["Control"]


class Control:
    """Hands plans and commands to whoever holds a data directory, through its `control.sock`.

    Every open engine with a data directory listens there, for the user who opened it alone.

    Args:
        directory: The data directory.

    >>> import tempfile
    >>> from bealert_engine import Control, NobodySends
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     try:
    ...         Control(directory).pause("incident-4711")
    ...     except NobodySends as error:
    ...         print(error)
    No process holds the data directory. Start `bealert run`, or open an Engine on it.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = os.fspath(directory)

    def launch(self, plan: Plan, *, by: str, key: str) -> int:
        """Launch a plan there; durable when this returns. See `Engine.launch`.

        Returns:
            The number of the campaign.

        Raises:
            ValueError: `by` or `key` is blank.
            NobodySends: No process holds the directory.
            KeyConflict: The key has launched another plan.
            PlanStale: The plan is too old, or that process has other gateways.
        """
        check_names(by=by, key=key)
        return _engine.control_launch(self._directory, plan._native, by, key)

    def pause(self, id_or_key: int | str) -> None:
        """Stop sending a campaign; durable when this returns.

        Interrupted (Ctrl-C) before that, the command may still take effect. So it is with `resume`
        and `cancel`.

        Raises:
            NobodySends: No process holds the directory.
            UnknownCampaign: There is none with this number (an int) or key (a str).
            CampaignEnded: It has ended.
        """
        self._command("pause", id_or_key)

    def resume(self, id_or_key: int | str) -> None:
        """Go on with a paused campaign; durable when this returns."""
        self._command("resume", id_or_key)

    def cancel(self, id_or_key: int | str) -> None:
        """End a campaign; durable when this returns."""
        self._command("cancel", id_or_key)

    def erase(self, id_or_key: int | str) -> None:
        """Erase the personal data of a campaign that has ended; see `Campaign.erase`.

        Raises:
            NobodySends: No process holds the directory.
            UnknownCampaign: There is none with this number (an int) or key (a str).
            CampaignRuns: It has not ended.
        """
        self._command("erase", id_or_key)

    def archive(self, id_or_key: int | str) -> None:
        """Move a campaign that has ended to an archive file; see `Campaign.archive` and `erase`."""
        self._command("archive", id_or_key)

    def ping(self) -> int | None:
        """Find out which process holds the directory: its pid."""
        return _engine.control(self._directory, "ping", "")

    def _command(self, name: str, id_or_key: int | str) -> None:
        _engine.control(self._directory, name, self._key(id_or_key))

    def _key(self, id_or_key: int | str) -> str:
        """The key of a campaign: a number sent as text would reach whom it is the key of."""
        if isinstance(id_or_key, str):
            return id_or_key
        self.ping()  # what is missing where nobody sends is a process, not a ledger or a campaign
        return find(_engine.Ledger.open(self._directory), id_or_key)[1]

    def __repr__(self) -> str:
        return f"<Control of {self._directory}>"
