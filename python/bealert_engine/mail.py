"""E-mail of a scenario: subject, text, HTML and what is sent along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import Any

from bealert_engine import _readers as readers
from bealert_engine._files import Place, place, text_of
from bealert_engine._tables import Problem, Table, Values, Wrong, settle
from bealert_engine.attachment import ATTACHMENTS_LIMIT, Attachment, attachments_of
from bealert_engine.errors import ConfigError

__all__ = ["EMAIL", "Email", "email_of"]

TEXT_LIMIT = 1024 * 1024
"""Octets of a text or HTML file: more than anybody reads in an alert."""

TOO_LARGE = f"a text has at most {TEXT_LIMIT:,} octets"


@dataclass(frozen=True)
class Email:
    """An e-mail in one language. Subject, text and HTML are templates.

    Give a text, or HTML, or both: HTML alone gets a text made of it. What a value holds is escaped
    in HTML, and can't end a header.

    Attributes:
        subject: One line.
        text: What is read where no HTML is shown.
        html: A document, or what stands in its body.
        text_file: Where the text is read from instead, as UTF-8.
        html_file: Where the HTML is read from instead, as UTF-8.
        attachments: `Attachment`, a path, or a mapping with the keys of `Attachment`.

    Raises:
        ConfigError: With everything that is wrong.

    >>> warning = Email("Burglary in {{ street }}", text="Stay inside. Call 101 if you see it.",
    ...                 attachments=["maps/route.pdf"])
    >>> warning.attachments[0].named
    'route.pdf'
    """

    subject: str
    _: KW_ONLY
    text: str | None = None
    html: str | None = None
    text_file: Place | None = None
    html_file: Place | None = None
    attachments: Sequence[Attachment | Place | Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        problems = settle(self, EMAIL, "Email")
        if problems:
            raise ConfigError(problems)

    def loaded(self, base: Path) -> Email:
        """The same with its files at hand; a relative one starts at `base`.

        Raises:
            Wrong: With every file that can't be had, by its key.
        """
        problems: list[Problem] = []
        text = _text(self.text, self.text_file, "text_file", base, problems)
        html = _text(self.html, self.html_file, "html_file", base, problems)
        attachments = _attachments(attachments_of(self.attachments), base, problems)
        if problems:
            raise Wrong(problems)
        whole = replace(self, text=text, html=html, text_file=None, html_file=None)
        return replace(whole, attachments=attachments)

    def wire(self, language: str) -> dict[str, Any]:
        """As the Rust core takes it, once it is loaded."""
        return {
            "language": language,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "attachments": [one.wire() for one in attachments_of(self.attachments)],
        }


def email_of(value: object) -> Email:
    """Read an `Email`, or a table with its keys."""
    if isinstance(value, Email):
        return value
    if not isinstance(value, Mapping):
        raise Wrong('must be an Email, or a table like { subject = "...", text = "..." }')
    values, problems = EMAIL.read(value, Email)
    if problems:
        raise Wrong(problems)
    return Email(**values)


def _text(
    given: str | None, file: Place | None, key: str, base: Path, problems: list[Problem]
) -> str | None:
    if file is None:
        return given
    try:
        return text_of(base / file, TEXT_LIMIT, TOO_LARGE)
    except Wrong as wrong:
        problems += [problem.under(key) for problem in wrong.problems]
        return None


def _attachments(
    attachments: tuple[Attachment, ...], base: Path, problems: list[Problem]
) -> tuple[Attachment, ...]:
    loaded: list[Attachment] = []
    for at, attachment in enumerate(attachments):
        left = ATTACHMENTS_LIMIT - sum(len(one.data or b"") for one in loaded)
        try:
            loaded.append(attachment.loaded(base, left))
        except Wrong as wrong:
            problems += [problem.under(f"attachments.{at}") for problem in wrong.problems]
    return tuple(loaded)


def _has_body(values: Values) -> Iterator[Problem]:
    for key in ("text", "html"):
        if values.get(key) is not None and values.get(f"{key}_file") is not None:
            yield Problem(f"{key}_file", f"must not stand beside {key}: one of them is the text")
    keys = ("text", "text_file", "html", "html_file")
    if all(key in values and values[key] is None for key in keys):
        yield Problem("text", "missing: an e-mail needs a text, or html")


EMAIL = Table(
    keys={
        "subject": readers.text,
        "text": readers.text,
        "html": readers.text,
        "text_file": place,
        "html_file": place,
        "attachments": attachments_of,
    },
    between=_has_body,
)
"""What may stand in `[scenarios.NAME.email.LANGUAGE]`."""
