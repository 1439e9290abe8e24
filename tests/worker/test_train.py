"""Training, carried out in this process: what it leaves, and what it goes on from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.compose import Services
from app.domain.errors import BadUsage, Refused, Stopped
from app.domain.recipe import Recipe
from app.domain.run import RunState
from app.jobs.messages import CheckpointNow, CheckpointSaved, Message, Metric, Notice, PreviewNow, PreviewReady, Stop
from app.services.history import RunInfo
from app.worker.channel import RecordingChannel
from tests.helpers.in_process import do


@pytest.fixture
def run(trained: Services) -> RunInfo:
    """The run that the project comes with: 20 steps of a VAE."""
    (info,) = trained.training.runs()
    return info


def losses(messages: list[Message]) -> dict[int, float]:
    return {m.step: m.values["loss"] for m in messages if isinstance(m, Metric) and "loss" in m.values}


def test_a_short_training_leaves_all_that_is_needed_later(trained: Services, run: RunInfo) -> None:
    assert (run.state, run.last_step) == (RunState.DONE, 20)
    assert run.checkpoint is not None
    assert run.checkpoint.name == "step-000020.json"
    assert run.record.classes == ("disc", "ring", "square")
    assert (trained.project.root / run.record.prepared / "prepared.json").exists()
    assert {"understudy", "torch", "monai", "numpy", "python", "prepared_sha256"} <= set(run.record.versions)
    heard = trained.training.history(run.record.id)
    assert list(losses(heard)) == list(range(1, 21))
    assert [m.step for m in heard if isinstance(m, CheckpointSaved)][-1] == 20


def test_previews_are_sheets_of_one_row_a_class(trained: Services, run: RunInfo) -> None:
    heard = trained.training.history(run.record.id)
    preview = next(m for m in heard if isinstance(m, PreviewReady))
    sheet = np.asarray(Image.open(trained.project.root / preview.path))
    assert sheet.shape == (3 * 100 + 4, 4 * 100 + 4)
    assert sheet[4:100, 4:100].std() > 1


def test_nothing_in_the_history_names_a_source(trained: Services, run: RunInfo, pictures: Path) -> None:
    assert str(pictures) not in (run.folder / "events.jsonl").read_text()


def test_the_worker_chooses_a_family_and_says_why(trained: Services) -> None:
    job = trained.training.start(trained.cohorts.load("shapes"), budget_s=1)
    do(job.spec)
    record = trained.training.run(job.id).record
    assert record.family == "vae"
    assert "short a time" in record.reason
    assert record.device != "auto"


def test_requests_are_served_between_steps(trained: Services) -> None:
    asked: dict[int, Message] = {3: PreviewNow(), 5: CheckpointNow(), 7: Stop()}

    def ask(message: Message) -> None:
        if isinstance(message, Metric) and "loss" in message.values and message.step in asked:
            channel.ask(asked.pop(message.step))

    channel = RecordingChannel(ask)
    job = trained.training.start(trained.cohorts.load("shapes"), family="vae", steps=100_000, device="cpu")
    with pytest.raises(Stopped) as stop:
        do(job.spec, channel)
    assert stop.value.facts["step"] == 7
    previews = {m.step for m in channel.messages if isinstance(m, PreviewReady)}
    saved = {m.step for m in channel.messages if isinstance(m, CheckpointSaved)}
    assert {3, 7} <= previews, "a clock asks for some as well, on a busy machine"
    assert {5, 7} <= saved
    info = trained.training.run(job.id)
    assert (info.state, info.last_step) == (RunState.STOPPED, 7)


def test_more_steps_go_on_where_the_run_ended(trained: Services, run: RunInfo) -> None:
    with pytest.raises(Refused, match="used all its budget"):
        trained.training.resume(run.record.id)
    channel = RecordingChannel()
    result = do(trained.training.resume(run.record.id, steps=3).spec, channel)
    assert list(losses(channel.messages)) == [21, 22, 23]
    assert result["step"] == 23
    assert trained.training.run(run.record.id).record.steps == 23


def test_a_damaged_checkpoint_is_passed_over(trained: Services, run: RunInfo) -> None:
    assert run.checkpoint is not None
    newer = run.checkpoint.with_name("step-000030.json")
    newer.write_text(run.checkpoint.read_text())
    newer.with_suffix(".safetensors").write_bytes(run.checkpoint.with_suffix(".safetensors").read_bytes()[:-100])
    channel = RecordingChannel()
    do(trained.training.resume(run.record.id, steps=2).spec, channel)
    assert next(m.code for m in channel.messages if isinstance(m, Notice)) == "checkpoint-damaged"
    assert list(losses(channel.messages)) == [21, 22]


def test_a_new_run_from_the_weights_of_another(trained: Services, run: RunInfo) -> None:
    options = {"family": "vae", "steps": 2, "device": "cpu", "from_checkpoint": run.checkpoint}
    channel = RecordingChannel()
    do(trained.training.start(trained.cohorts.load("shapes"), **options).spec, channel)  # type: ignore[arg-type]
    first = losses(trained.training.history(run.record.id))
    assert list(losses(channel.messages)) == [1, 2]
    assert losses(channel.messages)[1] < first[1] - 0.5 * (first[1] - first[20])
    other = trained.cohorts.make("other", Recipe(size=48))
    with pytest.raises(Refused, match="fit pictures of 32 pixels only"):
        do(trained.training.start(other, **options).spec)  # type: ignore[arg-type]


def test_a_prepared_cache_that_was_emptied_is_made_again(trained: Services, run: RunInfo) -> None:
    (trained.project.root / run.record.prepared / "prepared.json").unlink()
    channel = RecordingChannel()
    do(trained.training.resume(run.record.id, steps=1).spec, channel)
    assert list(losses(channel.messages)) == [21]
    assert "prepared-changed" not in [m.code for m in channel.messages if isinstance(m, Notice)]


def test_what_cannot_be_trained_is_refused(trained: Services) -> None:
    cohort = trained.cohorts.load("shapes")
    odd = trained.cohorts.make("odd", Recipe(size=40))
    with pytest.raises(Refused, match="multiple of 16"):
        do(trained.training.start(odd, steps=1, device="cpu").spec)
    with pytest.raises(Refused, match="no device cuda:7"):
        do(trained.training.start(cohort, steps=1, device="cuda:7").spec)
    for wrong in ({"steps": 5, "budget_s": 5.0}, {"steps": 0}, {"budget_s": -1.0}):
        with pytest.raises(BadUsage, match="above zero"):
            trained.training.start(cohort, **wrong)  # type: ignore[arg-type]
    with pytest.raises(BadUsage, match="no run"):
        trained.training.run("../project")
    few = trained.cohorts.draft("few", Recipe(size=32), split="10/45/45")
    with pytest.raises(Refused, match=r"has \d training image"):
        trained.training.start(few, steps=5)
