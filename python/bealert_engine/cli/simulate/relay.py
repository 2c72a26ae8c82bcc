"""`bealert simulate relay`: a mail relay that sends nothing and keeps books."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from bealert_engine import testing
from bealert_engine.cli.exits import ExitCode, Unusable
from bealert_engine.cli.simulate.options import (
    Host,
    LimitBurst,
    Port,
    Seed,
    WithParent,
    check_burst,
    share,
)
from bealert_engine.cli.simulate.serving import serve


def relay(
    *,
    port: Port,
    host: Host = "127.0.0.1",
    latency_ms: Annotated[int, typer.Option(min=0, help="How long replies travel.")] = 0,
    work_ms: Annotated[
        int, typer.Option(min=0, help="How long it works on a message, per connection.")
    ] = 0,
    defer: Annotated[float, share("Share of messages that are refused for now (451).")] = 0.0,
    refuse: Annotated[float, share("Share of recipients that are refused (550).")] = 0.0,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Messages per second that are taken; more get 454."),
    ] = None,
    limit_burst: LimitBurst = None,
    limit_hangs_up: Annotated[
        bool, typer.Option("--limit-hangs-up", help="What is over --limit gets 421.")
    ] = False,
    greylist_ms: Annotated[
        int | None, typer.Option(min=0, help="How long a new pair is asked to come again (450).")
    ] = None,
    max_connections: Annotated[
        int | None, typer.Option(min=0, help="Connections at once; more get 421.")
    ] = None,
    max_messages: Annotated[
        int | None, typer.Option(min=0, help="Messages on one connection; the next gets 421.")
    ] = None,
    reset_every: Annotated[
        int | None, typer.Option(min=1, help="Reset the connection after so many messages.")
    ] = None,
    silent: Annotated[float, share("Share of messages taken and never answered.")] = 0.0,
    reply: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ENDING=REPLY",
            help='Refuse recipients that end so, as in "@full.example=552 5.2.2 Full"; may be '
            "repeated.",
        ),
    ] = None,
    bounces: Annotated[float, share("Share of messages that bounce later.")] = 0.0,
    report_ms: Annotated[int, typer.Option(min=0, help="How long until a report follows.")] = 0,
    reports_to: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Where reports go: smtp://HOST:PORT, lmtp://..., maildir:DIR."
        ),
    ] = None,
    maildir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep what comes, to look at.")
    ] = None,
    one_by_one: Annotated[
        bool,
        typer.Option("--one-by-one", help="Write replies one by one, with Nagle's algorithm on."),
    ] = False,
    no_joined: Annotated[
        bool,
        typer.Option("--no-joined", help="Refuse what comes before the reply to a message."),
    ] = False,
    no_pipelining: Annotated[
        bool, typer.Option("--no-pipelining", help="Do not offer PIPELINING.")
    ] = False,
    no_chunking: Annotated[
        bool, typer.Option("--no-chunking", help="Do not offer CHUNKING.")
    ] = False,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PEM; with --key it offers STARTTLS.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PEM of the key of --certificate.")
    ] = None,
    seed: Seed = 1,
    with_parent: WithParent = False,
) -> ExitCode:
    """Be a mail relay that takes everything. Says its books as JSON when it ends (Ctrl-C)."""
    check_burst(limit, limit_burst)
    if (certificate is None) != (key is None):
        raise Unusable("--certificate and --key belong together.")
    rules: list[dict[str, Any]] = [_rule(said) for said in reply or ()]
    if silent:
        rules.append({"phase": "dot", "answer": "silent", "share": silent})
    listen = partial(
        testing.relay,
        port=port,
        host=host,
        latency_ms=latency_ms,
        work_ms=work_ms,
        defer=defer,
        refuse=refuse,
        limit=limit,
        burst=limit_burst,
        limit_hangs_up=limit_hangs_up,
        greylist_ms=greylist_ms,
        max_connections=max_connections,
        max_messages=max_messages,
        reset_every=reset_every,
        rules=rules,
        bounces=bounces,
        report_ms=report_ms,
        reports_to=reports_to,
        maildir=maildir,
        one_by_one=one_by_one,
        nagle=one_by_one,
        refuses_joined=no_joined,
        pipelining=not no_pipelining,
        chunking=not no_chunking,
        tls="none" if certificate is None else "starttls",
        certificate=_text(certificate),
        key=_text(key),
        seed=seed,
        keep_messages=False,
    )
    return serve(listen, with_parent=with_parent)


def _rule(said: str) -> dict[str, Any]:
    ending, found, reply = said.partition("=")
    if not (ending and found and reply):
        raise Unusable(f"--reply {said!r} is not of the form @full.example=552 5.2.2 Full.")
    return {"phase": "rcpt", "suffix": ending, "reply": reply}


def _text(path: Path | None) -> str | None:
    try:
        return None if path is None else path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{path} cannot be read: {error}") from None
