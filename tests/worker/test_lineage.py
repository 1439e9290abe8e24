"""What a run may remember: also the images of the runs whose weights it began with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from app.compose import Services
from app.domain.cohort import DELETED
from app.domain.errors import Refused
from app.domain.export import ExportRequest
from app.services.history import RunInfo
from app.services.traces import Subject, learnt_from
from app.worker.ancestry import Ancestry
from app.worker.channel import RecordingChannel
from models.data.prepared import PreparedImages
from tests.helpers.in_process import do


@pytest.fixture
def parent(trained: Services) -> RunInfo:
    (info,) = trained.training.runs()
    return info


def begun_from(services: Services, path: Path) -> RunInfo:
    """A run of one step that began with ``path``."""
    job = services.training.start(services.cohorts.load("shapes"), steps=1, device="cpu", from_checkpoint=path)
    do(job.spec)
    return services.training.run(job.id)


def change_items(folder: Path, **changes: str) -> None:
    """All items of what a run learnt, changed."""
    document = json.loads((folder / "cohort.json").read_text())
    document["items"] = [item | changes for item in document["items"]]
    (folder / "cohort.json").write_text(json.dumps(document))


def test_pictures_of_the_run_behind_are_copies_too(trained: Services, parent: RunInfo) -> None:
    child = begun_from(trained, parent.folder / "checkpoints")
    grandchild = begun_from(trained, child.folder / "checkpoints")
    data = PreparedImages.open(trained.project.root / parent.record.prepared)
    known = data.images(data.subset("train"))[:4]
    noise = np.random.default_rng(0).uniform(-1, 1, known.shape).astype(np.float32)
    for folder in (child.folder, grandchild.folder):
        ancestry = Ancestry(trained.project, folder, RecordingChannel())
        assert ancestry.is_whole
        assert ancestry.suspects(known).all()
        assert not ancestry.suspects(noise).any()
    larger = known.repeat(2, axis=2).repeat(2, axis=3)
    assert ancestry.suspects(larger).all(), "at another size as well"
    assert not Ancestry(trained.project, parent.folder, RecordingChannel()).suspects(known).any(), (
        "that is its own check"
    )


def test_a_patient_deleted_from_the_run_behind_ends_what_came_after(trained: Services, parent: RunInfo) -> None:
    child = begun_from(trained, parent.folder / "checkpoints")
    patient = "somebody"
    change_items(parent.folder, patient=patient)
    who = Subject(patient, "", frozenset(), ())
    assert {one.run for one in learnt_from(trained.project, who)} == {parent.record.id, child.record.id}
    change_items(parent.folder, patient=f"{DELETED}1")
    assert trained.patients.learnt_from_deleted(child.record.id) == 1
    with pytest.raises(Refused, match="deleted"):
        do(trained.generation.start(child.record.id, per_class=1).spec)
    with pytest.raises(Refused, match="deleted"):
        trained.training.start(trained.cohorts.load("shapes"), steps=1, from_checkpoint=child.folder / "checkpoints")


def test_what_weights_from_elsewhere_remember_is_unknown_and_does_not_leave(
    trained: Services, parent: RunInfo, tmp_path: Path
) -> None:
    shutil.copytree(parent.folder / "checkpoints", tmp_path / "elsewhere")
    child = begun_from(trained, tmp_path / "elsewhere")
    assert not Ancestry(trained.project, child.folder, RecordingChannel()).is_whole
    samples = do(trained.generation.start(child.record.id, per_class=4).spec)["samples"]
    audit = do(trained.audits.start(samples).spec)
    (copies,) = (verdict for verdict in audit["verdicts"] if verdict["metric"] == "copies")
    assert copies["level"] == "unknown"
    assert "weights from elsewhere" in copies["sentence"]
    with pytest.raises(Refused, match="could not be checked"):
        do(trained.exports.start(ExportRequest(str(tmp_path / "out"), samples, "shapes")).spec)
    assert not (tmp_path / "out").exists()
