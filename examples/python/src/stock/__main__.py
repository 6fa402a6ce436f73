"""Lists what is there, or puts a bag on the shelf: `python3 -m stock [COFFEE GRAMS ROASTED]`."""

import os
import sys
from datetime import date

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from stock import shelf


def main(arguments: list[str]) -> None:
    with Session(create_engine(os.environ["DATABASE_URL"])) as session, session.begin():
        if arguments:
            coffee, grams, roasted = arguments
            shelf.put(session, coffee, int(grams), date.fromisoformat(roasted))
        for coffee, grams, oldest in shelf.listed(session):
            print(f"{coffee}: {grams} g, the oldest of {oldest}")


if __name__ == "__main__":
    main(sys.argv[1:])
