"""Whom a password is told to, and what follows when it is wrong: nobody is failed for it."""

from __future__ import annotations

import base64
import re
import ssl
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be

PASSWORD = "hunter2"
LOGIN: dict[str, Any] = {"username": "bealert", "password": be.Secret(PASSWORD)}


def wire_of(office: Any) -> bytes:
    """Everything that a relay has heard, with the account in all the ways in which it is said."""
    return b"".join(b"".join(talk.reads) for talk in office.talks)


def tells(octets: bytes) -> bool:
    said = [b"hunter2", base64.b64encode(b"hunter2"), base64.b64encode(b"\0bealert\0hunter2")]
    return any(one in octets for one in said) or b"AUTH " in octets


@pytest.mark.parametrize("tls", ["none", "opportunistic"])
def test_no_account_is_configured_where_it_could_be_overheard(tls: str, relay: Any) -> None:
    with pytest.raises(be.ConfigError) as caught:
        relay().gateway(tls=tls, **LOGIN)
    (problem,) = caught.value.problems
    assert f'tls: must be "required" or "implicit" with a username, not "{tls}"' in problem
    assert "mail-a" in problem
    assert PASSWORD not in problem


def test_in_toml_it_is_named_by_file_and_key(tmp_path: Path) -> None:
    file = tmp_path / "bealert.toml"
    file.write_text(
        'data = "var"\n[gateways.mail-a]\ntype = "smtp"\nhost = "127.0.0.1"\nport = 25\n'
        'sender = "a@b.example"\ntls = "opportunistic"\nusername = "u"\npassword = "env:MAIL"\n'
    )
    with pytest.raises(be.ConfigError, match=r"(?s)bealert\.toml.*gateways\.mail-a.*tls: must be"):
        be.Config.from_toml(file)


REFUSED = {
    "AUTH is offered without TLS alone": ({"auth": "PLAIN", "auth_in_plain": True}, "TLS"),
    "no TLS is offered": ({}, "TLS"),
}


@pytest.mark.parametrize("office", REFUSED)
def test_a_relay_without_tls_is_told_nothing(
    office: str, relay: Any, sending: Any, persons: Any
) -> None:
    options, named = REFUSED[office]
    server = relay(**options)
    engine = sending(server.gateway(tls="required", **LOGIN))
    [check] = engine.engine.check()
    assert not check.ok
    assert named in check.text
    campaign = engine.launch(persons(5))
    down = engine.notice("gateway_down")
    assert (down.gateway, named in down.text) == ("mail-a", True)
    now = campaign.snapshot()
    assert (now.state, now.email.queued, now.email.failed) == ("running", 5, 0)
    assert not tells(wire_of(server))


CERTIFICATES = {
    "nobody known signed it": ({}, None),
    "another name": ({"name": "DNS:relay.example"}, "ca"),
    "it has expired": ({"days": -1}, "ca"),
    "it is out of date and an authority's own": ({"days": -1, "authority": True}, "ca"),
    "it is an authority's own": ({"authority": True}, None),
}


@pytest.mark.parametrize("tls", ["required", "implicit"])
@pytest.mark.parametrize("fault", CERTIFICATES)
def test_a_certificate_that_does_not_verify_gets_no_password(
    fault: str, tls: str, relay: Any, sending: Any, persons: Any, certificate: Any
) -> None:
    options, trusted = CERTIFICATES[fault]
    made = certificate(**options)
    server = relay(tls=made.context, implicit=tls == "implicit", auth="PLAIN LOGIN")
    ca = {"ca": made.ca} if trusted else {}
    engine = sending(server.gateway(tls=tls, **ca, **LOGIN))
    [check] = engine.engine.check()
    assert not check.ok
    assert "certificate does not verify" in check.text
    campaign = engine.launch(persons(5))
    down = engine.notice("gateway_down")
    assert "certificate does not verify" in down.text
    now = campaign.snapshot()
    assert (now.state, now.email.queued, now.email.failed) == ("running", 5, 0)
    time.sleep(0.5)
    assert len(server.talks) <= 4, "it does not hammer"
    assert not tells(wire_of(server))


