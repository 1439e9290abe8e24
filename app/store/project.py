"""A project: a folder that a person can copy, back up and delete, with its database.

Knows where things lie and how to reach the database; what the tables mean is the matter of ``library`` and
``cohorts``. A worker writes while the window reads: WAL lets both.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, select

from app.domain.errors import Failed, Refused
from app.store import migrate
from app.store.schema import meta

DATABASE = "project.db"
WAIT_FOR_WRITER_S = 60


class Project:
    """An open project.

    Attributes:
        root: the folder.
    """

    def __init__(self, root: Path, engine: Engine) -> None:
        self.root = root
        self._engine = engine
        self._writing = engine.execution_options(immediate=True)
        self._secret: bytes | None = None

    @classmethod
    def create(cls, folder: Path) -> Project:
        """Make a project in a new or an empty folder.

        Raises:
            Refused: ``project-exists``, ``folder-not-empty``.
            Failed: ``unwritable``.
        """
        root = folder.expanduser().resolve()
        if (root / DATABASE).exists():
            raise Refused("project-exists", path=str(root))
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise Refused("folder-not-empty", path=str(root))
        try:
            for name in ("runs", "samples", "audits", "cache"):
                (root / name).mkdir(parents=True, exist_ok=True)
            (root / DATABASE).touch()
        except OSError as error:
            raise Failed("unwritable", path=str(root), detail=error.strerror or str(error)) from error
        return cls._connect(root)

    @classmethod
    def open(cls, folder: Path) -> Project:
        """Open a project, bringing an older one up to date (a copy of its database stays beside it).

        Raises:
            Refused: ``project-missing``, ``project-newer``.
            Failed: ``project-damaged``.
        """
        root = folder.expanduser().resolve()
        if not (root / DATABASE).is_file():
            raise Refused("project-missing", path=str(root))
        return cls._connect(root)

    @classmethod
    def _connect(cls, root: Path) -> Project:
        engine = _engine(root / DATABASE)
        try:
            migrate.bring_up(root / DATABASE, engine)
            project = cls(root, engine)
            project._ensure_secret()
        except BaseException:
            engine.dispose()
            raise
        return project

    @property
    def secret(self) -> bytes:
        """32 random bytes of this project, the key of its patient hashes."""
        if self._secret is None:
            with self.reading() as connection:
                text = connection.execute(select(meta.c.value).where(meta.c.key == "secret")).scalar_one()
            self._secret = bytes.fromhex(text)
        return self._secret

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / DATABASE

    @property
    def runs(self) -> Path:
        """One folder a run."""
        return self._folder("runs")

    @property
    def samples(self) -> Path:
        """One folder a sample set."""
        return self._folder("samples")

    @property
    def audits(self) -> Path:
        """One folder an audit."""
        return self._folder("audits")

    @property
    def cache(self) -> Path:
        """What can be made again: thumbnails, prepared arrays, job logs. May be deleted at any time."""
        return self._folder("cache")

    @property
    def thumbnails(self) -> Path:
        """``<series key>.png``, 96 px grey."""
        return self._folder("cache/thumbnails")

    @property
    def jobs(self) -> Path:
        """Folders of jobs that are no runs: spec, events, log."""
        return self._folder("cache/jobs")

    @property
    def exports_log(self) -> Path:
        """What left the project, one JSON object a line."""
        return self.root / "exports.jsonl"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one consistent state."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it happens, or nothing. Writers wait for one another."""
        with self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of the database; the project must not be used afterwards."""
        self._engine.dispose()

    def _folder(self, name: str) -> Path:
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _ensure_secret(self) -> None:
        with self.reading() as connection:
            if connection.execute(select(meta.c.key).where(meta.c.key == "secret")).first():
                return
        with self.writing() as connection:
            connection.execute(insert(meta).prefix_with("OR IGNORE").values(key="secret", value=secrets.token_hex(32)))


def _engine(database: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{database}", connect_args={"timeout": WAIT_FOR_WRITER_S, "isolation_level": None}
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    """Begin by hand: sqlite3 would not until the first write, and a writer that has read would deadlock."""
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
