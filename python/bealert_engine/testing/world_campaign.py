"""A campaign in a simulated world."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bealert_engine._known import CampaignRow, Known
from bealert_engine.events import Event, Notice, cursor, entry
from bealert_engine.progress import ENDS, CampaignState, Progress
from bealert_engine.report import Report

if TYPE_CHECKING:
    from bealert_engine.testing.world import World

__all__ = ["WorldCampaign"]


class WorldCampaign(Known):
    """A campaign in a `World`: what `Campaign` is to an `Engine`, in virtual time.

    It outlives every crash of the world, since it only knows its number.
    """

    def __init__(self, world: World, row: CampaignRow) -> None:
        super().__init__(row)
        self._world = world

    @property
    def state(self) -> CampaignState:
        """Where it stands now: "running", "paused", "cancelling", "cancelled", "done"."""
        return self.snapshot().state

    @property
    def ended(self) -> bool:
        """Whether nothing more will be sent or awaited."""
        return self.state in ENDS

    def snapshot(self) -> Progress:
        """How far it is now."""
        return Progress.of(self._world.native.progress(self.id))

    def wait(self, timeout_s: float | None = None) -> Progress:
        """Let time pass until it has ended.

        Args:
            timeout_s: At most so many simulated seconds; None waits two days.

        Raises:
            TimeoutError: It has not ended by then.
        """
        if timeout_s is None:
            self._world._until(lambda: self.ended)
            return self.snapshot()
        end = self._world.now + timedelta(seconds=timeout_s)
        while not self.ended:
            left = end - self._world.now
            if left <= timedelta(0):
                raise TimeoutError(f"{self.key} has not ended within {timeout_s} simulated seconds")
            self._world.advance(min(left, timedelta(seconds=1)))
        return self.snapshot()

    def events(self, after: int | None = None) -> list[Event | Notice]:
        """Everything that has happened in it so far, in order.

        Args:
            after: The `seq` of the last event that was seen; None starts at the launch.
        """
        return [entry(row) for row in self._world.native.events(cursor(after), self.id)]

    def pause(self) -> None:
        """Stop sending; see `Campaign.pause`. The time that its commit takes passes."""
        self._world.native.pause(self.id)

    def resume(self) -> None:
        """Go on sending; see `Campaign.resume`."""
        self._world.native.resume(self.id)

    def cancel(self) -> None:
        """End it; see `Campaign.cancel`."""
        self._world.native.cancel(self.id)

    def report(self) -> Report:
        """What became of everybody, as of now. It balances once the campaign has ended."""
        return Report(self._world.native.report(self.id))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WorldCampaign):
            return NotImplemented
        return self._world is other._world and self.id == other.id

    def __hash__(self) -> int:
        return hash((WorldCampaign, id(self._world), self.id))
