"""Scenarios: reusable messages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from bealert_engine import _readers as readers
from bealert_engine._durations import Duration, milliseconds, signed
from bealert_engine._tables import Problem, Reader, Table, Values, Wrong, settle
from bealert_engine.errors import ConfigError
from bealert_engine.mail import Email, email_of
from bealert_engine.unsubscribe import Unsubscribe, unsubscribe_of

__all__ = ["Kind", "Scenario", "Uncertain"]

Kind: TypeAlias = Literal["warning", "preventive", "news", "info"]
"""From most to least urgent: decides who goes first, and the default of `uncertain`."""

Uncertain: TypeAlias = Literal["resend", "hold"]
"""What becomes of a message that may or may not have left when a crash or a lost session hit."""

RESENDS_BY_DEFAULT = ("warning", "preventive")
"""Kinds where a duplicate harms less than a loss."""

UNSUBSCRIBED = ("news", "info")
"""Kinds that people may do without."""


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
        email: `Email` per language; a mapping with the same keys will do.
        unsubscribe: `Unsubscribe` of its e-mail, or a mapping with the same keys; only for "news"
            and "info".
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
    email: Mapping[str, Email | Mapping[str, Any]] | None = field(default=None, hash=False)
    voice: None = None
    uncertain: Uncertain | None = None
    unsubscribe: Unsubscribe | Mapping[str, Any] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        place = f"Scenario({self.name!r})"
        problems = settle(self, SCENARIO, place)
        problems += [
            Problem(key, f"the {channel} channel is not in this version").at(place)
            for key, channel in SCENARIO.later.items()
            if getattr(self, key) is not None
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

    def loaded(self, base: Path) -> Scenario:
        """The same with the files of its e-mail at hand; a relative one starts at `base`.

        Raises:
            Wrong: With every file that can't be had, by its key.
        """
        problems: list[Problem] = []
        emails: dict[str, Email] = {}
        for code, email in _emails(self.email or {}).items():
            try:
                emails[code] = email.loaded(base)
            except Wrong as wrong:
                problems += [problem.under(f"email.{code}") for problem in wrong.problems]
        if problems:
            raise Wrong(problems)
        return replace(self, email=emails or None)

    def wire(self) -> dict[str, Any]:
        """As the Rust core takes it, once it is loaded."""
        unsubscribe = None if self.unsubscribe is None else unsubscribe_of(self.unsubscribe).wire()
        return {
            "name": self.name,
            "kind": self.kind,
            "expiry_ms": milliseconds(self.expiry),
            "uncertain": self.policy,
            "sms": dict(self.sms or {}),
            "email": [email.wire(code) for code, email in _emails(self.email or {}).items()],
            "unsubscribe": unsubscribe,
        }


def language(value: object) -> str:
    """Read a language code, in lower case: "nl", "nl-be"."""
    if not _LANGUAGE.fullmatch(readers.text(value)):
        raise Wrong(f'{value!r} is not a language code like "nl" or "nl-BE"')
    return readers.text(value).lower()


_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


def _texts(value: object) -> dict[str, str]:
    """Text per language. An empty text passes: the plan refuses it, with what it would do."""
    return _by_language(value, readers.text, 'a text per language, like {"nl": "..."}')


def _emails(value: object) -> dict[str, Email]:
    return _by_language(value, email_of, 'an e-mail per language, like {"nl": Email("...")}')


def _by_language(value: object, read: Reader, what: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Wrong(f"must hold {what}")
    contents: dict[str, Any] = {}
    problems: list[Problem] = []
    for code, content in value.items():
        try:
            code = language(code)
            if code in contents:
                raise Wrong("the language is there twice")
            contents[code] = read(content)
        except Wrong as wrong:
            problems += [problem.under(str(code)) for problem in wrong.problems]
    if problems:
        raise Wrong(problems)
    return contents


def _has_content(values: Values) -> Iterator[Problem]:
    if "sms" in values and "email" in values and not (values["sms"] or values["email"]):
        yield Problem("sms", "missing: a scenario needs sms or email in at least one language")
    if values.get("unsubscribe") is not None and values.get("kind") not in UNSUBSCRIBED:
        yield Problem(
            "unsubscribe", f"is only for {' and '.join(UNSUBSCRIBED)}: nobody opts out of alerts"
        )


SCENARIO = Table(
    keys={
        "kind": readers.one_of(*get_args(Kind)),
        "expiry": signed,
        "sms": _texts,
        "email": _emails,
        "unsubscribe": unsubscribe_of,
        "uncertain": readers.one_of(*get_args(Uncertain)),
    },
    between=_has_content,
    later={"voice": "voice"},
)
"""What may stand in `[scenarios.NAME]`."""
