"""How people get no more of a kind of e-mail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

from bealert_engine import _readers as readers
from bealert_engine._tables import Problem, Table, Values, Wrong, settle
from bealert_engine.errors import ConfigError

__all__ = ["UNSUBSCRIBE", "Unsubscribe", "unsubscribe_of"]


@dataclass(frozen=True)
class Unsubscribe:
    """How people get no more of such e-mail: for news and info only.

    Attributes:
        url: A template of an https address. Mail programs show a button that POSTs to it (one
            click, RFC 8058); values in it are percent-encoded.
        mailto: An address that takes such wishes by mail.

    Raises:
        ConfigError: With everything that is wrong.

    >>> Unsubscribe(url="https://alert.example/stop/{{ id }}").url
    'https://alert.example/stop/{{ id }}'
    """

    _: KW_ONLY
    url: str | None = None
    mailto: str | None = None

    def __post_init__(self) -> None:
        problems = settle(self, UNSUBSCRIBE, "Unsubscribe")
        if problems:
            raise ConfigError(problems)

    def wire(self) -> dict[str, Any]:
        """As the Rust core takes it."""
        return {"url": self.url, "mailto": self.mailto}


def unsubscribe_of(value: object) -> Unsubscribe:
    """Read `Unsubscribe`, or a table with its keys."""
    if isinstance(value, Unsubscribe):
        return value
    if not isinstance(value, Mapping):
        raise Wrong('must be a table like { url = "https://..." }')
    values, problems = UNSUBSCRIBE.read(value, Unsubscribe)
    if problems:
        raise Wrong(problems)
    return Unsubscribe(**values)


def _a_way(values: Values) -> Iterator[Problem]:
    if values.get("url") is None and values.get("mailto") is None:
        yield Problem("url", "missing: give url, mailto or both")


UNSUBSCRIBE = Table(keys={"url": readers.filled, "mailto": readers.filled}, between=_a_way)
"""What may stand in `unsubscribe = { ... }`."""
