"""Rows of a deleted patient leave the database, and the copies of it that older versions left."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.store import erasing, migrate
from app.store.project import Project, _engine

WHO = "hash-of-jane-0123456789abcdef"


def backup(project: Project, version: str) -> Path:
    """A copy of the database as it was before a migration, with two patients in it."""
    path = project.root / f"project-{version}-2026-01-01T000000.backup"
    engine = _engine(path)
    migrate.upgrade(engine, version)
    engine.dispose()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO studies VALUES ('st', ?, 1, 'Head', ''), ('other', 'joe', 1, 'Knee', '')", (WHO,)
        )
        values = "'dicom', 'CT', 'x', '/d', '[]', '[]', 'HU', 12, '[]', '{}'"
        connection.execute(f"INSERT INTO series VALUES ('se', 'st', {values}), ('so', 'other', {values})")
        connection.execute("INSERT INTO instances VALUES ('se', 0, '/DOE/1', 0, 0.0, '1.2', 'sha', 8, 8)")
        if version > "0001":
            connection.execute("INSERT INTO cohorts VALUES ('c', '', '{}', 1, '[]')")
            connection.execute("INSERT INTO cohort_items VALUES ('c', 0, 'se', 0, 'a', 'train', ?, '/DOE/1')", (WHO,))
            connection.execute("INSERT INTO cohort_items VALUES ('c', 1, 'so', 0, 'a', 'train', 'joe', '/JOE/1')")
    return path


@pytest.mark.parametrize("version", ["0001", "0002", "0003", "0004"])
def test_a_backup_of_any_version_forgets_them(project: Project, version: str) -> None:
    if version >= "0003":
        path = project.root / f"project-{version}-2026-01-01T000000.backup"
        engine = _engine(path)
        migrate.upgrade(engine, version)
        engine.dispose()
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("INSERT INTO files VALUES (1, '/DOE/1', 'st', ?, 1, 'sha', '', 1, 1, NULL)", (WHO,))
            connection.execute("INSERT INTO stale VALUES ('st')")
            connection.execute("INSERT INTO studies VALUES ('other', 'joe', 1, 'Knee', '')")
    else:
        path = backup(project, version)
    assert WHO.encode() in path.read_bytes()
    erasing.erase_in_backups(project, WHO, ["/DOE/set aside"])
    content = path.read_bytes() + b"".join(p.read_bytes() for p in project.root.glob(f"{path.name}-*"))
    assert WHO.encode() not in content
    assert b"/DOE/1" not in content
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT patient FROM studies").fetchall() == [("joe",)]
    assert migrate.version(path) == version


def test_the_stand_in_is_the_same_when_work_is_taken_up_again(project: Project) -> None:
    first = erasing.begin(project, WHO)
    assert erasing.begin(project, WHO) == first
    assert erasing.pending(project) == {WHO: first}
    erasing.erase_rows(project, WHO, [])
    assert erasing.pending(project) == {}
    assert erasing.unswept(project)
    erasing.sweep(project)
    assert not erasing.unswept(project)
    assert first != erasing.begin(project, WHO), "another deletion has another one: nothing links them"
