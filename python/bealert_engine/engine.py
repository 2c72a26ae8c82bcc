"""The engine, for code that blocks; `bealert_engine.aio` has the same for asyncio and trio."""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

from bealert_engine import _engine
from bealert_engine._durations import Duration
from bealert_engine._forks import watch_forks
from bealert_engine._logs import LogThread
from bealert_engine._naming import check_names
from bealert_engine._planning import Audience, Values, fill, pairs
from bealert_engine._waiting import blocking, event_steps
from bealert_engine.bounces import Bounces
from bealert_engine.campaign import Campaign, Opened, find
from bealert_engine.check import GatewayCheck, checked
from bealert_engine.config import Config
from bealert_engine.errors import BealertError, ConfigError, EngineForked, LedgerError
from bealert_engine.events import Event, Notice, cursor
from bealert_engine.gateways import Gateway
from bealert_engine.plan import Plan
from bealert_engine.scenario import Scenario

__all__ = ["Engine"]


class Engine:
    """Sends campaigns, and holds a data directory while it is open.

    Opening takes up the campaigns that were running; sessions with the gateways are made in the
    background. Use it with `with`, or call `close`. One engine serves all threads of a process; a
    forked child opens its own.

    Args:
        data: The ledger directory; None keeps the ledger in memory, gone at the end.
        default_country: Two letters; completes phone numbers written without a country.
        languages: For recipients whose own language a scenario does not have, in this order.
        erase_after: How long after its end the personal data of a campaign is erased by itself.
        archive_after: How long after its end a campaign is moved to an archive file by itself.
        senders: Addresses that e-mail may be sent from, or "@domain" for all of a domain; without
            any, all may.
        bounces: Where bounces and delivery reports of e-mail come in; see `Bounces`, or a mapping
            with the same keys.
        gateways: Where to send.
        scenarios: The reusable messages.

    Raises:
        ConfigError: With everything that is wrong.
        DirectoryHeld: Another process, or another engine of this one, holds the directory.
        LedgerError: The ledger cannot be opened.

    >>> from bealert_engine import Engine, Recipient, Scenario, testing
    >>> flood = Scenario("flood", kind="warning", expiry="2h",
    ...                  sms={"en": "{{ river }} rises. Go upstairs, {{ name }}."})
    >>> with testing.smsc() as far_end:
    ...     with Engine(data=None, gateways=[far_end.gateway()], scenarios=[flood]) as engine:
    ...         people = [Recipient("p1", phone="+33639981234", name="Anna")]
    ...         plan = engine.plan("flood", to=people, values={"river": "The Dyle"})
    ...         campaign = engine.launch(plan, by="docs", key="flood-1")
    ...         _ = campaign.wait(timeout_s=30)
    ...         campaign.report().balanced
    True
    """

    def __init__(
        self,
        *,
        data: str | os.PathLike[str] | None,
        default_country: str | None = None,
        languages: Sequence[str] = (),
        erase_after: Duration | None = None,
        archive_after: Duration | None = None,
        senders: Sequence[str] = (),
        bounces: Bounces | Mapping[str, Any] | None = None,
        gateways: Sequence[Gateway] = (),
        scenarios: Sequence[Scenario] = (),
    ) -> None:
        self._open(
            Config(
                data=data,
                default_country=default_country,
                languages=languages,
                erase_after=erase_after,
                archive_after=archive_after,
                senders=senders,
                bounces=bounces,
                gateways=gateways,
                scenarios=scenarios,
            )
        )

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> Self:
        """Open an engine with a configuration file.

        Raises:
            ConfigError: With everything that is wrong, each with file, table and key.
        """
        return cls.from_config(Config.from_toml(path))

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Open an engine with a configuration that was made before."""
        engine = cls.__new__(cls)
        engine._open(config)
        return engine

    def _open(self, config: Config) -> None:
        native = _native_of(config)
        self._config = config
        self._opened = Opened(native)
        self._native = native
        self._logs = LogThread(native)
        self._ending = weakref.finalize(self, _end, self._opened, native, self._logs)
        watch_forks(self)

    @property
    def config(self) -> Config:
        """What it was opened with."""
        return self._config

    def plan(self, scenario: str, *, to: Audience, values: Mapping[str, str] | None = None) -> Plan:
        """Work out what a scenario would do to these people now. Nothing is sent or stored.

        Args:
            scenario: Name of the scenario.
            to: Any iterable of `Recipient`; it is consumed in chunks and never held as a whole.
                An `Excluded` in it is somebody whom the caller already knows not to reach.
            values: What templates see beside the recipient's own values, which win.

        Raises:
            PlanRefused: With everything that stands in the way of launching it. An audience
                without anybody is refused; one in which everybody is excluded is not.
        """
        return self._plan(scenario, to, values, given_up=lambda: False)

    def _plan(
        self, scenario: str, to: Iterable[object], values: Values, *, given_up: Callable[[], bool]
    ) -> Plan:
        return fill(self._opened.native.planner(scenario, pairs(values)), to, given_up)

    def launch(self, plan: Plan, *, by: str, key: str) -> Campaign:
        """Launch a plan: it is durable, and being sent, when this returns.

        The key is looked up before anything else, so a launch that was interrupted is safe to
        repeat: the same key and plan give the same campaign, whatever became of it.

        Args:
            plan: From `plan`, of this engine or of another process with the same gateways.
            by: Who launches it; it stands in the report.
            key: The host application's own name for this campaign, once per data directory.

        Raises:
            ValueError: `by` or `key` is blank.
            KeyConflict: The key has launched another plan.
            PlanStale: The plan is older than 24 hours, the gateways changed since, or no relay
                takes its largest e-mail.
            LedgerError: The ledger cannot be written; nothing was launched.
        """
        native = self._opened.native
        if not isinstance(plan, Plan):
            raise TypeError(f"plan must be a Plan, not {type(plan).__name__}")
        check_names(by=by, key=key)
        return self.campaign(native.launch(plan._native, by, key))

    def check(self) -> list[GatewayCheck]:
        """Ask every gateway: connects, binds, and says what was found. Takes up to ten seconds."""
        return self._check(_engine.Stop())

    def _check(self, stop: _engine.Stop) -> list[GatewayCheck]:
        return [checked(row) for row in self._opened.native.check(stop)]

    def campaign(self, id_or_key: int | str) -> Campaign:
        """Find a campaign: an int is its number, a str its launch key.

        A str of digits that is nobody's key is taken for a number.

        Raises:
            UnknownCampaign: There is none; it is a `LookupError` too.
        """
        return Campaign(self._opened, find(self._opened.native, id_or_key))

    def campaigns(self) -> list[Campaign]:
        """Every campaign of the ledger, the oldest first."""
        return [Campaign(self._opened, row) for row in self._opened.native.campaigns()]

    def events(self, after: int | None = None) -> Iterator[Event | Notice]:
        """Everything that happens from now on, of all campaigns and gateways, in one sequence.

        The iterator waits for more and ends when the engine is closed. A slow reader loses
        nothing: it reads from the journal, at its own pace.

        Args:
            after: The `seq` of the last event that was seen, also by an earlier process.

        Raises:
            ValueError: `after` is negative.
            EventsGone: The journal does not have that number.
            EngineFailed: The engine stopped on a fault of its own, and everything was read.
        """
        return blocking(event_steps(self._opened.native.events(cursor(after), None)))

    def metrics(self) -> str:
        """Counts and gauges per gateway, and of the ledger, as OpenMetrics text."""
        return self._opened.native.metrics()

    def close(self) -> None:
        """Stop sending, let the gateways answer, and free the directory.

        Running campaigns are kept: they go on when the directory is opened again. Closing twice
        does no harm. Interrupted (Ctrl-C), it still closes, without waiting for the far ends.

        Raises:
            LedgerError: It is closed, but the disk did not take everything: what is missing is
                uncertain, and is settled when the directory is opened again.
            EngineForked: In a forked child, which has nothing to close.
        """
        try:
            self._native.close()
        except LedgerError:
            self._closed()
            raise
        finally:
            self._opened.drop()
        self._closed()

    def _closed(self) -> None:
        self._logs.join()
        self._ending.detach()

    def abandon_after_fork(self) -> None:
        """In a forked child: let go of what belongs to the parent. Called by itself."""
        self._native.abandon_after_fork()
        self._ending.detach()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        # A child that was forked within the block leaves it too, and closes nothing.
        with suppress(EngineForked):
            self.close()

    def __repr__(self) -> str:
        return f"<Engine on {self._config.directory or 'a ledger in memory'}>"


def _native_of(config: Config) -> _engine.Engine:
    """Open it; what the core finds wrong is in the file that the configuration was read from."""
    try:
        return _engine.Engine.open(config.to_wire())
    except ConfigError as error:
        place = f"{config.source}: "
        if config.source is None or error.problems[0].startswith(place):
            raise
        raise ConfigError([place + problem for problem in error.problems]) from None


def _end(opened: Opened, native: _engine.Engine, logs: LogThread) -> None:
    """What is left to do for an engine, at the latest when Python ends.

    Nobody closed it, or closing was interrupted. Its log thread has to end before Python does.
    """
    if opened.is_open:
        warnings.warn("an Engine was not closed: use `with`, or call close()", ResourceWarning, 2)
    with suppress(BealertError):
        native.close()
    logs.join()
