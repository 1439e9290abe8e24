"""A project of an earlier version keeps everything, and grows right afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.study import Instance, SourceKind
from app.store import migrate
from app.store.files import UNKNOWN_SIZE, FileRow, Files
from app.store.library import Library
from app.store.project import Project, _engine

ROWS = """
INSERT INTO meta VALUES ('secret', '00');
INSERT INTO studies VALUES ('st', 'who', 1, 'Head', '2020-01-02'), ('vol', 'file', 0, 'Volume', '');
INSERT INTO series VALUES ('se', 'st', 'dicom', 'CT', 'Thin', '/d', '[0.5, 0.5, 2.0]', '[1, 0, 0, 0, 1, 0]', 'HU', 12,
 '["A gap."]', '{"BodyPartExamined": "HEAD"}');
INSERT INTO series VALUES ('ni', 'vol', 'nifti', '', 'T1', 'sample', '[1, 1, 1]', '[]', 'stored', 16, '[]', '{}');
INSERT INTO instances VALUES ('se', 0, '/d/1', 0, 0.0, '1.2.1', 'sha1', 64, 48), ('se', 1, '/d/2', 0, 2.0, '1.2.2',
 'sha2', 64, 48), ('ni', 0, 'sample/v.nii', 0, NULL, '', 'sha3', 5, 6),
 ('ni', 1, 'sample/v.nii', 1, NULL, '', 'sha3', 5, 6);
INSERT INTO quarantine VALUES ('/d/bad', 'damaged-file', 'why');
INSERT INTO labels VALUES ('se', 1, 'tumour'), ('ni', -1, 'healthy');
INSERT INTO cohorts VALUES ('c', 'now', '{"plane": "native"}', 1, '[]');
INSERT INTO cohort_items VALUES ('c', 0, 'se', 1, 'tumour', 'train', 'who', '/d/2');
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    engine = _engine(tmp_path / "project.db")
    migrate.upgrade(engine, "0002")
    engine.dispose()
    with closing(sqlite3.connect(tmp_path / "project.db")) as connection:
        connection.executescript(ROWS)
    made = Project.open(tmp_path)
    yield made
    made.close()


def test_everything_is_kept_and_counts_as_checked(project: Project) -> None:
    library, files = Library(project), Files(project)
    head, volume = library.studies()
    assert head.series[0].instances == (
        Instance("/d/1", 0, 0.0, "1.2.1", "sha1", 64, 48),
        Instance("/d/2", 0, 2.0, "1.2.2", "sha2", 64, 48),
    )
    assert (head.series[0].warnings, head.series[0].apart, head.patient) == (("A gap.",), "", "who")
    inside = str(project.root / "sample" / "v.nii")
    assert volume.series[0].kind is SourceKind.NIFTI
    assert volume.series[0].instances[1] == Instance(inside, 1, None, "", "sha3", 5, 6)
    assert library.labels() == {("se", 1): "tumour", ("ni", None): "healthy"}
    assert [q.path for q in library.quarantined()] == ["/d/bad"]
    assert [(one.key, one.images, one.unchecked) for one in library.lines()] == [("se", 2, 0), ("ni", 2, 0)]
    assert files.unchecked() == []
    assert files.known() == dict.fromkeys(("/d/1", "/d/2", inside), (UNKNOWN_SIZE, 0, True))
    assert files.of_study("vol") == [FileRow(inside, "vol", "file", False, "sha3", "", UNKNOWN_SIZE, 0, None)]


def test_a_slice_that_joins_later_moves_labels_and_cohorts_along(project: Project) -> None:
    library, files = Library(project), Files(project)
    (study, _) = library.studies()
    files.put([FileRow("/d/between", "st", "who", True, "", "1.2.3", 5, 6, {"path": "/d/between"})])
    assert [row.facts is None for row in files.of_study("st")] == [True, True, False]
    (series,) = study.series
    between = Instance("/d/between", 0, 1.0, "1.2.3", "", 64, 48)
    first, last = series.instances
    library.replace_study(replace(study, series=(replace(series, instances=(first, between, last)),)))
    assert [i.path for i in library.series("se").instances] == ["/d/1", "/d/between", "/d/2"]
    assert library.labels()[("se", 2)] == "tumour"
