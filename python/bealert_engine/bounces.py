"""Where what comes back by mail is received."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from bealert_engine import _readers as readers
from bealert_engine._files import Place, place
from bealert_engine._tables import Problem, Table, Values, Wrong, settle
from bealert_engine.errors import ConfigError

__all__ = ["BOUNCES", "Bounces", "Protocol", "bounces_of"]

Protocol: TypeAlias = Literal["lmtp", "smtp"]
"""What the host's mail server speaks to the engine."""


@dataclass(frozen=True)
class Bounces:
    """How bounces and delivery reports reach the engine: at a port, or in a directory.

    The host's own mail server takes mail to the address in `Smtp.bounces_to` and hands it on. Only
    reports that carry a token of this engine count; whatever else comes is dropped.

    Attributes:
        listen: Address and port to listen on, such as "127.0.0.1:2526".
        protocol: "lmtp" or "smtp".
        maildir: Or a Maildir that the mail server writes to; what has been read is moved from
            `new` to `cur`.

    Raises:
        ConfigError: With everything that is wrong.

    >>> Bounces(listen="127.0.0.1:2526").protocol
    'lmtp'
    """

    _: KW_ONLY
    listen: str | None = None
    protocol: Protocol = "lmtp"
    maildir: Place | None = None

    def __post_init__(self) -> None:
        problems = settle(self, BOUNCES, "Bounces")
        if problems:
            raise ConfigError(problems)

    def wire(self, base: Path) -> dict[str, Any]:
        """As the Rust core takes it; a relative directory starts at `base`."""
        if self.maildir is not None:
            return {"maildir": str((base / self.maildir).absolute())}
        return {"listen": self.listen, "protocol": self.protocol}


def bounces_of(value: object) -> Bounces:
    """Read `Bounces`, or a table with its keys."""
    if isinstance(value, Bounces):
        return value
    if not isinstance(value, Mapping):
        raise Wrong('must be a table like { listen = "127.0.0.1:2526" }')
    values, problems = BOUNCES.read(value, Bounces)
    if problems:
        raise Wrong(problems)
    return Bounces(**values)


def _endpoint(value: object) -> str:
    host, _, port = readers.filled(value).rpartition(":")
    if not re.fullmatch(r"\d{1,5}", port) or int(port) > 65_535:
        raise Wrong(f'{value!r} is not an address and a port like "127.0.0.1:2526"')
    readers.host(host)
    return readers.text(value)


def _one_place(values: Values) -> Iterator[Problem]:
    if "listen" not in values or "maildir" not in values:
        return
    if (values["listen"] is None) == (values["maildir"] is None):
        yield Problem("listen", "give listen or maildir, one of them")


BOUNCES = Table(
    keys={
        "listen": _endpoint,
        "protocol": readers.one_of(*get_args(Protocol)),
        "maildir": place,
    },
    between=_one_place,
)
"""What may stand in `[bounces]`."""
