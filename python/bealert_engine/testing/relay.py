"""The simulated mail relay, served on loopback by a thread of the Rust core."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bealert_engine import _engine
from bealert_engine.gateways import Smtp
from bealert_engine.testing.far_end import FarEnd

__all__ = ["Mail", "Relay", "relay"]


@dataclass(frozen=True, slots=True)
class Mail:
    """A message that the relay took; one for each time that it did.

    Attributes:
        sender: The reverse-path; empty for none.
        recipients: Those that were accepted.
        content: Header and body, to the octet.
        encrypted: Whether it came over TLS.
        envid: The name by which reports are to call it (ENVID), as it was sent.
        priority: MT-PRIORITY, if it was said.
        deliver_by_s: Seconds in which it is to be delivered, if that was said.
    """

    sender: str
    recipients: Sequence[str]
    content: bytes
    encrypted: bool
    envid: str | None
    priority: int | None
    deliver_by_s: int | None


class Relay(FarEnd[_engine.Relay]):
    """A mail relay that keeps books of what it took, and has the faults it is given.

    Args:
        host: Where it listens; this machine alone, unless told otherwise.
        port: 0 takes a free one.
        latency_ms: How long its replies travel; what comes meanwhile is worked on.
        work_ms: How long it works on each message, doing nothing else for that connection.
        defer: Share of the messages that are refused for now, with 451.
        refuse: Share of the recipients that are refused for good, with 550; always the same ones.
        limit: Messages per second; more are refused with 454.
        burst: How many may come at once within the limit.
        limit_hangs_up: Whether it hangs up then, with 421.
        greylist_ms: How long a pair of sender and recipient is refused (450) that it has not seen.
        max_connections: Connections at once; more are greeted with 421.
        max_messages: Messages on one connection; the next one gets 421.
        tarpit: `{"after": 10, "delay_ms": 1000, "hang_up_at": 20}`: mistakes make it slow.
        cut: `{"received": N}` or `{"sent": N}`: after so many octets a connection breaks; "times":
            how many of them.
        reset_every: Breaks the connection after so many messages, the last reply unsent.
        one_by_one: Whether it writes each reply on its own.
        nagle: Whether such writes wait for an acknowledgement, as those of some servers do.
        read_per_second: Octets that it reads of a connection per second.
        deaf: Whether it has stopped reading.
        rules: What happens in certain places, in this order:
            `[{"phase": "rcpt", "suffix": "@full.example", "reply": "552 5.2.2 Mailbox full"}]`.
            Phases are connect, ehlo, starttls, auth, mail, rcpt, data and dot; addresses are told
            by "prefix" or "suffix", cases by "share" and "times"; what happens is a "reply", an
            "answer" ("silent", "swallow", "reset", "reset_after"), a "garble" (text that is no
            reply; without a line's end the client waits for the rest of it), or a "report"
            ("failed", "delayed", "delivered", "relayed").
        bounces: Share of the messages of which a report says that they did not arrive after all.
        report_ms: How long after a message the report about it follows.
        reports_to: Where reports go: "smtp://HOST:PORT", "lmtp://HOST:PORT" or "maildir:PATH"; None
            makes none.
        maildir: A directory for what it takes, to look at; None writes nothing.
        tls: "none", "starttls", "required" or "implicit".
        certificate: Its certificate and chain, in PEM.
        key: The key of it, in PEM.
        auth: The mechanisms it offers: "plain", "login", "xoauth2", "oauthbearer".
        user: The account that it lets in; None lets any.
        password: Its password or token; None takes any.
        auth_required: Whether it takes messages of such accounts only.
        auth_in_plain: Whether it lets them in without TLS.
        pipelining, chunking, dsn, smtp_utf8, eight_bit_mime, enhanced_status_codes, mt_priority,
            deliver_by: Whether it offers that.
        size: The most octets of a message; 0 offers SIZE without a limit, None does not offer it.
        mail_max: The messages per connection that it tells of (LIMITS).
        refuses_joined: Whether it refuses commands that came before its reply to a message.
        reads_refused_chunks: Whether it reads a BDAT chunk that it refused as commands.
        starts_without_recipients: Whether it answers DATA with 354 though nobody is to get it.
        protocol: "smtp" or "lmtp".
        max_recipients: Recipients of one message.
        idle_timeout_ms: After how long without a command it hangs up.
        name: What it calls itself.
        seed: Decides which recipients the shares hit.
        keep_messages: Whether `messages` can tell what came; it costs memory.

    Raises:
        ValueError: An option is out of its range; the text names it.
        OSError: It cannot listen there, or the Maildir cannot be made.

    >>> with Relay(latency_ms=20) as relay:
    ...     relay.host, relay.books()["messages"]
    ('127.0.0.1', 0)
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        latency_ms: float = 0,
        work_ms: float = 0,
        defer: float = 0.0,
        refuse: float = 0.0,
        limit: float | None = None,
        burst: int | None = None,
        limit_hangs_up: bool = False,
        greylist_ms: float | None = None,
        max_connections: int | None = None,
        max_messages: int | None = None,
        tarpit: Mapping[str, Any] | None = None,
        cut: Mapping[str, int] | None = None,
        reset_every: int | None = None,
        one_by_one: bool = False,
        nagle: bool = False,
        read_per_second: int | None = None,
        deaf: bool = False,
        rules: Sequence[Mapping[str, Any]] = (),
        bounces: float = 0.0,
        report_ms: float = 0,
        reports_to: str | None = None,
        maildir: str | os.PathLike[str] | None = None,
        tls: Literal["none", "starttls", "required", "implicit"] = "none",
        certificate: str | None = None,
        key: str | None = None,
        auth: Sequence[Literal["plain", "login", "xoauth2", "oauthbearer"]] = (),
        user: str | None = None,
        password: str | None = None,
        auth_required: bool = False,
        auth_in_plain: bool = False,
        pipelining: bool = True,
        chunking: bool = True,
        dsn: bool = True,
        smtp_utf8: bool = True,
        eight_bit_mime: bool = True,
        enhanced_status_codes: bool = True,
        mt_priority: bool = False,
        deliver_by: bool = False,
        size: int | None = 35_882_577,
        mail_max: int | None = None,
        refuses_joined: bool = False,
        reads_refused_chunks: bool = False,
        starts_without_recipients: bool = False,
        protocol: Literal["smtp", "lmtp"] = "smtp",
        max_recipients: int = 100,
        idle_timeout_ms: float = 300_000,
        name: str = "relay.example",
        seed: int = 1,
        keep_messages: bool = True,
    ) -> None:
        options = {
            "latency_ms": latency_ms,
            "work_ms": work_ms,
            "defer": defer,
            "refuse": refuse,
            "limit": limit,
            "burst": burst,
            "limit_hangs_up": limit_hangs_up,
            "greylist_ms": greylist_ms,
            "max_connections": max_connections,
            "max_messages": max_messages,
            "tarpit": None if tarpit is None else dict(tarpit),
            "cut": None if cut is None else dict(cut),
            "reset_every": reset_every,
            "one_by_one": one_by_one,
            "nagle": nagle,
            "read_per_second": read_per_second,
            "deaf": deaf,
            "rules": [dict(rule) for rule in rules],
            "bounces": bounces,
            "report_ms": report_ms,
            "reports_to": reports_to,
            "maildir": None if maildir is None else os.fspath(maildir),
            "tls": tls,
            "certificate": certificate,
            "key": key,
            "auth": list(auth),
            "user": user,
            "password": password,
            "auth_required": auth_required,
            "auth_in_plain": auth_in_plain,
            "pipelining": pipelining,
            "chunking": chunking,
            "dsn": dsn,
            "smtp_utf8": smtp_utf8,
            "eight_bit_mime": eight_bit_mime,
            "enhanced_status_codes": enhanced_status_codes,
            "mt_priority": mt_priority,
            "deliver_by": deliver_by,
            "size": size,
            "mail_max": mail_max,
            "refuses_joined": refuses_joined,
            "reads_refused_chunks": reads_refused_chunks,
            "starts_without_recipients": starts_without_recipients,
            "protocol": protocol,
            "max_recipients": max_recipients,
            "idle_timeout_ms": idle_timeout_ms,
            "name": name,
            "seed": seed,
            "keep_messages": keep_messages,
        }
        super().__init__(_engine.Relay.open, host, port, options)

    def messages(self) -> list[Mail]:
        """Everything it took, in order, and each time that it did."""
        return [Mail(*row) for row in self._native.messages()]

    def gateway(self, name: str = "mail-a", **options: Any) -> Smtp:
        """A gateway that leads here.

        Args:
            name: Its name.
            **options: As `Smtp` takes them.

        >>> with Relay() as relay:
        ...     relay.gateway(connections=2).tls
        'none'
        """
        given: Mapping[str, Any] = {
            "host": self.host,
            "port": self.port,
            "sender": "BE-Alert <alert@be-alert.example>",
            "tls": "none",
        }
        return Smtp(name, **{**given, **options})


relay = Relay
"""`with testing.relay(latency_ms=20) as relay`: see `Relay`."""
