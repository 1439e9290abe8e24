"""``understudy train --from`` as a person types it: what is taken over is told and kept; what is hostile is refused."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from app.compose import Services
from app.domain.cohort import Cohort
from app.domain.errors import Refused
from app.domain.recipe import Recipe
from app.jobs.messages import Metric, Notice
from app.services.history import RunInfo
from app.worker.channel import RecordingChannel
from models.config import TrainingPlan
from models.training import checkpoint
from tests.families.test_bundle import INFERENCE, WEIGHTS, change, write_bundle, zipped
from tests.helpers.command import understudy
from tests.helpers.hostile import Payload
from tests.helpers.in_process import do


@pytest.fixture
def run(trained: Services) -> RunInfo:
    (info,) = trained.training.runs()
    return info


def trained_from(
    services: Services, source: Path | None, cohort: Cohort | None = None, **options: Any
) -> RecordingChannel:
    channel = RecordingChannel()
    chosen = {"family": "auto", "steps": 2, "device": "cpu", **options}
    job = services.training.start(cohort or services.cohorts.load("shapes"), from_checkpoint=source, **chosen)
    do(job.spec, channel)
    return channel


def said(channel: RecordingChannel) -> dict[str, Any]:
    return next(dict(m.facts) for m in channel.messages if isinstance(m, Notice) and m.code == "started-from")


def losses(channel: RecordingChannel) -> list[float]:
    return [m.values["loss"] for m in channel.messages if isinstance(m, Metric) and "loss" in m.values]


def relabelled(services: Services) -> Cohort:
    """Another cohort: the squares are called bars, and stand first."""
    cohort = services.cohorts.load("shapes")
    items = tuple(replace(item, label="bar" if item.label == "square" else item.label) for item in cohort.items)
    return replace(cohort, name="other", items=items)


def test_the_family_and_the_network_follow_the_checkpoint(trained: Services, run: RunInfo) -> None:
    channel = trained_from(trained, run.checkpoint)
    assert said(channel) == {"name": "step-000020.json", "share": "100%", "detail": "nothing else differs"}
    newest = trained.training.runs()[0]
    assert (newest.record.family, newest.record.start["kind"], newest.record.start["share"]) == (
        "vae",
        "checkpoint",
        1.0,
    )
    assert newest.record.start["sha256"] == checkpoint.read(run.checkpoint).sha256
    plans = [TrainingPlan.from_json(checkpoint.read(info.checkpoint).plan) for info in (newest, run)]
    assert plans[0].family == plans[1].family
    fresh = trained_from(trained, None, family="vae")
    assert losses(channel)[0] < losses(fresh)[0] - 0.2
    resumed = RecordingChannel()
    do(trained.training.resume(newest.record.id, steps=1).spec, resumed)
    assert trained.training.run(newest.record.id).record.start == newest.record.start


def test_other_classes_are_told_and_recorded(trained: Services, run: RunInfo) -> None:
    channel = trained_from(trained, run.checkpoint, relabelled(trained))
    assert said(channel)["detail"] == "new: bar; left behind: square"
    start = trained.training.runs()[0].record.start
    assert (start["new"], start["kept"], start["lost"]) == (["bar"], ["disc", "ring"], ["square"])


def test_a_size_that_the_network_cannot_draw_is_refused(trained: Services, run: RunInfo) -> None:
    large = trained.cohorts.make("large", Recipe(size=48))
    with pytest.raises(Refused, match="fit pictures of 32 pixels only, not of 48"):
        trained_from(trained, run.checkpoint, large)
    with pytest.raises(Refused, match="of the family vae, and diffusion was asked for"):
        trained_from(trained, run.checkpoint, family="diffusion")


def test_a_bundle_begins_a_diffusion_model(trained: Services, tmp_path: Path) -> None:
    path = zipped(write_bundle(tmp_path / "bundle", in_channels=4, out_channels=4))
    channel = trained_from(trained, path)
    assert said(channel)["name"] == "bundle.zip"
    assert said(channel)["detail"] == "classes and noise levels are learnt anew"
    record = trained.training.runs()[0].record
    assert (record.family, record.start["kind"]) == ("diffusion", "bundle")
    assert len(losses(channel)) == 2


@pytest.fixture(scope="module")
def ground(trained_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project for the command line; refused trainings change nothing that another test looks at."""
    return Path(shutil.copytree(trained_template, tmp_path_factory.mktemp("hostile") / "project"))


def copied(ground: Path, folder: Path) -> Path:
    (path,) = ground.glob("runs/*/checkpoints/step-000020.json")
    for suffix in (".json", ".safetensors"):
        shutil.copy(path.with_suffix(suffix), folder)
    return folder / path.name


def honest(path: Path, content: bytes) -> None:
    """Other weights, with a description whose checksum is theirs."""
    path.with_suffix(".safetensors").write_bytes(content)
    document = json.loads(path.read_text())
    document["sha256"] = checkpoint.hashlib.sha256(content).hexdigest()
    path.write_text(json.dumps(document))


