"""The migrations make the database that the models expect."""

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text


def at(path, revision):
    config = Config("alembic.ini")
    config.set_main_option("sqlalchemy.url", f"sqlite:///{path}")
    command.upgrade(config, revision)
    return config


def test_nothing_is_missing_between_the_migrations_and_the_models(tmp_path):
    command.check(at(tmp_path / "stock.db", "head"))


def test_bags_from_before_count_as_old(tmp_path):
    path = tmp_path / "stock.db"
    at(path, "0001")
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO bags (coffee, grams) VALUES ('Antigua', 250)"))
    at(path, "head")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT roasted FROM bags")).scalar() == "2020-01-01"
