"""Write a list of invented people, ready for `bealert plan --to`.

    python examples/make_people.py > people.csv
    python examples/make_people.py --count 100 --unusable 3 > few.csv

Their numbers are kept for fiction by the French regulator, and their e-mail addresses lead nowhere:
no phone rings, and no mailbox fills.
"""

import argparse
import csv
import sys

from bealert_engine._people import MOST_PEOPLE, invented_people


def main() -> None:
    """Write `id,name,phone,email,language,street` to standard output."""
    options = argparse.ArgumentParser(description="Write invented people as CSV.")
    options.add_argument("--count", type=int, default=5_000, help=f"at most {MOST_PEOPLE}")
    options.add_argument("--unusable", type=int, default=20, help="people without a usable number")
    options.add_argument(
        "--unmailable", type=int, default=15, help="people without a usable e-mail address"
    )
    options.add_argument("--seed", type=int, default=1, help="other people for another seed")
    chosen = options.parse_args()
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["id", "name", "phone", "email", "language", "street"])
    people = invented_people(
        chosen.count, unusable=chosen.unusable, unmailable=chosen.unmailable, seed=chosen.seed
    )
    for person in people:
        addresses = [person.phone, person.email]
        rows.writerow(
            [person.id, person.name, *addresses, person.language, person.values["street"]]
        )


if __name__ == "__main__":
    main()