def test_a_certificate_of_an_authority_is_told_apart(relay: Any, certificate: Any) -> None:
    """What `openssl req -x509` makes: the words of the verifier help nobody with it."""
    gateway = relay(tls=certificate(authority=True).context).gateway(tls="required")
    with be.Engine(data=None, gateways=[gateway]) as engine:
        [check] = engine.check()
    assert "CA:FALSE" in check.text
    assert "this very certificate in `ca`" in check.text


@pytest.mark.parametrize("tls", ["required", "implicit"])
def test_the_very_certificate_in_ca_is_believed_though_an_authority_s_own(
    tls: str, relay: Any, sending: Any, persons: Any, certificate: Any
) -> None:
    made = certificate(authority=True, days=5)
    office = relay(tls=made.context, implicit=tls == "implicit", auth="PLAIN")
    engine = sending(office.gateway(tls=tls, ca=made.ca, **LOGIN))
    [check] = engine.engine.check()
    assert check.ok
    [warning] = check.warnings
    assert re.fullmatch(r"the relay's certificate ends in [45] days", warning)
    assert engine.launch(persons(5)).wait(timeout_s=60).email.accepted == 5


class NoTls:
    """Says something else where the handshake should be."""

    def wrap_socket(self, stream: Any, *, server_side: bool) -> Any:
        assert server_side
        stream.sendall(b"454 4.7.0 TLS not available\r\n")
        raise OSError("as if it could")


class HangsUp(NoTls):
    """Takes STARTTLS and closes."""

    def wrap_socket(self, stream: Any, *, server_side: bool) -> Any:
        raise OSError("as if it could")


def of_another_age(certificate: Any) -> ssl.SSLContext:
    """Speaks TLS 1.1 at most, which nobody has to any more (RFC 8996)."""
    context: ssl.SSLContext = certificate().context
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


