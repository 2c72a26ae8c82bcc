"""Mail relays, reached over SMTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import timedelta
from typing import Any, Literal, TypeAlias, get_args

from bealert_engine import _readers as readers
from bealert_engine._durations import Duration, milliseconds, positive
from bealert_engine._mailboxes import domain, line, mailbox, return_path
from bealert_engine._tables import Problem, Table, Values, Wrong, settle
from bealert_engine.errors import ConfigError
from bealert_engine.gateways.dkim import Dkim, dkim_keys
from bealert_engine.gateways.retry import Retry, retry_of, retry_reader
from bealert_engine.gateways.timeouts import SmtpTimeouts, timeouts_of
from bealert_engine.secret import Secret, reference

__all__ = ["SMTP", "Auth", "Dkim", "Mode", "Smtp", "SmtpTimeouts", "Tls"]

Tls: TypeAlias = Literal["none", "opportunistic", "required", "implicit"]
"""Whether a connection is encrypted: by STARTTLS if offered, by STARTTLS or not at all, or from the
first octet."""

Auth: TypeAlias = Literal["auto", "plain", "login", "xoauth2", "oauthbearer"]
"""How to log in; "auto" takes PLAIN or LOGIN, whichever is offered."""

Mode: TypeAlias = Literal["auto", "lockstep", "pipelined", "joined", "bdat"]
"""The highest rung of the dialogue; what a relay does not offer or bear is not used."""

CONNECTIONS_LIMIT = 256
"""Connections per relay: five times what Postfix allows a client by default."""

WINDOW_LIMIT = 256
"""Messages in flight per connection: as many may become uncertain when it is lost."""

MESSAGES_LIMIT = 1_000_000
"""Messages per connection; beyond it, its age decides."""

WEIGHT_LIMIT = 1_000
"""Shares of one relay: a thousandth is the finest."""

DOMAINS_LIMIT = 1_000
"""Recipient domains with a rate of their own: each has a queue of its own."""

RETRY_OF_MAIL = Retry(attempts=None, first="30s", max="15m")
"""A relay that says "not now" means minutes (greylisting: RFC 6647); tried until the expiry."""


@dataclass(frozen=True)
class Smtp:
    """A mail relay, reached over SMTP.

    Attributes:
        name: What reports, metrics and logs call it.
        host: Name or address of the relay; with TLS also the name its certificate has to have.
        port: Its TCP port: 587 (STARTTLS) or 465 (implicit TLS) for submission, 25 for a relay.
        sender: From whom messages are: "Name <address>" or an address. A plan refuses one that
            the engine's `senders` do not allow.
        tls: "none", "opportunistic", "required" or "implicit".
        ca: "file:PATH" of certificates (PEM) to trust besides those of the system: of authorities,
            or the relay's own, which may sign itself.
        username: The account; None does not log in. Wants `tls` "required" or "implicit".
        password: Its password, or token for "xoauth2" and "oauthbearer": "env:NAME", "file:PATH"
            or `Secret(value)`. A file is read again for each connection.
        auth: "auto", "plain", "login", "xoauth2" or "oauthbearer"; only ever inside TLS.
        bounces_to: The address that bounces return to, each with a token behind a "+" in front of
            the @. None: they return to the sender, and nothing is learnt of them.
        reply_to: Where answers of people go, if not to the sender.
        ehlo_name: What this host calls itself; None takes the name of the system.
        connections: At once and at most, all behind one limit.
        messages_per_second: The rate agreed with the operator; None: no limit of ours. A plan
            refuses a rate of 0 or below.
        messages_per_connection: After which it is replaced; None: what the relay teaches.
        connection_age: After which it is replaced.
        mode: "auto", or the highest rung allowed: "lockstep", "pipelined", "joined", "bdat".
        window: Messages in flight per connection with "bdat".
        receipts: Whether to ask for delivery reports (DSN); wants `bounces_to`, and the engine's
            `bounces`.
        receipt_wait: How long after the answer a report may come before the message ends as
            `accepted`.
        retry: See `Retry`; a mapping with the same keys will do. Without `attempts` a message is
            tried until it expires.
        reconnect_max: The longest pause between two attempts to connect; the first is at once.
        weight: Its share of the people among the relays of its priority.
        priority: Lower goes first; those above take over when it is down.
        domains: Messages per second to recipients of a domain, where the domain has a limit.
        dkim: Keys that sign; see `Dkim`. Mappings with the same keys will do.
        timeouts: See `SmtpTimeouts`; a mapping with the same keys will do.

    Raises:
        ConfigError: With everything that is wrong.

    >>> relay = Smtp("mail-a", host="127.0.0.1", port=2525, username="bealert",
    ...              password="file:secrets/relay", sender="BE-Alert <no-reply@be-alert.example>",
    ...              messages_per_second=2500)
    >>> relay.tls, relay.connections, relay.retry.attempts
    ('required', 8, None)
    """

    name: str
    _: KW_ONLY
    host: str
    port: int
    sender: str
    tls: Tls = "required"
    ca: str | None = None
    username: str | None = None
    password: str | Secret | None = None
    auth: Auth = "auto"
    bounces_to: str | None = None
    reply_to: str | None = None
    ehlo_name: str | None = None
    connections: int = 8
    messages_per_second: float | None = None
    messages_per_connection: int | None = None
    connection_age: Duration = timedelta(minutes=5)
    mode: Mode = "auto"
    window: int = 16
    receipts: bool = False
    receipt_wait: Duration = timedelta(minutes=10)
    retry: Retry | Mapping[str, Any] = RETRY_OF_MAIL
    reconnect_max: Duration = timedelta(seconds=30)
    weight: int = 1
    priority: int = 0
    domains: Mapping[str, float] = field(default_factory=dict, hash=False)
    dkim: Sequence[Dkim | Mapping[str, Any]] = ()
    timeouts: SmtpTimeouts | Mapping[str, Any] = field(default_factory=SmtpTimeouts)

    def __post_init__(self) -> None:
        place = f"Smtp({self.name!r})"
        problems = settle(self, SMTP, place)
        try:
            readers.name(self.name)
        except Wrong as wrong:
            problems += [problem.at(place) for problem in wrong.problems]
        if problems:
            raise ConfigError(problems)

    def secrets(self) -> dict[str, str | Secret]:
        """The secrets and certificates that it is opened with, by their keys."""
        given = {"password": self.password, "ca": self.ca}
        keys = {f"dkim.{at}.key": key.key for at, key in enumerate(dkim_keys(self.dkim))}
        return {key: secret for key, secret in {**given, **keys}.items() if secret is not None}

    def wire(
        self, *, secrets: Mapping[str, str], files: Mapping[str, str], order: int
    ) -> dict[str, Any]:
        """As the Rust core takes it, with its secrets and the files that some of them stand in.

        Weights count, not the place in a list.
        """
        del order
        signing = enumerate(dkim_keys(self.dkim))
        return {
            "name": self.name,
            "type": "smtp",
            "host": self.host,
            "port": self.port,
            "tls": self.tls,
            "ca": secrets.get("ca"),
            "username": self.username,
            "password": secrets.get("password"),
            "password_file": files.get("password"),
            "auth": self.auth,
            "sender": self.sender,
            "bounces_to": self.bounces_to,
            "reply_to": self.reply_to,
            "ehlo_name": self.ehlo_name,
            "connections": self.connections,
            "messages_per_second": self.messages_per_second,
            "messages_per_connection": self.messages_per_connection,
            "connection_age_ms": milliseconds(self.connection_age),
            "mode": self.mode,
            "window": self.window,
            "receipts": self.receipts,
            "receipt_wait_ms": milliseconds(self.receipt_wait),
            "retry": retry_of(self.retry, RETRY_OF_MAIL).wire(),
            "reconnect_max_ms": milliseconds(self.reconnect_max),
            "weight": self.weight,
            "priority": self.priority,
            "domains": list(self.domains.items()),
            "dkim": [
                key.wire(secrets[f"dkim.{at}.key"])
                for at, key in signing
                if f"dkim.{at}.key" in secrets
            ],
            "timeouts": timeouts_of(self.timeouts).wire(),
        }


def _certificates(value: object) -> str:
    text = readers.text(value)
    if not text.startswith("file:") or not text.removeprefix("file:").strip():
        raise Wrong('must name a file of certificates (PEM), as "file:PATH"')
    return text


def _rates(value: object) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise Wrong('must hold a rate per domain, like { "skynet.be" = 50 }')
    if len(value) > DOMAINS_LIMIT:
        raise Wrong(f"must have at most {DOMAINS_LIMIT} domains, not {len(value)}")
    rates: dict[str, float] = {}
    problems: list[Problem] = []
    for name, rate in value.items():
        try:
            rates[domain(name)] = _above_nothing(rate)
        except Wrong as wrong:
            problems += [problem.under(str(name)) for problem in wrong.problems]
    if problems:
        raise Wrong(problems)
    return rates


def _weight(value: object) -> int:
    if value == 0 and not isinstance(value, bool):
        raise Wrong("must be 1 or more; a relay that is only to take over has a higher priority")
    weight: int = readers.whole(1, WEIGHT_LIMIT)(value)
    return weight


def _above_nothing(value: object) -> float:
    if readers.number(value) <= 0:
        raise Wrong(f"must be above 0, not {value}")
    return readers.number(value)


def _fits_together(values: Values) -> Iterator[Problem]:
    given = {key for key, value in values.items() if value is not None}
    unread = SMTP.keys.keys() - values.keys()
    if "username" in given and "password" not in given | unread:
        yield Problem("password", "missing: username logs in with one")
    if "password" in given and "username" not in given | unread:
        yield Problem("username", "missing: password belongs to one")
    if "username" in given and (tls := values.get("tls")) in ("none", "opportunistic"):
        why = "a password is told to nobody whose certificate was not verified"
        yield Problem(
            "tls", f'must be "required" or "implicit" with a username, not "{tls}": {why}'
        )
    if values.get("receipts") and "bounces_to" not in given | unread:
        yield Problem("receipts", "wants bounces_to, the address that reports return to")


SMTP = Table(
    keys={
        "host": readers.host,
        "port": readers.whole(1, 65_535),
        "sender": mailbox,
        "tls": readers.one_of(*get_args(Tls)),
        "ca": _certificates,
        "username": line,
        "password": reference,
        "auth": readers.one_of(*get_args(Auth)),
        "bounces_to": return_path,
        "reply_to": mailbox,
        "ehlo_name": readers.host,
        "connections": readers.whole(1, CONNECTIONS_LIMIT),
        "messages_per_second": readers.number,
        "messages_per_connection": readers.whole(1, MESSAGES_LIMIT),
        "connection_age": positive,
        "mode": readers.one_of(*get_args(Mode)),
        "window": readers.whole(1, WINDOW_LIMIT),
        "receipts": readers.flag,
        "receipt_wait": positive,
        "retry": retry_reader(RETRY_OF_MAIL),
        "reconnect_max": positive,
        "weight": _weight,
        "priority": readers.whole(0, 1_000),
        "domains": _rates,
        "dkim": dkim_keys,
        "timeouts": timeouts_of,
    },
    between=_fits_together,
)
"""What may stand in a `[gateways.NAME]` of `type = "smtp"`."""
