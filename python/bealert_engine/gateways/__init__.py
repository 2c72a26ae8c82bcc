"""Gateways: the far ends that messages go out through."""

from __future__ import annotations

from typing import TypeAlias

from bealert_engine.gateways.retry import Retry
from bealert_engine.gateways.smpp import Bind, Smpp
from bealert_engine.gateways.smtp import Auth, Dkim, Mode, Smtp, SmtpTimeouts, Tls

__all__ = [
    "Auth",
    "Bind",
    "Dkim",
    "Gateway",
    "Mode",
    "Retry",
    "Smpp",
    "Smtp",
    "SmtpTimeouts",
    "Tls",
]

Gateway: TypeAlias = Smpp | Smtp
"""Any of them."""
