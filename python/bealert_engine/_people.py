"""Invented people for demonstrations and tests: nobody's phone rings, nobody's mailbox fills."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from bealert_engine.recipient import Recipient

MOST_PEOPLE = 10_000
"""As many as there are French mobile numbers that the regulator Arcep keeps for fiction (decision
2012-0856): 06 39 98 00 00 to 06 39 98 99 99 are given to nobody, and each person has an own one."""

UNUSABLE = ("", "unknown", "12", "0032", "call my sister", "+32 470", "99999999999999999999")
"""What stands in a real list where a phone number should: each is excluded from a plan."""

UNUSABLE_EMAILS = ("", "unknown", "anna@", "@mail.example", "an na@mail.example", "a@localhost")
"""What stands in a real list where an e-mail address should; those at `.example` lead nowhere
(RFC 2606)."""

LANGUAGES = ("nl", "nl", "nl", "fr", "fr", "en", "de")
STREETS = {
    "nl": ("Kerkstraat", "Stationsstraat", "Molenweg", "Lindelaan", "Schoolstraat"),
    "fr": ("rue de l'Église", "rue de la Gare", "chemin du Moulin", "avenue des Tilleuls"),
    "de": ("Kirchstraße", "Bahnhofstraße", "Mühlenweg", "Lindenallee"),
    "en": ("Church Street", "Station Road", "Mill Lane", "Lime Avenue"),
}
FIRST_NAMES = ("Anna", "Bram", "Chloé", "Daan", "Elif", "Farid", "Greta", "Hugo", "Inès", "Jonas")
LAST_NAMES = ("Peeters", "Dubois", "Janssens", "Lambert", "Maes", "Müller", "Okafor", "Yılmaz")


def invented_people(
    count: int, *, unusable: int = 0, unmailable: int = 0, seed: int = 1
) -> Iterator[Recipient]:
    """Invent people, the same ones for the same arguments.

    Args:
        count: How many, at most `MOST_PEOPLE`.
        unusable: How many of them, spread evenly, have no usable phone number.
        unmailable: How many of them, spread evenly, have no usable e-mail address.
        seed: Another seed gives other people.

    >>> people = list(invented_people(5000, unusable=20, unmailable=15))
    >>> people[0].id, people[0].phone, people[0].email
    ('p00001', '+33 6 39 98 00 00', 'p00001@mail.example')
    >>> sum("+3363998" not in person.phone.replace(" ", "") for person in people)
    20
    """
    if not 0 <= min(unusable, unmailable) <= max(unusable, unmailable) <= count <= MOST_PEOPLE:
        raise ValueError(f"wants 0 <= unusable, unmailable <= count <= {MOST_PEOPLE}")
    chance = random.Random(seed)
    for number in range(count):
        person = _person(number, chance)
        phone = _spoilt(number, count, unusable)
        if phone is not None:
            person = replace(person, phone=UNUSABLE[phone % len(UNUSABLE)])
        # Half a stride away, so that hardly anybody is without both.
        email = _spoilt((number + count // (2 * max(1, unusable))) % count, count, unmailable)
        if email is not None:
            person = replace(person, email=UNUSABLE_EMAILS[email % len(UNUSABLE_EMAILS)])
        yield person


def _spoilt(number: int, count: int, spoilt: int) -> int | None:
    """Which of the spoilt ones this is, where they are spread evenly, or None."""
    before, after = number * spoilt // count, (number + 1) * spoilt // count
    return before if after > before else None


def _person(number: int, chance: random.Random) -> Recipient:
    language = chance.choice(LANGUAGES)
    street = chance.choice(STREETS[language])
    return Recipient(
        f"p{number + 1:05}",
        phone=f"+33 6 39 98 {number // 100:02} {number % 100:02}",
        email=f"p{number + 1:05}@mail.example",
        name=f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}",
        language=language,
        values={"street": f"{street} {chance.randrange(1, 200)}"},
    )
