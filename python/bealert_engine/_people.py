"""Invented people for demonstrations and tests: nobody's phone rings at their numbers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from bealert_engine.recipient import Recipient

FICTITIOUS_PREFIX = "+3363998"
"""French mobile numbers that the regulator Arcep keeps for fiction (decision 2012-0856): they are
given to nobody. 06 39 98 00 00 to 06 39 98 99 99."""

MOST_PEOPLE = 10_000
"""As many as the fictitious range has numbers: each person has an own one."""

UNUSABLE = ("", "unknown", "12", "0032", "call my sister", "+32 470", "99999999999999999999")
"""What stands in a real list where a phone number should: each is excluded from a plan."""

LANGUAGES = ("nl", "nl", "nl", "fr", "fr", "en", "de")
STREETS = {
    "nl": ("Kerkstraat", "Stationsstraat", "Molenweg", "Lindelaan", "Schoolstraat"),
    "fr": ("rue de l'Église", "rue de la Gare", "chemin du Moulin", "avenue des Tilleuls"),
    "de": ("Kirchstraße", "Bahnhofstraße", "Mühlenweg", "Lindenallee"),
    "en": ("Church Street", "Station Road", "Mill Lane", "Lime Avenue"),
}
FIRST_NAMES = ("Anna", "Bram", "Chloé", "Daan", "Elif", "Farid", "Greta", "Hugo", "Inès", "Jonas")
LAST_NAMES = ("Peeters", "Dubois", "Janssens", "Lambert", "Maes", "Müller", "Okafor", "Yılmaz")


def invented_people(count: int, *, unusable: int = 0, seed: int = 1) -> Iterator[Recipient]:
    """Invent people, the same ones for the same arguments.

    Args:
        count: How many, at most `MOST_PEOPLE`.
        unusable: How many of them, spread evenly, have no usable phone number.
        seed: Another seed gives other people.

    >>> people = list(invented_people(5000, unusable=20))
    >>> people[0].id, people[0].phone
    ('p00001', '+33 6 39 98 00 00')
    >>> sum("+3363998" not in person.phone.replace(" ", "") for person in people)
    20
    """
    if not 0 <= unusable <= count <= MOST_PEOPLE:
        raise ValueError(f"wants 0 <= unusable <= count <= {MOST_PEOPLE}")
    chance = random.Random(seed)
    spoilt = 0
    for number in range(count):
        person = _person(number, chance)
        if (number + 1) * unusable // count > spoilt:
            person = replace(person, phone=UNUSABLE[spoilt % len(UNUSABLE)])
            spoilt += 1
        yield person


def _person(number: int, chance: random.Random) -> Recipient:
    language = chance.choice(LANGUAGES)
    street = chance.choice(STREETS[language])
    return Recipient(
        f"p{number + 1:05}",
        phone=f"+33 6 39 98 {number // 100:02} {number % 100:02}",
        name=f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}",
        language=language,
        values={"street": f"{street} {chance.randrange(1, 200)}"},
    )
