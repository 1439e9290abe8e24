"""A patient's rows taken out of the database for good, in steps that a crash can only delay.

What is under way stands in ``meta``: first who is deleted, then that the file of the database still holds the bytes
of old rows. Both are gone only when the work is. It must not know runs, audits or caches.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import insert, select

from app.domain.cohort import DELETED
from app.domain.errors import Failed
from app.domain.wording import count
from app.store.project import WAIT_FOR_WRITER_S, Project
from app.store.schema import meta

_PENDING = "deleting:"
_UNSWEPT = "unswept"
_TRIES, _PAUSE_S = 20, 0.25
_SERIES = "SELECT se.key FROM series se JOIN studies st ON st.key = se.study WHERE st.patient = :patient"


def begin(project: Project, patient: str) -> str:
    """Note that a patient is being deleted.

    Returns:
        What stands for the patient in records that stay: random, so that it leads nobody back; the same where the
        work is taken up again.
    """
    with project.writing() as connection:
        row = {"key": _PENDING + patient, "value": DELETED + secrets.token_hex(8)}
        connection.execute(insert(meta).prefix_with("OR IGNORE"), row)
    return pending(project)[patient]


def pending(project: Project) -> dict[str, str]:
    """Patients whose deletion was begun and not finished, and what stands for each."""
    query = select(meta.c.key, meta.c.value).where(meta.c.key.startswith(_PENDING))
    with project.reading() as connection:
        return {row.key.removeprefix(_PENDING): row.value for row in connection.execute(query)}


def unswept(project: Project) -> bool:
    """Whether the database file may still hold the bytes of deleted rows."""
    with project.reading() as connection:
        return connection.execute(select(meta.c.value).where(meta.c.key == _UNSWEPT)).first() is not None


def erase_rows(project: Project, patient: str, aside: Collection[str]) -> None:
    """Take out everything that the database knows of a patient, in one transaction.

    Args:
        project: where.
        patient: keyed hash.
        aside: paths, as stored, of inputs that were set aside beside the patient's files.
    """
    with _raw(project.database) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        _erase(connection, patient, aside)
        connection.execute("DELETE FROM meta WHERE key = ?", (_PENDING + patient,))
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, '1')", (_UNSWEPT,))


def erase_in_backups(project: Project, patient: str, aside: Collection[str]) -> None:
    """Take a patient out of the copies that were kept before migrations; arguments as ``erase_rows``."""
    for path in sorted(project.root.glob(f"{project.database.stem}-*.backup")):
        with _raw(path) as connection:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                _erase(connection, patient, aside)
            connection.execute("VACUUM")


def sweep(project: Project) -> None:
    """Write the database anew without the bytes of deleted rows, and empty its write-ahead log.

    Raises:
        Failed: ``database-in-use``: another program holds it; the next opening of the project tries again.
    """
    try:
        with _raw(project.database) as connection:
            connection.execute("VACUUM")
            _empty_log(connection, project)
            connection.execute("DELETE FROM meta WHERE key = ?", (_UNSWEPT,))
    except sqlite3.OperationalError as error:
        raise Failed("database-in-use", path=str(project.database), detail=str(error)) from error


def _empty_log(connection: sqlite3.Connection, project: Project) -> None:
    """Readers of this program let go within a moment; another program may hold on for longer."""
    for _ in range(_TRIES):
        busy, *_counts = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return
        time.sleep(_PAUSE_S)
    raise Failed("database-in-use", path=str(project.database), detail="its log is being read")


def _erase(connection: sqlite3.Connection, patient: str, aside: Collection[str]) -> None:
    """Delete in a database of any version."""
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "cohort_items" in tables:
        _erase_items(connection, patient)
    if "stale" in tables:
        connection.execute("DELETE FROM stale WHERE study IN (SELECT study FROM files WHERE patient = ?)", (patient,))
    connection.execute("DELETE FROM studies WHERE patient = ?", (patient,))
    if "files" in tables:
        connection.execute("DELETE FROM files WHERE patient = ?", (patient,))
    connection.executemany("DELETE FROM quarantine WHERE path = ?", [(path,) for path in aside])


def _erase_items(connection: sqlite3.Connection, patient: str) -> None:
    theirs = f"patient = :patient OR series IN ({_SERIES})"
    query = f"SELECT cohort, count(*) FROM cohort_items WHERE {theirs} GROUP BY cohort"
    touched = connection.execute(query, {"patient": patient}).fetchall()
    for name, number in touched:
        notices = json.loads(connection.execute("SELECT notices FROM cohorts WHERE name = ?", (name,)).fetchone()[0])
        gone = count(number, "image of a deleted patient is", "images of a deleted patient are")
        notices.append(f"{gone} no longer part of the cohort.")
        kept = json.dumps(notices, ensure_ascii=False)
        connection.execute("UPDATE cohorts SET notices = ? WHERE name = ?", (kept, name))
    connection.execute(f"DELETE FROM cohort_items WHERE {theirs}", {"patient": patient})
    empty = "DELETE FROM cohorts WHERE name = ? AND name NOT IN (SELECT cohort FROM cohort_items)"
    connection.executemany(empty, [(name,) for name, _ in touched])


@contextmanager
def _raw(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection outside SQLAlchemy, which would begin a transaction: VACUUM must not be in one."""
    with closing(sqlite3.connect(database, timeout=WAIT_FOR_WRITER_S, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        yield connection
