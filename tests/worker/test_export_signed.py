"""What a person signed is what leaves: the plan of the dry run holds for the export, and for nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from app.domain.errors import Refused
from app.domain.export import ExportRequest
from app.store.project import Project
from app.worker import export_contact
from app.worker.channel import RecordingChannel
from app.worker.export import export
from app.worker.export_check import check
from tests.helpers.projects import Ground


def request(ground: Ground, out: Path) -> ExportRequest:
    return ExportRequest(str(out), ground.samples, "trial")


def test_the_signed_plan_leaves_wherever_it_goes(ground_project: Project, ground: Ground, tmp_path: Path) -> None:
    signed = check(ground_project, request(ground, tmp_path / "out"), RecordingChannel())
    result = export(
        ground_project, request(ground, tmp_path / "elsewhere"), RecordingChannel(), signed=signed.plan_sha256
    )
    assert result["plan_sha256"] == signed.plan_sha256
    assert (tmp_path / "elsewhere" / "manifest.json").exists()


def test_another_plan_than_the_signed_one_does_not_leave(
    ground_project: Project, ground: Ground, tmp_path: Path
) -> None:
    asked = request(ground, tmp_path / "out")
    signed = check(ground_project, asked, RecordingChannel())
    changed = ExportRequest(asked.out, asked.samples, asked.cohort, licence="CC BY 4.0")
    with pytest.raises(Refused) as refused:
        export(ground_project, changed, RecordingChannel(), signed=signed.plan_sha256)
    assert refused.value.code == "plan-changed"
    assert not (tmp_path / "out").exists()
    assert not ground_project.exports_log.exists()


def test_pictures_of_what_leaves_lie_beside_the_sheet(ground_project: Project, ground: Ground, tmp_path: Path) -> None:
    found = check(ground_project, request(ground, tmp_path / "out"), RecordingChannel())
    folder = (ground_project.root / found.html).parent / export_contact.FOLDER
    pictures = sorted(folder.iterdir())
    assert len(pictures) == sum(found.per_class.values())
    assert all(path.name.startswith("synthetic-") for path in pictures)
    with Image.open(pictures[0]) as picture:
        assert picture.mode == "L"
