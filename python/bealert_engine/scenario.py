"""Scenarios: reusable messages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from bealert_engine import _readers as readers
from bealert_engine._durations import Duration, milliseconds, signed
from bealert_engine._tables import Problem, Table, Values, Wrong, settle
from bealert_engine.errors import ConfigError

__all__ = ["Kind", "Scenario", "Uncertain"]

Kind: TypeAlias = Literal["warning", "preventive", "news", "info"]
"""From most to least urgent: decides who goes first, and the default of `uncertain`."""

Uncertain: TypeAlias = Literal["resend", "hold"]
"""What becomes of a message that may or may not have left when a crash or a lost session hit."""

RESENDS_BY_DEFAULT = ("warning", "preventive")
"""Kinds where a duplicate harms less than a loss."""


@dataclass(frozen=True)
class Scenario:
    """A reusable message: what it is, how long it stays worth sending, and its content.

    Content is given per language; each string is a template. Templates are compiled, and texts
    judged, when a plan is made of them.

    Attributes:
        name: What `Engine.plan` calls it.
        kind: "warning", "preventive", "news" or "info".
        expiry: What is not sent this long after the launch ends as `expired`.
        sms: Text per language.
        email: Not in this version.
        voice: Not in this version.
        uncertain: "resend" or "hold"; without it a warning or preventive scenario resends and
            any other holds.

    Raises:
        ConfigError: With everything that is wrong.

    >>> burglary = Scenario("burglary", kind="warning", expiry="2h",
    ...                     sms={"nl": "Inbraak in {{ street }}. Bel 101 bij onraad."})
    >>> burglary.policy
    'resend'
    """

    name: str
    _: KW_ONLY
    kind: Kind
    expiry: Duration
    sms: Mapping[str, str] | None = field(default=None, hash=False)
    email: None = None
    voice: None = None
    uncertain: Uncertain | None = None

    def __post_init__(self) -> None:
        place = f"Scenario({self.name!r})"
        problems = settle(self, SCENARIO, place)
        problems += [
            Problem(channel, f"the {SCENARIO.later[channel]} channel is not in this version").at(
                place
            )
            for channel in ("email", "voice")
            if getattr(self, channel) is not None
        ]
        try:
            readers.name(self.name)
        except Wrong as wrong:
            problems += [problem.at(place) for problem in wrong.problems]
        if problems:
            raise ConfigError(problems)

    @property
    def policy(self) -> Uncertain:
        """What holds for uncertain messages, after the default of the kind."""
        if self.uncertain is not None:
            return self.uncertain
        return "resend" if self.kind in RESENDS_BY_DEFAULT else "hold"

    def wire(self) -> dict[str, Any]:
        """As the Rust core takes it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "expiry_ms": milliseconds(self.expiry),
            "uncertain": self.policy,
            "sms": dict(self.sms or {}),
        }


def language(value: object) -> str:
    """Read a language code, in lower case: "nl", "nl-be"."""
    if not _LANGUAGE.fullmatch(readers.text(value)):
        raise Wrong(f'{value!r} is not a language code like "nl" or "nl-BE"')
    return readers.text(value).lower()


_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


def _texts(value: object) -> dict[str, str]:
    """Text per language. An empty text passes: the plan refuses it, with what it would do."""
    if not isinstance(value, Mapping):
        raise Wrong('must hold a text per language, like {"nl": "..."}')
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for code, content in value.items():
        try:
            code = language(code)
            if code in texts:
                raise Wrong("the language is there twice")
            texts[code] = readers.text(content)
        except Wrong as wrong:
            problems += [problem.under(str(code)) for problem in wrong.problems]
    if problems:
        raise Wrong(problems)
    return texts


def _has_content(values: Values) -> Iterator[Problem]:
    if "sms" in values and not values["sms"]:
        yield Problem("sms", "missing: a scenario needs a text in at least one language")


SCENARIO = Table(
    keys={
        "kind": readers.one_of(*get_args(Kind)),
        "expiry": signed,
        "sms": _texts,
        "uncertain": readers.one_of(*get_args(Uncertain)),
    },
    between=_has_content,
    later={"email": "e-mail", "voice": "voice"},
)
"""What may stand in `[scenarios.NAME]`."""
