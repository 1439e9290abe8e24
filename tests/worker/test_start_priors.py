"""Earlier runs of the same project, offered as a start."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from app.compose import Services
from app.domain import families
from app.domain.cohort import DELETED
from app.domain.errors import Refused
from app.jobs.messages import Notice
from app.services.history import RunInfo
from app.worker.channel import RecordingChannel
from models.config import preset
from models.start.matching import carried_over
from models.start.skeleton import skeleton
from tests.helpers.in_process import do


@pytest.fixture
def run(trained: Services) -> RunInfo:
    (info,) = trained.training.runs()
    return info


def copied(run: RunInfo, name: str, **family: object) -> Path:
    """The same run once more, under another id, with another network in its description."""
    folder = run.folder.with_name(name)
    shutil.copytree(run.folder, folder)
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "id": name}))
    for path in folder.glob("checkpoints/*.json"):
        document = json.loads(path.read_text())
        document["plan"]["family"] |= family
        path.write_text(json.dumps(document))
    return folder


def forget(folder: Path) -> None:
    """A patient whose images the run learnt from was deleted."""
    document = json.loads((folder / "cohort.json").read_text())
    document["items"][0]["patient"] = f"{DELETED}1"
    (folder / "cohort.json").write_text(json.dumps(document))


def test_a_run_is_offered_with_what_a_person_chooses_by(trained: Services, run: RunInfo) -> None:
    (prior,) = trained.training.priors("vae", 32, 1)
    assert (prior.run, prior.cohort, prior.family) == (run.record.id, "shapes", "vae")
    assert (prior.size, prior.classes, prior.steps) == (32, ("disc", "ring", "square"), 20)
    assert trained.training.priors("auto", 32) == [prior]
    assert prior.traceable
    channel = RecordingChannel()
    job = trained.training.start(trained.cohorts.load("shapes"), steps=1, device="cpu", from_checkpoint=prior.path)
    do(job.spec, channel)
    assert "started-from" in [m.code for m in channel.messages if isinstance(m, Notice)]
    assert trained.training.run(job.id).record.start["run"] == prior.run


def test_others_are_not_offered(trained: Services, run: RunInfo) -> None:
    assert trained.training.priors("diffusion", 32, 1) == []
    assert trained.training.priors("vae", 32, 3) == []
    assert run.checkpoint is not None
    run.checkpoint.write_text("{}")
    assert trained.training.priors("vae", 32, 1) == []


def test_the_same_size_comes_first(trained: Services, run: RunInfo) -> None:
    for size in (32, 64):
        copied(run, f"run-{size}", family="diffusion", size=size)
    assert [prior.size for prior in trained.training.priors("diffusion", 32, 1)] == [32, 64]
    assert [prior.size for prior in trained.training.priors("diffusion", 64, 1)] == [64, 32]


def test_a_size_that_the_weights_do_not_fit_is_not_offered(trained: Services, run: RunInfo) -> None:
    assert trained.training.priors("vae", 64, 1) == []


@pytest.mark.parametrize("family", [name for name in families.NAMES if name != families.AUTO])
def test_the_table_says_which_weights_fit_every_size(family: str) -> None:
    small, large = (
        preset(family, size=size, channels=1, classes=("a", "b"), attributes=(), images=300, device="cpu",
               statistics=(0.0, 0.5))
        for size in (32, 64)
    )  # fmt: skip
    known = skeleton(small).state_dict()
    weights = {name: torch.zeros(value.shape, dtype=value.dtype) for name, value in known.items()}
    try:
        carried_over(weights, small, replace(large, options=small.options))
        fits = True
    except ValueError:
        fits = False
    assert fits == families.choice(family).any_size


def test_a_past_that_nobody_here_knows_is_told(trained: Services, run: RunInfo) -> None:
    record = json.loads((run.folder / "run.json").read_text())
    (run.folder / "run.json").write_text(json.dumps({**record, "start": {"name": "bundle.zip", "kind": "bundle"}}))
    (prior,) = trained.training.priors("vae", 32, 1)
    assert not prior.traceable


def test_a_training_that_saved_nothing_starts_again_with_what_it_began_with(trained: Services, run: RunInfo) -> None:
    (prior,) = trained.training.priors("vae", 32, 1)
    cohort = trained.cohorts.load("shapes")
    job = trained.training.start(cohort, steps=1, device="cpu", from_checkpoint=prior.path)
    again = trained.training.resume(job.id)
    assert again.spec.params["from_checkpoint"] == str(prior.path)
    channel = RecordingChannel()
    do(again.spec, channel)
    assert "started-from" in [m.code for m in channel.messages if isinstance(m, Notice)]
    other = trained.training.start(cohort, steps=1, device="cpu", from_checkpoint=prior.path)
    forget(run.folder)
    with pytest.raises(Refused, match="learnt from a patient who has been deleted"):
        trained.training.resume(other.id)


def test_what_a_deleted_patient_taught_is_no_start(trained: Services, run: RunInfo) -> None:
    forget(run.folder)
    assert trained.training.priors("vae", 32, 1) == []
    for path in (run.folder, run.folder / "checkpoints", run.checkpoint):
        with pytest.raises(Refused, match="learnt from a patient who has been deleted"):
            trained.training.start(trained.cohorts.load("shapes"), steps=1, from_checkpoint=path)
