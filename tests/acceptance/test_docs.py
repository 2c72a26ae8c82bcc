"""The documentation says what there is: its code compiles, its links lead somewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import typer

from bealert_engine.attachment import ATTACHMENT
from bealert_engine.bounces import BOUNCES
from bealert_engine.cli.app import app
from bealert_engine.cli.exits import ExitCode
from bealert_engine.config import CONFIG
from bealert_engine.gateways.dkim import DKIM
from bealert_engine.gateways.retry import RETRY
from bealert_engine.gateways.smpp import SMPP
from bealert_engine.gateways.smtp import SMTP
from bealert_engine.gateways.timeouts import TIMEOUTS
from bealert_engine.mail import EMAIL
from bealert_engine.scenario import SCENARIO
from bealert_engine.unsubscribe import UNSUBSCRIBE

HOUSE = Path(__file__).parents[2]
PAGES = [*sorted((HOUSE / "docs").rglob("*.md")), HOUSE / "README.md", HOUSE / "CONTRIBUTING.md"]
REFERENCE = HOUSE / "docs" / "reference"


def named(page: Path) -> str:
    return str(page.relative_to(HOUSE))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_its_python_compiles(page: Path) -> None:
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        compile(block, named(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_its_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if not re.match(r"[a-z]+:", link):
            assert (page.parent / link.partition("#")[0]).exists(), link


def test_every_key_of_the_configuration_is_documented() -> None:
    text = (REFERENCE / "configuration.md").read_text()
    smtp = (SMTP, DKIM, TIMEOUTS, BOUNCES)
    for table in (CONFIG, SMPP, RETRY, SCENARIO, EMAIL, ATTACHMENT, UNSUBSCRIBE, *smtp):
        for key in table.keys.keys() - {"gateways", "scenarios", "sms"}:
            assert re.search(rf"\b{key}\b", text), key


def test_every_command_option_and_exit_code_is_documented() -> None:
    text = (REFERENCE / "commands.md").read_text()
    root = typer.main.get_command(app)
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        for leaf_name, leaf in getattr(command, "commands", {"": command}).items():
            assert re.search(rf"`bealert {name}( {leaf_name})?|`{name} ID`", text), (
                name,
                leaf_name,
            )
            for option in leaf.params:
                if option.name in ("help",) or getattr(option, "hidden", False):
                    continue
                for spelling in option.opts:
                    if spelling.startswith("--"):
                        assert spelling in text, f"{name} {leaf_name} {spelling}"
    for code in ExitCode:
        assert f"| {code.value} |" in text


PROOF = HOUSE / "docs" / "explanation" / "proof.md"


def test_every_file_that_the_proof_names_is_there() -> None:
    named_files = re.findall(r"`((?:rust|tests|benches|docs)/[^`]*)`", PROOF.read_text())
    assert len(named_files) > 20
    for name in named_files:
        assert (HOUSE / name).exists(), name


def test_every_target_and_variable_that_the_proof_names_is_there() -> None:
    text = PROOF.read_text()
    makefile = (HOUSE / "Makefile").read_text()
    targets = set(re.findall(r"`make ([a-z-]+)", text))
    assert targets >= {"test", "world", "crash", "soak", "fuzz", "bench"}
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for variable in re.findall(r"\b(SEEDS?|CRASHES|FUZZ_SECONDS)=", text):
        assert re.search(rf"\b{variable}\b", makefile), variable
    sources = [*HOUSE.glob("tests/**/*.py"), *HOUSE.glob("tests/fuzz/tests/*.rs")]
    everything = "".join(path.read_text() for path in sources)
    for variable in re.findall(r"\b(BEALERT_[A-Z]+|FUZZ_SEED)\b", text):
        assert variable in everything, variable


def test_the_proof_names_every_promise_and_check() -> None:
    text = PROOF.read_text()
    for number in range(1, 12):
        assert f"| I{number} |" in text
    checks = (HOUSE / "rust" / "sim" / "src" / "world" / "check.rs").read_text()
    for name in re.findall(r'\("(I\d+)", i\d+', checks):
        (row,) = re.findall(rf"^\| {name} \|.*$", text, re.MULTILINE)
        assert "worlds" in row, name


EMAIL_PAGE = HOUSE / "docs" / "explanation" / "email.md"


def test_every_test_that_the_page_on_email_names_is_there() -> None:
    text = EMAIL_PAGE.read_text()
    places = dict(re.findall(r"`([a-z]+/)` (?:stands\s+)?for\s+`([^`]+/)`", text))
    assert places.keys() == {"wire/", "mail/", "engine/", "sim/", "core/", "api/", "interop/"}
    named_tests = re.findall(r"`([^`\s]+\.(?:rs|py))::(\w+)`", text)
    assert len(named_tests) > 60
    for file, name in named_tests:
        first, _, rest = file.partition("/")
        path = HOUSE / (places[f"{first}/"] + rest if f"{first}/" in places else file)
        assert path.is_file(), file
        assert re.search(rf"\b(?:fn|def) {name}", path.read_text()), f"{file}::{name}"


def test_the_page_on_email_has_every_point() -> None:
    text = EMAIL_PAGE.read_text()
    for number in range(1, 23):
        [row] = re.findall(rf"^\| {number} \|.*$", text, re.MULTILINE)
        assert "::" in row
