"""What the database holds."""

from datetime import date

from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Bag(Base):
    """A bag of one roast; an empty one is thrown away."""

    __tablename__ = "bags"

    id: Mapped[int] = mapped_column(primary_key=True)
    coffee: Mapped[str] = mapped_column(String(80), index=True)
    grams: Mapped[int]
    roasted: Mapped[date]
