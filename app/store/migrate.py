"""Brings a project database to the schema of this program, with a copy of the old one kept beside it.

Alembic is imported only where there is something to do, so that opening a current project is quick.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine

from app.domain.errors import Failed, Refused
from app.store.folders import now
from app.store.schema import HEAD


def version(database: Path) -> str:
    """Schema version of a database file; "" for an empty one.

    Raises:
        Failed: ``project-damaged``: not a database; ``unwritable``: it cannot be opened (SQLite writes to read).
    """
    try:
        with closing(sqlite3.connect(database, timeout=30)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
                return ""
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        raise Failed("unwritable", path=str(database.parent), detail=str(error)) from error
    except sqlite3.DatabaseError as error:
        raise Failed("project-damaged", path=str(database), detail=str(error)) from error
    return str(row[0]) if row else ""


def bring_up(database: Path, engine: Engine) -> None:
    """Run the migrations that are missing.

    Raises:
        Refused: ``project-newer``: the schema is newer than this program.
        Failed: ``project-damaged``: not a database.
    """
    found = version(database)
    if found == HEAD:
        return
    if found > HEAD:
        raise Refused("project-newer", path=str(database.parent))
    if found:
        _back_up(database, found)
    upgrade(engine, HEAD)


def upgrade(engine: Engine, revision: str) -> None:
    """Run the migrations up to ``revision``, all or none."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _back_up(database: Path, found: str) -> None:
    """Copy the database as it is, through SQLite so that its write-ahead log is included."""
    stamp = now()[:19].replace(":", "")
    target = database.with_name(f"{database.stem}-{found}-{stamp}.backup")
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
