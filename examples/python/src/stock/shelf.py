"""The bags on the shelf: what comes in, and what goes out, oldest roast first."""

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stock.models import Bag


class TooLittle(Exception):
    """More was asked for than there is."""


def put(session: Session, coffee: str, grams: int, roasted: date) -> None:
    if grams <= 0:
        raise ValueError(f"a bag of {grams} g")
    session.add(Bag(coffee=coffee, grams=grams, roasted=roasted))


def take(session: Session, coffee: str, grams: int) -> list[date]:
    """Takes so much off the shelf; says which roasts it comes from."""
    if grams > amount(session, coffee):
        raise TooLittle(f"{grams} g of {coffee}, and there are {amount(session, coffee)} g")
    roasts = []
    oldest_first = select(Bag).where(Bag.coffee == coffee).order_by(Bag.roasted, Bag.id)
    for bag in session.scalars(oldest_first):
        if grams == 0:
            break
        part = min(grams, bag.grams)
        grams -= part
        bag.grams -= part
        roasts.append(bag.roasted)
        if bag.grams == 0:
            session.delete(bag)
    return roasts


def amount(session: Session, coffee: str) -> int:
    return session.scalar(select(func.coalesce(func.sum(Bag.grams), 0)).where(Bag.coffee == coffee))


def listed(session: Session) -> list[tuple[str, int, date]]:
    """Each coffee: how much of it there is, and its oldest roast."""
    query = select(Bag.coffee, func.sum(Bag.grams), func.min(Bag.roasted)).group_by(Bag.coffee).order_by(Bag.coffee)
    return [tuple(row) for row in session.execute(query)]