def pickled(ground: Path, folder: Path) -> Path:
    path = copied(ground, folder)
    buffer = io.BytesIO()
    torch.save({"network/a": Payload(folder / "it ran")}, buffer)
    honest(path, buffer.getvalue())
    return path


def cut(ground: Path, folder: Path) -> Path:
    path = copied(ground, folder)
    honest(path, path.with_suffix(".safetensors").read_bytes()[:-1000])
    return path


def huge(ground: Path, folder: Path) -> Path:
    path = copied(ground, folder)
    honest(path, (2**40).to_bytes(8, "little") + b"{}")
    return path


def swapped(ground: Path, folder: Path) -> Path:
    path = copied(ground, folder)
    path.with_suffix(".safetensors").write_bytes(b"other weights")
    return path


def lone_weights(ground: Path, folder: Path) -> Path:
    path = copied(ground, folder)
    path.unlink()
    return path.with_suffix(".safetensors")


def rewritten(**changes: Any) -> Callable[[Path, Path], Path]:
    def make(ground: Path, folder: Path) -> Path:
        path = copied(ground, folder)
        document = json.loads(path.read_text())
        document["plan"]["family"] |= changes
        path.write_text(json.dumps(document))
        return path

    return make


def no_numbers(ground: Path, folder: Path) -> Path:
    path = copied(ground, folder)
    tensors = checkpoint.tensors(path, "")
    for name, value in tensors.items():
        if name.startswith("average/"):
            value.fill_(torch.nan)
    return checkpoint.write(folder, checkpoint.read(path), tensors)


def code_in_settings(ground: Path, folder: Path) -> Path:
    made = write_bundle(folder / "bundle")
    change(made, in_channels=f"$__import__('pathlib').Path('{folder}/it ran').touch()")
    return made


def code_as_target(ground: Path, folder: Path) -> Path:
    made = write_bundle(folder / "bundle")
    (made / INFERENCE).write_text(json.dumps({"go": {"_target_": "pathlib.Path.touch", "self": f"{folder}/it ran"}}))
    return made


def pickle_in_bundle(ground: Path, folder: Path) -> Path:
    made = write_bundle(folder / "bundle")
    (made / WEIGHTS).unlink()
    torch.save({"a": Payload(folder / "it ran")}, made / "models/model.pt")
    return zipped(made)


def outside(ground: Path, folder: Path) -> Path:
    return zipped(write_bundle(folder / "bundle"), extra={"../../it ran": b"x"})


def bomb(ground: Path, folder: Path) -> Path:
    made = write_bundle(folder / "bundle")
    (made / WEIGHTS).unlink()
    path = zipped(made)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open(WEIGHTS, "w") as entry:
        for _ in range(80):
            entry.write(bytes(1 << 20))
    return path


HOSTILE: dict[Callable[[Path, Path], Path], str] = {
    pickled: "cannot be read",
    cut: "cannot be read",
    huge: "cannot be read",
    swapped: "damaged or was replaced",
    lone_weights: "its description step-000020.json does not lie beside it",
    rewritten(family="diffusion", options={}): "do not fit its description",
    rewritten(classes=["disc", "ring"]): "do not fit its description",
    rewritten(options={"channels": [2**20] * 3}): "makes no network of this program",
    no_numbers: "not numbers",
    code_in_settings: "holds program code",
    code_as_target: "never built",
    pickle_in_bundle: "would run a program",
    outside: "points outside of it",
    bomb: "far more than it holds",
}


TYPED = (pickled, cut, huge, no_numbers, code_in_settings, pickle_in_bundle, outside)
"""Tried as a person would; the others in this process, to save the time of a worker."""


@pytest.mark.parametrize("make", TYPED)
def test_a_hostile_start_is_refused_with_one_sentence(
    make: Callable[[Path, Path], Path], ground: Path, tmp_path: Path
) -> None:
    path = make(ground, tmp_path)
    answer = understudy("train", ground, "--cohort", "shapes", "--steps", "1", "--device", "cpu", "--from", path)
    sentence = answer.refused("bad-start", str(path), HOSTILE[make])
    assert answer.status == 3
    assert sentence.startswith("Training cannot start from ")
    assert sentence.endswith("Choose another checkpoint or bundle, or leave it out.")
    above = (tmp_path.parent, tmp_path.parent.parent)  # other tests, which do let one run, have folders of their own
    assert not [*tmp_path.rglob("it ran"), *(found for folder in above for found in folder.glob("it ran"))]


@pytest.mark.parametrize("make", [make for make in HOSTILE if make not in TYPED])
def test_other_hostile_starts_are_refused_before_anything_is_prepared(
    make: Callable[[Path, Path], Path], trained: Services, tmp_path: Path
) -> None:
    (tmp_path / "from").mkdir()
    path = make(trained.project.root, tmp_path / "from")
    channel = RecordingChannel()
    job = trained.training.start(trained.cohorts.load("shapes"), steps=1, device="cpu", from_checkpoint=path)
    with pytest.raises(Refused, match=f"Training cannot start from .*{HOSTILE[make]}"):
        do(job.spec, channel)
    assert channel.messages == []
    assert not list(tmp_path.rglob("it ran"))
