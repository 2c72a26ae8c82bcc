"""The people an alert goes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field

__all__ = ["Recipient"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person of a campaign, with the addresses that are known.

    Nothing is judged here: `Engine.plan` takes millions of these from any iterable, and reports
    who is excluded on which channel and why (no number, an e-mail address that is none).

    Attributes:
        id: The host application's own key of this person, once per campaign.
        phone: As it was entered; the engine's `default_country` completes a national number.
        email: As it was entered; scenarios with e-mail send to it.
        name: A template sees it as `{{ name }}`.
        language: A code like "nl" or "nl-BE"; without one the engine's order of languages decides.
        values: What templates see beside `id`, `name` and `language`. It wins over the values
            of the plan, and is read when the plan is made: do not change it before.

    >>> anna = Recipient("p1", phone="+33 6 39 98 12 34", language="nl",
    ...                  values={"street": "Kerkstraat"})
    >>> anna.values["street"]
    'Kerkstraat'
    """

    id: str
    _: KW_ONLY
    phone: str | None = None
    email: str | None = None
    name: str | None = None
    language: str | None = None
    values: Mapping[str, str] = field(default_factory=dict, hash=False)
