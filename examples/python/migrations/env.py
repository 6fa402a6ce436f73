"""Alembic's environment: how a migration reaches the database. farm sets `sqlalchemy.url`."""

from alembic import context
from sqlalchemy import create_engine

from stock.models import Base


def main() -> None:
    engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()


main()
