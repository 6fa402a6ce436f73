"""Brings a database to a revision, by the target's own Alembic.

usage: farm_migrate.py --path FOLDER… --config FILE --database VARIABLE --to REVISION

The database's address is in an environment variable. The migrations find it there, or as `sqlalchemy.url` of their
configuration; it is written nowhere.
"""
import argparse
import os
import site
import sys
import traceback


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--path", action="append", default=[])
    parser.add_argument("--config", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--to", required=True)
    options = parser.parse_args()
    paths = [os.path.abspath(folder) for folder in options.path]
    # The first entry is this script's own folder, which is the target's.
    sys.path[:1] = paths
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    site.setquit()
    migrate(options)


def migrate(options):
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(options.config)
    # A percent sign begins a reference to another value there.
    config.set_main_option("sqlalchemy.url", os.environ[options.database].replace("%", "%%"))
    try:
        command.upgrade(config, options.to)
        print("the database is at:", flush=True)
        command.current(config)
    except CommandError as error:
        sys.exit(f"Alembic: {error}")
    except Exception:
        traceback.print_exc()
        sys.exit(f"the migration failed; `{options.database}` says which database it was")


if __name__ == "__main__":
    main()
