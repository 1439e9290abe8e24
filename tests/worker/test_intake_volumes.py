"""Volumes of a header and its voxels come in as one, and none is taken for another."""

from pathlib import Path

import numpy as np
import SimpleITK

from app.domain.study import SourceKind
from app.store.library import Library
from app.store.project import Project
from app.worker.channel import RecordingChannel
from tests.helpers.intake import import_paths


def test_headers_that_are_the_same_stand_for_different_volumes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for number in range(3):
        (source / f"{number}").mkdir(parents=True)
        image = SimpleITK.GetImageFromArray(np.full((3, 4, 5), 10 * (number // 2), np.int16))
        SimpleITK.WriteImage(image, str(source / f"{number}" / "scan.mhd"))
    headers = {path.read_bytes() for path in source.rglob("*.mhd")}
    assert len(headers) == 1
    project = Project.create(tmp_path / "project")
    try:
        result = import_paths(project, [source], RecordingChannel())
        kinds = [one.kind for study in Library(project).studies() for one in study.series]
    finally:
        project.close()
    assert result["quarantined"] == []
    assert (result["found"], result["imported"], result["skipped"]) == (6, 2, 4)  # three data files, and a true copy
    assert kinds == [SourceKind.VOLUME] * 2
