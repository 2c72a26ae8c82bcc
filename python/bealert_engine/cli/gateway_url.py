"""`smpp://id:password@host:port`: the one place where a password may stand in the open."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from bealert_engine.cli.exits import Unusable
from bealert_engine.secret import Secret

DEFAULT_PORT = 2775
"""The port that IANA registered for SMPP."""

FORM = "smpp://id:password@host:port"


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
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"smpp://{self.system_id}:***@{host}:{self.port}"
