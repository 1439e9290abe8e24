"""A project folder: made, opened, brought up to date, refused."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.domain.errors import Failed, Refused
from app.store import migrate
from app.store.project import Project, _engine
from app.store.schema import HEAD, metadata, studies


def test_a_project_keeps_its_secret(tmp_path: Path) -> None:
    made = Project.create(tmp_path / "p")
    secret = made.secret
    made.close()
    again = Project.open(tmp_path / "p")
    assert again.secret == secret
    assert len(secret) == 32
    again.close()
    other = Project.create(tmp_path / "q")
    assert other.secret != secret
    other.close()


def test_a_project_is_never_made_over_something(tmp_path: Path) -> None:
    Project.create(tmp_path / "p").close()
    with pytest.raises(Refused, match="already holds a project"):
        Project.create(tmp_path / "p")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(Refused, match="not empty"):
        Project.create(tmp_path / "full")
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["thesis.txt"]


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Failed) as error:
        Project.create(tmp_path / "file" / "p")
    assert error.value.code == "unwritable"


def test_what_is_no_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no project at"):
        Project.open(tmp_path)
    (tmp_path / "project.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(Failed) as error:
        Project.open(tmp_path)
    assert error.value.code == "project-damaged"


def test_the_migrations_end_in_the_tables_of_the_program(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p")
    with project.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert migrate.version(project.database) == HEAD
    project.close()


def test_an_older_project_is_brought_up_to_date_and_a_copy_is_kept(tmp_path: Path) -> None:
    database = tmp_path / "project.db"
    engine = _engine(database)
    migrate.upgrade(engine, "0001")
    with engine.begin() as connection:
        row = {"key": "s", "patient": "p", "patient_known": True, "label": "Head", "date": ""}
        connection.execute(studies.insert().values(**row))
    engine.dispose()
    project = Project.open(tmp_path)
    with project.reading() as connection:
        assert connection.execute(select(studies.c.label)).scalars().all() == ["Head"]
    project.close()
    (backup,) = tmp_path.glob("project-0001-*.backup")
    assert migrate.version(backup) == "0001"
    assert migrate.version(database) == HEAD


def test_a_newer_project_is_refused_and_left_alone(tmp_path: Path) -> None:
    Project.create(tmp_path / "p").close()
    with closing(sqlite3.connect(tmp_path / "p" / "project.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(Refused, match="newer version"):
        Project.open(tmp_path / "p")
    assert migrate.version(tmp_path / "p" / "project.db") == "9999"


def test_opening_a_current_project_does_not_load_the_migrations(tmp_path: Path) -> None:
    Project.create(tmp_path / "p").close()
    code = (
        "import sys; from pathlib import Path; from app.store.project import Project\n"
        f"Project.open(Path({str(tmp_path / 'p')!r})).close(); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_reader_sees_the_old_state_while_a_writer_works(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p")
    row = {"key": "s", "patient": "p", "patient_known": True, "label": "Head", "date": ""}
    with project.writing() as writer:
        writer.execute(studies.insert().values(**row))
        with project.reading() as reader:
            assert reader.execute(select(studies)).all() == []
    with project.reading() as reader:
        assert len(reader.execute(select(studies)).all()) == 1
    project.close()


def test_a_transaction_that_fails_changes_nothing(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p")
    row = {"key": "s", "patient": "p", "patient_known": True, "label": "Head", "date": ""}
    with pytest.raises(IntegrityError), project.writing() as writer:
        writer.execute(studies.insert(), [row, row])
    with project.reading() as reader:
        assert reader.execute(select(studies)).all() == []
    project.close()
