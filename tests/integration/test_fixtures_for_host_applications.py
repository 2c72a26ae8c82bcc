"""The fixtures of `bealert_engine.testing`, used as a host application would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TEST = """
import bealert_engine as be

def test_alarm(bealert_smsc, bealert_gateway):
    news = be.Scenario("news", kind="news", expiry="1h", sms={"en": "Road open again."})
    with be.Engine(data=None, gateways=[bealert_gateway], scenarios=[news]) as engine:
        plan = engine.plan("news", to=[be.Recipient("p1", phone="+33639981234")])
        engine.launch(plan, by="tests", key="k").wait(timeout_s=30)
    assert [m.text for m in bealert_smsc.messages()] == ["Road open again."]

def test_letter(bealert_relay):
    letter = be.Email("Road open again", text="It is.")
    news = be.Scenario("news", kind="news", expiry="1h", email={"en": letter})
    gateways = [bealert_relay.gateway()]
    with be.Engine(data=None, gateways=gateways, scenarios=[news]) as engine:
        plan = engine.plan("news", to=[be.Recipient("p1", email="an@example.org")])
        engine.launch(plan, by="tests", key="k").wait(timeout_s=30)
    mails = bealert_relay.messages()
    assert [mail.recipients for mail in mails] == [["an@example.org"]]
    assert b"Subject: Road open again\\r\\n" in mails[0].content
"""


def test_a_host_application_tests_with_them(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["bealert_engine.testing"]\n')
    (tmp_path / "test_alarm.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "."]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_module_does_not_load_pytest() -> None:
    script = "import sys, bealert_engine.testing; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
