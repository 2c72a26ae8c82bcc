"""Keys that sign e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

from bealert_engine import _readers as readers
from bealert_engine._tables import Table, Wrong, settle
from bealert_engine.errors import ConfigError
from bealert_engine.secret import Secret, reference

__all__ = ["DKIM", "Dkim", "dkim_keys"]


@dataclass(frozen=True)
class Dkim:
    """A key that signs e-mail from a domain (DKIM, RFC 6376), so that others can tell it is real.

    Its public half stands in the DNS at `selector._domainkey.domain`. With an RSA key and an
    Ed25519 one each message has both signatures.

    Attributes:
        domain: The domain of the sender, or one above it.
        selector: Under which name the public half stands.
        key: The private key, as PEM: "file:PATH", "env:NAME" or `Secret(value)`.

    >>> Dkim(domain="be-alert.example", selector="s1", key="file:secrets/dkim.pem").selector
    's1'
    """

    _: KW_ONLY
    domain: str
    selector: str
    key: str | Secret

    def __post_init__(self) -> None:
        problems = settle(self, DKIM, "Dkim")
        if problems:
            raise ConfigError(problems)

    def wire(self, key: str) -> dict[str, Any]:
        """As the Rust core takes it, with the key in plain text."""
        return {"domain": self.domain, "selector": self.selector, "key": key}


def dkim_keys(value: object) -> tuple[Dkim, ...]:
    """Read a list of `Dkim`, or of tables with its keys."""
    return readers.listed(value, _dkim)


def _dkim(value: object) -> Dkim:
    if isinstance(value, Dkim):
        return value
    if not isinstance(value, Mapping):
        raise Wrong('must be a table like { domain = "...", selector = "s1", key = "file:PATH" }')
    values, problems = DKIM.read(value, Dkim)
    if problems:
        raise Wrong(problems)
    return Dkim(**values)


DKIM = Table(keys={"domain": readers.host, "selector": readers.host, "key": reference})
"""What may stand in a table of `dkim = [...]`."""
