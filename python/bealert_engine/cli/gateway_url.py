"""The URL of a gateway: the one place where a password may stand in the open."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from bealert_engine.cli.exits import Unusable
from bealert_engine.secret import Secret

DEFAULT_PORT = 2775
"""The port that IANA registered for SMPP."""

FORM = "smpp://id:password@host:port"

RELAY_FORM = "smtp://host:port or smtp://user:password@host:port"


@dataclass(frozen=True)
class GatewayUrl:
    """An account at an SMSC.

    Its text is redacted, and so is every message about it: what cannot be read is not repeated.

    >>> url = GatewayUrl.read("smpp://bench:s3cret@127.0.0.1:2775")
    >>> str(url), url.is_loopback
    ('smpp://bench:***@127.0.0.1:2775', True)
    """

    host: str
    port: int
    system_id: str
    password: Secret = field(repr=False)

    @classmethod
    def read(cls, text: str) -> GatewayUrl:
        """Take a URL apart, or say that it is none, without repeating it."""
        try:
            parts = urlsplit(text)
            port = parts.port or DEFAULT_PORT
        except ValueError:
            raise Unusable(f"--gateway is not of the form {FORM}.") from None
        odd = parts.path.strip("/") or parts.query or parts.fragment
        if parts.scheme != "smpp" or not parts.hostname or not parts.username or odd:
            raise Unusable(
                f"--gateway is not of the form {FORM}; write signs like / or # in a password as "
                "%2F or %23."
            )
        password = Secret(unquote(parts.password or ""))
        return cls(parts.hostname, port, unquote(parts.username), password)

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine, so that nothing can reach a phone."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        return f"smpp://{self.system_id}:***@{place(self.host, self.port)}"


@dataclass(frozen=True)
class RelayUrl:
    """A mail relay, and the account there if it wants one.

    >>> str(RelayUrl.read("smtp://127.0.0.1:2525"))
    'smtp://127.0.0.1:2525'
    >>> str(RelayUrl.read("smtp://bench:s3cret@localhost:2525"))
    'smtp://bench:***@localhost:2525'
    """

    host: str
    port: int
    username: str | None = None
    password: Secret | None = field(default=None, repr=False)

    @classmethod
    def read(cls, text: str) -> RelayUrl:
        """Take a URL apart, or say that it is none, without repeating it."""
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise Unusable(f"--gateway is not of the form {RELAY_FORM}.") from None
        odd = parts.path.strip("/") or parts.query or parts.fragment
        half = (parts.username is None) != (parts.password is None)
        if parts.scheme != "smtp" or not parts.hostname or port is None or odd or half:
            raise Unusable(
                f"--gateway is not of the form {RELAY_FORM}; write signs like / or # in a password "
                "as %2F or %23."
            )
        if parts.username is None:
            return cls(parts.hostname, port)
        password = Secret(unquote(parts.password or ""))
        return cls(parts.hostname, port, unquote(parts.username), password)

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine; what it passes on from there is its own."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        account = "" if self.username is None else f"{self.username}:***@"
        return f"smtp://{account}{place(self.host, self.port)}"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, as far as its name says."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def place(host: str, port: int) -> str:
    """As it stands in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
