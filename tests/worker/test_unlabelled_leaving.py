"""Images that a run learnt from without a label: copies of them are found, and none of them leaves as a real image.

And what a run knows of a patient besides goes with the patient.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app import compose
from app.domain.cohort import Cohort
from app.domain.export import ExportRequest, Format, Include
from app.domain.run import RunRecord
from app.services import erasing
from app.services.traces import Subject
from app.store import cohorts as cohort_store
from app.store.audits import REPORT_FILE
from app.store.folders import read_json, write_json
from app.store.project import Project
from app.worker.audit import audit
from app.worker.channel import RecordingChannel
from app.worker.export import export
from app.worker.export_inspect import NONE_FOUND, Inspector
from tests.helpers.projects import Ground

HIDDEN = 6


@pytest.fixture
def partly(ground: Ground, ground_project: Project) -> Cohort:
    """The run learnt the first training images, two of which its pictures copy, without their labels."""
    kept = ground_project.runs / "run-1"
    learnt = [
        number for number, item in enumerate(ground.cohort.items) if (item.split, item.label) == ("train", "clear")
    ]
    hidden = set(learnt[:HIDDEN])
    items = tuple(replace(item, label="") if n in hidden else item for n, item in enumerate(ground.cohort.items))
    cohort = replace(ground.cohort, items=items)
    write_json(kept / "cohort.json", cohort_store.to_json(cohort))
    write_json(kept / "run.json", replace(RunRecord.from_json(read_json(kept / "run.json")), prepared="").to_json())
    cohort_store.Cohorts(ground_project).save(cohort)
    return cohort


def test_copies_of_them_are_found_and_they_are_in_no_class(
    ground: Ground, ground_project: Project, partly: Cohort
) -> None:
    record = audit(ground_project, ground.samples, RecordingChannel(), audit_id="audit-2")
    assert record.suspected_copies == (0, 1)
    nearest = {number: index for number, index, _ in record.nearest}
    assert {partly.items[nearest[number]].label for number in (0, 1)} == {""}
    page = (ground_project.audits / record.id / REPORT_FILE).read_text()
    counts = partly.counts()["clear"]
    assert f'<td>clear</td><td class="number">{counts["train"]}</td>' in page.replace("\n", "")


def test_none_of_them_leaves(
    ground: Ground, ground_project: Project, partly: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Inspector, "text_of", lambda _self, _pixels, _known, _regions: (NONE_FOUND, None))
    request = ExportRequest(
        str(tmp_path / "out"), ground.samples, "trial", (Format.PNG,), (Include.SYNTHETIC, Include.REAL)
    )
    services = compose.open_project(ground.root)
    plan = services.exports.plan(request)
    services.close(0)
    result = export(ground_project, request, RecordingChannel())
    every = {name: sum(splits.values()) for name, splits in partly.counts().items()}
    train = {name: splits["train"] for name, splits in partly.counts().items()}
    assert plan.real_per_class == result["real_per_class"] == every
    assert sum(train.values()) == sum(item.split == "train" for item in partly.items) - HIDDEN
    folders = {
        path.name: len(list(path.glob("*.png")))
        for path in (tmp_path / "out" / "real" / "png" / "train").iterdir()
        if path.is_dir()
    }
    assert folders == train


def test_what_is_known_of_a_deleted_patient_is_forgotten(ground: Ground, ground_project: Project) -> None:
    kept = ground_project.runs / "run-1" / "cohort.json"
    items = tuple(replace(item, attributes={"Age": 61.0}) for item in ground.cohort.items)
    write_json(kept, cohort_store.to_json(replace(ground.cohort, items=items)))
    gone = items[0].patient
    erasing.from_runs(ground_project, Subject(gone, "deleted-1", frozenset(), ()))
    after = cohort_store.from_json(read_json(kept)).items
    assert {item.patient: dict(item.attributes) for item in after if item.deleted} == {"deleted-1": {}}
    assert all(item.attributes == {"Age": 61.0} for item in after if not item.deleted)
