"""Write a list of invented people, ready for `bealert plan --to`.

    python examples/make_people.py > people.csv
    python examples/make_people.py --count 100 --unusable 3 > few.csv

Their numbers are kept for fiction by the French regulator: no phone rings.
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
    options.add_argument("--seed", type=int, default=1, help="other people for another seed")
    chosen = options.parse_args()
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["id", "name", "phone", "email", "language", "street"])
    for person in invented_people(chosen.count, unusable=chosen.unusable, seed=chosen.seed):
        street = person.values["street"]
        rows.writerow([person.id, person.name, person.phone, "", person.language, street])


if __name__ == "__main__":
    main()
