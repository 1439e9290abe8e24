"""Importing again into a project that an older version made: nothing twice, nothing lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from app.store.files import UNKNOWN_SIZE, Files
from app.store.library import Library
from app.store.project import Project
from app.worker.channel import RecordingChannel
from app.worker.intake import import_paths
from tests.helpers.dicom_factory import write_series
from tests.helpers.pictures import write_pictures


def forget_headers(project: Project) -> None:
    """What an older version never kept."""
    with project.writing() as connection:
        connection.execute(text("UPDATE files SET facts = NULL, size = -1, modified_ns = 0"))


def test_more_slices_join_their_series_and_labels_follow(project: Project, tmp_path: Path) -> None:
    paths = write_series(tmp_path / "all")
    (tmp_path / "first").mkdir()
    for path in (paths[0], paths[4]):
        shutil.move(path, tmp_path / "first" / path.name)
    import_paths(project, [tmp_path / "first"], RecordingChannel())
    forget_headers(project)
    library = Library(project)
    library.set_label(library.lines()[0].key, 1, "last")
    import_paths(project, [tmp_path / "all"], RecordingChannel())
    (line,) = library.lines()
    assert (line.images, line.unchecked) == (5, 0)
    series = library.series(line.key)
    assert [i.position_mm for i in series.instances] == [0.0, 5.0, 10.0, 15.0, 20.0]
    assert (series.spacing_mm[2], series.warnings) == (5.0, ())
    assert library.labels() == {(line.key, 4): "last"}


def test_slices_on_a_disk_that_is_away_stay(project: Project, tmp_path: Path) -> None:
    paths = write_series(tmp_path / "all")
    (tmp_path / "first").mkdir()
    for path in paths[:2]:
        shutil.move(path, tmp_path / "first" / path.name)
    import_paths(project, [tmp_path / "first"], RecordingChannel())
    forget_headers(project)
    (tmp_path / "first").rename(tmp_path / "away")
    import_paths(project, [tmp_path / "all"], RecordingChannel())
    (line,) = Library(project).lines()
    assert line.images == 5
    assert [i.position_mm for i in Library(project).series(line.key).instances] == [0.0, 5.0, 10.0, 15.0, 20.0]


@pytest.fixture
def older(project: Project, tmp_path: Path) -> Project:
    """A project with every other slice of a series and three pictures, as the migration leaves it."""
    paths = write_series(tmp_path / "in" / "ct")
    away = tmp_path / "later"
    away.mkdir()
    for path in paths[1::2]:
        shutil.move(path, away / path.name)
    write_pictures(tmp_path / "in" / "png", 1)
    import_paths(project, [tmp_path / "in"], RecordingChannel())
    with project.writing() as connection:
        connection.execute(text("UPDATE files SET facts = NULL, size = -1, modified_ns = 0, study = 'old-' || study"))
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        connection.execute(text("UPDATE series SET study = 'old-' || study"))
        connection.execute(text("UPDATE studies SET key = 'old-' || key"))
    return project


def test_the_same_files_again_are_known(older: Project, tmp_path: Path) -> None:
    before = Library(older).studies()
    Library(older).set_label(before[0].series[0].key, None, "mine")
    labels = Library(older).labels()
    result = import_paths(older, [tmp_path / "in"], RecordingChannel())
    assert (result["imported"], result["skipped"]) == (0, 6)
    assert Library(older).studies() == before
    assert Library(older).labels() == labels
    assert all(size != UNKNOWN_SIZE for size, _, _ in Files(older).known().values())


def test_copies_under_other_paths_are_known(older: Project, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "in", tmp_path / "copy")
    result = import_paths(older, [tmp_path / "copy"], RecordingChannel())
    assert (result["imported"], result["skipped"]) == (0, 6)


def test_a_file_that_changed_since_is_read_anew(older: Project, tmp_path: Path) -> None:
    path = next((tmp_path / "in" / "png").rglob("*.png"))
    path.write_bytes(next(p for p in write_pictures(tmp_path / "new", 2) if p.name != path.name).read_bytes())
    result = import_paths(older, [path], RecordingChannel())
    assert result["imported"] == 1
    assert Files(older).known()[str(path)][0] == path.stat().st_size
