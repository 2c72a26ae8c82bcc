"""What is sent along with an e-mail."""

from __future__ import annotations

import base64
import mimetypes
import os
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Any

from bealert_engine import _readers as readers
from bealert_engine._files import Place, octets_of, place
from bealert_engine._tables import Problem, Table, Values, Wrong, settle
from bealert_engine.errors import ConfigError

__all__ = ["ATTACHMENT", "ATTACHMENTS_LIMIT", "Attachment", "attachments_of"]

ATTACHMENTS_LIMIT = 7 * 1024 * 1024
"""Octets of all that is sent along with a message: in Base64 they fit the 10 MB at which Postfix
draws the line by default."""

ATTACHMENTS_MOST = 32
"""Files that are sent along with a message; nobody opens more."""

UNKNOWN_TYPE = "application/octet-stream"
"""The media type of a file whose name does not say it."""

TOO_LARGE = f"all attachments of a message have at most {ATTACHMENTS_LIMIT:,} octets together"

_TYPES = mimetypes.MimeTypes(filenames=())
"""Python's own table: what the machine adds would make a message differ from host to host."""


@dataclass(frozen=True)
class Attachment:
    """A file that is sent along, or an image that the HTML shows.

    Attributes:
        file: Where it is read from, once, when the engine is opened or a plan is made.
        data: What is in it, instead of a file.
        name: What it is called where it arrives; None: the name of the file.
        content_type: Its media type; None: by the name.
        content_id: With one it is not listed, but shown where the HTML has "cid:" and this.

    Raises:
        ConfigError: With everything that is wrong.

    >>> Attachment("maps/route.pdf").named, Attachment(data=b"GIF89a", name="logo.gif").media_type
    ('route.pdf', 'image/gif')
    """

    file: Place | None = None
    _: KW_ONLY
    data: bytes | None = field(default=None, repr=False)
    name: str | None = None
    content_type: str | None = None
    content_id: str | None = None

    def __post_init__(self) -> None:
        problems = settle(self, ATTACHMENT, "Attachment")
        if problems:
            raise ConfigError(problems)

    @property
    def named(self) -> str:
        """What it is called where it arrives."""
        return self.name or Path(self.file or "").name

    @property
    def media_type(self) -> str:
        """Its media type."""
        return self.content_type or _TYPES.guess_type(self.named)[0] or UNKNOWN_TYPE

    def loaded(self, base: Path, most: int) -> Attachment:
        """The same with its octets at hand, `most` of them at most."""
        data = self.data or b""
        if self.file is not None:
            data = octets_of(base / self.file, most, TOO_LARGE)
        if len(data) > most:
            raise Wrong(TOO_LARGE)
        return replace(self, file=None, data=data, name=self.named, content_type=self.media_type)

    def wire(self) -> dict[str, Any]:
        """As the Rust core takes it, once it is loaded."""
        return {
            "name": self.named,
            "content_type": self.media_type,
            "content_id": self.content_id,
            "data": base64.b64encode(self.data or b"").decode(),
        }


def attachments_of(value: object) -> tuple[Attachment, ...]:
    """Read a list of attachments, each an `Attachment`, a path, or a table with its keys."""
    attachments = readers.listed(value, _attachment)
    if len(attachments) > ATTACHMENTS_MOST:
        raise Wrong(f"must be at most {ATTACHMENTS_MOST}, not {len(attachments)}")
    return attachments


def _attachment(value: object) -> Attachment:
    if isinstance(value, Attachment):
        return value
    if isinstance(value, str | os.PathLike):
        return Attachment(place(value))
    if not isinstance(value, Mapping):
        raise Wrong('must be a path, or a table like { file = "map.png", content_id = "map" }')
    values, problems = ATTACHMENT.read(value, Attachment)
    if problems:
        raise Wrong(problems)
    return Attachment(**values)


def _octets(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise Wrong(f"must be bytes, not {type(value).__name__}")
    return value


def _one_source(values: Values) -> Iterator[Problem]:
    if "file" not in values or "data" not in values:
        return
    if (values["file"] is None) == (values["data"] is None):
        yield Problem("file", "give a file or data, one of them")
    elif values["data"] is not None and values.get("name") is None:
        yield Problem("name", "missing: data has none of its own")


ATTACHMENT = Table(
    keys={
        "file": place,
        "data": _octets,
        "name": readers.filled,
        "content_type": readers.filled,
        "content_id": readers.filled,
    },
    between=_one_source,
)
"""What may stand in a table of `attachments = [...]`."""
