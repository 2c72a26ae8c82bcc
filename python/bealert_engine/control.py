"""Commands to the process that holds a data directory."""

from __future__ import annotations

import os

from bealert_engine import _engine
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
            NobodySends: No process holds the directory.
            KeyConflict: The key has launched another plan.
            PlanStale: The plan is too old, or that process has other gateways.
        """
        return _engine.control_launch(self._directory, plan._native, by, key)

    def pause(self, id_or_key: int | str) -> None:
        """Stop sending a campaign; durable when this returns."""
        _engine.control(self._directory, "pause", str(id_or_key))

    def resume(self, id_or_key: int | str) -> None:
        """Go on with a paused campaign; durable when this returns."""
        _engine.control(self._directory, "resume", str(id_or_key))

    def cancel(self, id_or_key: int | str) -> None:
        """End a campaign; durable when this returns."""
        _engine.control(self._directory, "cancel", str(id_or_key))

    def ping(self) -> int | None:
        """Find out which process holds the directory: its pid."""
        return _engine.control(self._directory, "ping", "")

    def __repr__(self) -> str:
        return f"<Control of {self._directory}>"
