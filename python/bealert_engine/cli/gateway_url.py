"""The URL of a gateway: the one place where a password may stand in the open."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from bealert_engine.cli.exits import Unusable
from bealert_engine.secret import Secret

SMPP_PORT = 2775
"""The port that IANA registered for SMPP."""

SMSC_FORM = "smpp://id:password@host:port"

RELAY_FORM = "smtp://host:port or smtp://user:password@host:port"


@dataclass(frozen=True)
class SmscUrl:
    """An account at an SMSC.

    Its text is redacted, and so is every message about it: what cannot be read is not repeated.

    >>> url = SmscUrl.read("smpp://bench:s3cret@127.0.0.1:2775")
    >>> str(url), url.is_loopback
    ('smpp://bench:***@127.0.0.1:2775', True)
    """

    host: str
    port: int
    system_id: str
    password: Secret = field(repr=False)

    @classmethod
    def read(cls, text: str) -> SmscUrl:
        """Take a URL apart, or say that it is none, without repeating it."""
        host, port, user, password = taken_apart(text, "smpp", SMSC_FORM)
        if not user:
            raise no_url(SMSC_FORM)
        return cls(host, port or SMPP_PORT, user, password or Secret(""))

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
        host, port, user, password = taken_apart(text, "smtp", RELAY_FORM)
        if port is None or (user is None) != (password is None):
            raise no_url(RELAY_FORM)
        return cls(host, port, user, password)

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine; what it passes on from there is its own."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        account = "" if self.username is None else f"{self.username}:***@"
        return f"smtp://{account}{place(self.host, self.port)}"


def taken_apart(
    text: str, scheme: str, form: str
) -> tuple[str, int | None, str | None, Secret | None]:
    """Host, port, user and password of a URL."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise no_url(form) from None
    odd = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme != scheme or not parts.hostname or odd:
        raise no_url(form)
    user = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else Secret(unquote(parts.password))
    return parts.hostname, port, user, password


def no_url(form: str) -> Unusable:
    """What is said of a text that is no URL; it is not repeated, since it may hold a password."""
    return Unusable(
        f"--gateway is not of the form {form}; write signs like / or # in a password as %2F or %23."
    )


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
