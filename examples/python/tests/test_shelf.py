"""What comes onto the shelf and leaves it."""

from datetime import date

import pytest

from stock import shelf

MAY = date(2026, 5, 2)
JUNE = date(2026, 6, 1)


def test_an_empty_shelf_holds_nothing(session):
    assert shelf.amount(session, "Yirgacheffe") == 0
    assert shelf.listed(session) == []


def test_bags_of_one_coffee_are_counted_together(session):
    shelf.put(session, "Yirgacheffe", 250, JUNE)
    shelf.put(session, "Yirgacheffe", 500, MAY)
    shelf.put(session, "Antigua", 250, JUNE)
    assert shelf.listed(session) == [("Antigua", 250, JUNE), ("Yirgacheffe", 750, MAY)]


def test_the_oldest_roast_is_taken_first(session):
    shelf.put(session, "Yirgacheffe", 250, JUNE)
    shelf.put(session, "Yirgacheffe", 250, MAY)
    assert shelf.take(session, "Yirgacheffe", 200) == [MAY]
    assert shelf.take(session, "Yirgacheffe", 100) == [MAY, JUNE]
    assert shelf.amount(session, "Yirgacheffe") == 200


def test_nobody_takes_more_than_there_is(session):
    shelf.put(session, "Antigua", 250, JUNE)
    with pytest.raises(shelf.TooLittle, match="300 g of Antigua, and there are 250 g"):
        shelf.take(session, "Antigua", 300)
    assert shelf.amount(session, "Antigua") == 250


@pytest.mark.parametrize("grams", [0, -250])
def test_a_bag_holds_something(session, grams):
    with pytest.raises(ValueError):
        shelf.put(session, "Antigua", grams, JUNE)