BROKEN: dict[str, Callable[[Any], Any]] = {
    "of another age": of_another_age,
    "no TLS at all": lambda _: NoTls(),
    "hangs up": lambda _: HangsUp(),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_opportunistic_tls_that_fails_is_done_without(
    fault: str, relay: Any, sending: Any, persons: Any, certificate: Any
) -> None:
    office = relay(tls=BROKEN[fault](certificate))
    engine = sending(office.gateway(tls="opportunistic"))
    assert engine.launch(persons(20)).wait(timeout_s=60).email.accepted == 20
    said = engine.notice("unencrypted")
    assert said.gateway == "mail-a"
    assert re.match(r"mail-a is sent to in plain: no TLS: .+; TLS is tried again", said.text)
    codes = []
    for entry in engine.engine.events(after=0):
        if isinstance(entry, be.Notice):
            codes.append(entry.code)
        if codes[-1:] == ["ended"]:
            break
    assert (codes.count("unencrypted"), codes.count("gateway_down")) == (1, 0)
    assert len(office.heard("STARTTLS")) == 1, "the next connections do without"
    assert not any(talk.encrypted for talk in office.talks)


@pytest.mark.parametrize("fault", BROKEN)
def test_what_a_relay_with_broken_tls_is_sent_in_plain_is_told_by_check(
    fault: str, relay: Any, certificate: Any
) -> None:
    office = relay(tls=BROKEN[fault](certificate))
    with be.Engine(data=None, gateways=[office.gateway(tls="opportunistic")]) as engine:
        [check] = engine.check()
    assert check.ok
    [warning] = check.warnings
    assert "messages go in plain" in warning


@pytest.mark.parametrize("fault", BROKEN)
def test_required_tls_that_fails_is_never_done_without(
    fault: str, relay: Any, sending: Any, persons: Any, certificate: Any
) -> None:
    office = relay(tls=BROKEN[fault](certificate), auth="PLAIN", auth_in_plain=True)
    engine = sending(office.gateway(tls="required", **LOGIN))
    campaign = engine.launch(persons(5))
    assert "no TLS" in engine.notice("gateway_down").text
    assert (campaign.snapshot().email.queued, campaign.snapshot().email.failed) == (5, 0)
    assert not office.heard("MAIL")
    assert not tells(wire_of(office))


def test_a_port_without_tls_from_the_first_octet(relay: Any) -> None:
    with be.Engine(data=None, gateways=[relay().gateway(tls="implicit")]) as engine:
        [check] = engine.check()
    assert not check.ok
    assert "does not speak TLS" in check.text
    assert '"required"' in check.text


@pytest.mark.parametrize("what", ["the key", "nothing", "text"])
def test_a_file_without_certificates_is_no_ca(
    what: str, relay: Any, certificate: Any, tmp_path: Path
) -> None:
    key = certificate().file.with_suffix(".key").read_text()
    file = tmp_path / "ca.pem"
    file.write_text({"the key": key, "nothing": "\n", "text": "certificates go here"}[what])
    gateway = relay().gateway(tls="required", ca=f"file:{file}")
    with (
        pytest.raises(be.ConfigError, match=r"mail-a.*ca"),
        be.Engine(data=None, gateways=[gateway]),
    ):
        pass


def test_a_wrong_password_stops_the_relay_and_fails_nobody(
    relay: Any, sending: Any, persons: Any, certificate: Any
) -> None:
    made = certificate()

    def rule(_: Any, line: str) -> str | None:
        return "535 5.7.8 Authentication failed" if line.startswith("AUTH") else None

    refusing, good = relay(rule, tls=made.context, auth="PLAIN"), relay()
    account = refusing.gateway("account", tls="required", ca=made.ca, **LOGIN)
    engine = sending(account)
    [check] = engine.engine.check()
    assert not check.ok
    assert "535 5.7.8" in check.text
    campaign = engine.launch(persons(20))
    down = engine.notice("gateway_down")
    assert "535 5.7.8" in down.text
    assert PASSWORD not in down.text + check.text + repr(account) + repr(engine.engine.config)
    time.sleep(1)
    now = campaign.snapshot()
    assert (now.state, now.email.queued, now.email.failed) == ("running", 20, 0)
    assert len(refusing.heard("AUTH")) <= 3, "accounts get locked by those who hammer"
    assert not refusing.offered

    both = sending(account, good.gateway("good", priority=1))
    progress = both.launch(persons(20)).wait(timeout_s=60)
    assert (progress.email.accepted, progress.email.failed) == (20, 0)
    assert len(good.copies()) == 20


def test_a_relay_that_lets_us_in_again_gets_the_campaign(
    tmp_path: Path, relay: Any, persons: Any, certificate: Any
) -> None:
    """Put right at the relay, the campaign goes on with the next try, at the latest on open."""
    made, locked = certificate(), [True]

    def rule(_: Any, line: str) -> str | None:
        said = "535 5.7.8 Authentication failed"
        return said if locked and line.startswith("AUTH") else None

    office = relay(rule, tls=made.context, auth="PLAIN")
    alert = be.Scenario(
        "alert", kind="warning", expiry="1h", email={"en": be.Email("Alert", text="Stay inside.")}
    )
    gateway = office.gateway(tls="required", ca=made.ca, **LOGIN)
    given: dict[str, Any] = {"data": tmp_path / "var", "gateways": [gateway], "scenarios": [alert]}
    with be.Engine(**given) as engine:
        engine.launch(engine.plan("alert", to=persons(10)), by="tests", key="k")
        for entry in engine.events(after=0):
            if isinstance(entry, be.Notice) and entry.code == "gateway_down":
                break
    locked.clear()
    with be.Engine(**given) as engine:
        campaign = engine.campaign("k")
        assert campaign is not None
        assert campaign.wait(timeout_s=60).email.accepted == 10
        assert not campaign.report().possibly_doubled


@pytest.mark.parametrize("auth", ["XOAUTH2", "OAUTHBEARER"])
def test_a_token_in_a_file_is_read_again_for_each_connection(
    auth: str, relay: Any, sending: Any, persons: Any, certificate: Any, tmp_path: Path
) -> None:
    """Tokens live for an hour; whoever renews one replaces the file and nothing else."""
    file, made = tmp_path / "token", certificate()
    file.write_text("first\n")

    def told(line: str) -> str:
        octets = base64.b64decode(line.split(" ")[2]).decode()
        return octets.split("auth=Bearer ")[1].split("\x01")[0]

    office = relay(tls=made.context, auth=auth)
    account = {"username": "bealert", "password": f"file:{file}", "auth": auth.lower()}
    engine = sending(
        office.gateway(
            tls="required", ca=made.ca, connections=1, messages_per_connection=5, **account
        )
    )
    assert engine.launch(persons(5), key="k1").wait(timeout_s=60).email.accepted == 5
    file.write_text("second\n")
    assert engine.launch(persons(20), key="k2").wait(timeout_s=60).email.accepted == 20
    file.unlink()
    assert engine.launch(persons(20), key="k3").wait(timeout_s=60).email.accepted == 20
    tokens = [told(line) for line in office.heard("AUTH")]
    assert set(tokens) == {"first", "second"}
    assert tokens == sorted(tokens), "what was read before is told while the file is away"


@pytest.mark.parametrize("auth", ["XOAUTH2", "OAUTHBEARER"])
def test_a_token_that_is_over_is_told_in_the_relay_s_own_word(
    auth: str, relay: Any, sending: Any, persons: Any, certificate: Any
) -> None:
    made, challenge = certificate(), base64.b64encode(b'{"status":"invalid_token"}').decode()

    def rule(_: Any, line: str) -> str | None:
        if line.startswith("AUTH"):
            return f"334 {challenge}"
        return "535 5.7.8 Not accepted" if line in ("", "AQ==") else None

    office = relay(rule, tls=made.context, auth=auth)
    account = {"username": "bealert", "password": be.Secret(PASSWORD), "auth": auth.lower()}
    engine = sending(office.gateway(tls="required", ca=made.ca, **account))
    engine.launch(persons(5))
    [check] = engine.engine.check()
    for text in (engine.notice("gateway_down").text, check.text):
        assert "535 5.7.8 Not accepted (the token's status is invalid_token)" in text
        assert PASSWORD not in text
    answer = {"XOAUTH2": "", "OAUTHBEARER": "AQ=="}[auth]
    for talk in office.talks:
        [at] = [at for at, line in enumerate(talk.heard) if line.startswith("AUTH")]
        assert talk.heard[at + 1] == answer


@pytest.mark.parametrize("said", ["454 4.7.0 Temporary authentication failure", "421 4.7.0 Later"])
def test_a_login_that_fails_for_now_is_tried_again_soon(
    said: str, relay: Any, sending: Any, persons: Any, certificate: Any
) -> None:
    made, often = certificate(), iter(range(3))

    def rule(_: Any, line: str) -> str | None:
        return said if line.startswith("AUTH") and next(often, None) is not None else None

    office = relay(rule, tls=made.context, auth="LOGIN PLAIN")
    engine = sending(office.gateway(tls="required", ca=made.ca, **LOGIN))
    progress = engine.launch(persons(20)).wait(timeout_s=60)
    assert (progress.email.accepted, progress.email.failed) == (20, 0)
    assert all(talk.encrypted for talk in office.talks)


def test_what_was_said_before_tls_does_not_count(
    relay: Any, sending: Any, persons: Any, certificate: Any
) -> None:
    """CVE-2011-0411: what stands behind the reply to STARTTLS was injected by somebody else."""
    made, injected = certificate(), [True]

    def rule(_: Any, line: str) -> bytes | None:
        if line == "STARTTLS" and injected:
            injected.clear()
            return b"220 2.0.0 Ready\r\n250-evil.example\r\n250 AUTH PLAIN\r\n"
        return None

    office = relay(rule, tls=made.context)
    engine = sending(office.gateway(tls="required", ca=made.ca, connections=1))
    progress = engine.launch(persons(5)).wait(timeout_s=60)
    assert progress.email.accepted == 5
    for talk in office.talks:
        if talk.taken:
            behind = talk.heard[talk.heard.index("STARTTLS") + 1]
            assert behind.startswith("EHLO"), "it asks again what is offered"
