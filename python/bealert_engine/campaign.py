"""A launched plan."""

from __future__ import annotations

from collections.abc import Iterator

from bealert_engine import _engine
from bealert_engine._known import CampaignRow, Known
from bealert_engine._naming import check_id_or_key, check_seconds
from bealert_engine._waiting import (
    Steps,
    blocking,
    campaign_event_steps,
    end_steps,
    progress_steps,
)
from bealert_engine.errors import EngineClosed, UnknownCampaign
from bealert_engine.events import Event, Notice, cursor
from bealert_engine.progress import ENDS, CampaignState, Progress
from bealert_engine.report import Report

__all__ = ["Campaign"]


MOST_CAMPAIGNS = 2**32 - 1
"""The largest number that a ledger can give one."""


class Opened:
    """The running engine behind an `Engine` and its campaigns; empty once it is closed."""

    def __init__(self, native: _engine.Engine) -> None:
        self._native: _engine.Engine | None = native

    @property
    def native(self) -> _engine.Engine:
        """The engine itself.

        Raises:
            EngineClosed: After `close`.
        """
        if self._native is None:
            raise EngineClosed
        return self._native

    @property
    def is_open(self) -> bool:
        """Whether `close` was not called yet."""
        return self._native is not None

    def drop(self) -> None:
        """From now on there is none."""
        self._native = None


class Campaign(Known):
    """A campaign of a running engine. It outlives the process: a key or id finds it again.

    `Engine.launch`, `Engine.campaign` and `Engine.campaigns` make these; several objects may stand
    for one campaign.

    >>> from bealert_engine import Engine, Recipient, Scenario, Smpp, testing
    >>> news = Scenario("news", kind="news", expiry="1h", sms={"en": "Road open again."})
    >>> with testing.smsc() as far_end:
    ...     with Engine(data=None, gateways=[far_end.gateway()], scenarios=[news]) as engine:
    ...         plan = engine.plan("news", to=[Recipient("p1", phone="+33639981234")])
    ...         campaign = engine.launch(plan, by="docs", key="road-7")
    ...         campaign.wait(timeout_s=30).sms.delivered
    1
    """

    def __init__(self, opened: Opened, row: CampaignRow) -> None:
        super().__init__(row)
        self._opened = opened

    @property
    def state(self) -> CampaignState:
        """Where it stands now: "running", "paused", "cancelling", "cancelled", "done"."""
        return self.snapshot().state

    @property
    def ended(self) -> bool:
        """Whether nothing more will be sent or awaited."""
        return self._had_ended or self.state in ENDS

    def snapshot(self) -> Progress:
        """How far it is now. Cheap: it asks no thread and waits for nothing."""
        return Progress.of(self._opened.native.progress(self.id))

    def progress(self, every_s: float = 1) -> Iterator[Progress]:
        """Watch it: a look at once, then one every `every_s` seconds, and one as soon as it ended.

        Args:
            every_s: Seconds between two looks; 0 gives every change, at most 50 a second.

        Raises:
            EngineClosed: The engine was closed before the campaign ended; it goes on when an
                engine is opened again.
            EngineFailed: The engine stopped on a fault of its own.
        """
        return blocking(self._progress_steps(every_s))

    def wait(self, timeout_s: float | None = None) -> Progress:
        """Wait until it has ended.

        Args:
            timeout_s: At most so many seconds; None waits for as long as it takes.

        Returns:
            The last look at it.

        Raises:
            TimeoutError: It has not ended by then, and goes on.
            EngineClosed: The engine was closed before.
        """
        return next(blocking(self._end_steps(timeout_s)))

    def events(self, after: int | None = None) -> Iterator[Event | Notice]:
        """Everything that happens in it, in order, up to its end. Reading slowly loses nothing.

        Args:
            after: The `seq` of the last event that was seen; None starts at the launch.

        Raises:
            ValueError: `after` is negative.
            EventsGone: The journal does not have that number.
            EngineClosed: The engine was closed before the campaign ended; go on with `after`.
        """
        return blocking(self._event_steps(after))

    def pause(self) -> None:
        """Stop sending; durable when this returns. The expiry of the campaign goes on.

        Interrupted (Ctrl-C) while the disk stalls, it may still take effect: `state` tells, and
        calling it again does no harm.

        Raises:
            CampaignEnded: It has ended.
        """
        self._opened.native.pause(self.id)

    def resume(self) -> None:
        """Go on sending after `pause`; durable when this returns. Interrupted: see `pause`.

        Raises:
            CampaignEnded: It has ended.
        """
        self._opened.native.resume(self.id)

    def cancel(self) -> None:
        """End it: nothing more leaves once this returns, and that is durable.

        Whoever was not sent to ends as `cancelled`; answers and receipts of the others are still
        waited for, so `state` may be "cancelling" for a while. Interrupted (Ctrl-C) while the disk
        stalls, it may still take effect: `state` tells.

        Raises:
            CampaignEnded: It has ended.
        """
        self._opened.native.cancel(self.id)

    def erase(self) -> None:
        """Erase the personal data of its people: in no file any more when this returns.

        Numbers, e-mail addresses, names, languages as given and template values go. Ids, which only
        the host can resolve, states and counts stay: its reports balance as before, and its key
        stays taken. Late receipts correct it no more. Doing it again does no harm.

        Raises:
            CampaignRuns: It has not ended.
        """
        self._opened.native.erase(self.id)

    def archive(self) -> None:
        """Move it to an archive file of its own; durable when this returns.

        It is found and read as before, and its key stays taken; the ledger it was in has room for
        others. Late receipts correct it no more. Doing it again does no harm.

        Raises:
            CampaignRuns: It has not ended.
        """
        self._opened.native.archive(self.id)

    def report(self) -> Report:
        """What became of everybody, as of now. It balances once the campaign has ended."""
        return Report(self._opened.native.report(self.id))

    def _progress_steps(self, every_s: float) -> Steps[Progress]:
        check_seconds("every_s", every_s)
        return progress_steps(self._opened.native.watch(self.id), every_s)

    def _end_steps(self, timeout_s: float | None) -> Steps[Progress]:
        if timeout_s is not None:
            check_seconds("timeout_s", timeout_s)
        return end_steps(self._opened.native.watch(self.id), timeout_s)

    def _event_steps(self, after: int | None) -> Steps[Event | Notice]:
        native = self._opened.native
        return campaign_event_steps(
            native.events(cursor(after), self.id), lambda: find(native, self.id)[8] in ENDS
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Campaign):
            return NotImplemented
        return self._opened is other._opened and self.id == other.id

    def __hash__(self) -> int:
        return hash((Campaign, id(self._opened), self.id))


def find(
    native: _engine.Engine | _engine.Ledger | _engine.World, id_or_key: int | str
) -> CampaignRow:
    """What the ledger has about a campaign.

    Raises:
        UnknownCampaign: There is none.
    """
    check_id_or_key(id_or_key)
    possible = isinstance(id_or_key, str) or 0 < id_or_key <= MOST_CAMPAIGNS
    row = native.find(id_or_key) if possible else None
    if row is None:
        kind = "number" if isinstance(id_or_key, int) else "key or number"
        raise UnknownCampaign(
            f"No campaign has the {kind} {id_or_key!r}. `campaigns()` lists those that there are."
        )
    return row
